"""From what is asked to the string a policy is conditioned on.

A chat template gets the conversation as messages, a system message and earlier turns included. A plain template has one
place for what is asked: an instruction with a history stands there as its transcript (farm/conversation.py). Filling is
one pass over the template, so an instruction that contains `{input}` or any other marker changes nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from transformers import PreTrainedTokenizerBase

from farm.conversation import Asked, Conversation, Messages, conversation_of, instruction_text
from farm.models.chat_templates.renderer import render_chat

_MARKER = re.compile(r"\{(instruction|input)\}")


class Prompt(Protocol):
    """Renders what is asked for one model family."""

    def render(self, tokenizer: PreTrainedTokenizerBase, asked: Asked) -> str:
        """The prompt as text; the completion's tokens follow it directly."""


@dataclass(frozen=True, kw_only=True)
class PromptTemplate:
    """Plain-text templates with the markers {instruction} and {input}, e.g. AlpacaFarm's.

    Of an instruction with a history, {instruction} is the transcript of the conversation up to it.
    """

    key_name: ClassVar[str] = "PromptTemplate"

    without_input: str
    """Template for instructions that have no input."""
    with_input: str
    """Template for instructions with an input."""

    def __post_init__(self) -> None:
        for name, template, markers in (
            ("without_input", self.without_input, {"instruction"}),
            ("with_input", self.with_input, {"instruction", "input"}),
        ):
            used = _MARKER.findall(template)
            if set(used) != markers or len(used) != len(markers):
                raise ValueError(f"prompt template {name}: expected each of {sorted(markers)} once, found {used}")

    def render(self, tokenizer: PreTrainedTokenizerBase, asked: Asked) -> str:  # noqa: ARG002
        values = {"instruction": instruction_text(asked), "input": asked.input}
        template = self.with_input if asked.input else self.without_input
        return _MARKER.sub(lambda match: values[match.group(1)], template)


@dataclass(frozen=True, kw_only=True)
class ChatPrompt:
    """The tokenizer's own chat template: the conversation, then the mark that opens the assistant's turn."""

    key_name: ClassVar[str] = "ChatPrompt"

    system: str
    """System message of conversations that have none of their own; empty for none."""
    input_separator: str
    """Text between instruction and input within the user's turn."""

    def render(self, tokenizer: PreTrainedTokenizerBase, asked: Asked) -> str:
        return self._applied(tokenizer, self._chat(asked), opens_answer=True)

    def render_answered(
        self, tokenizer: PreTrainedTokenizerBase, asked: Asked, answer: Messages, *, is_finished: bool
    ) -> str:
        """The whole conversation as transformers' `apply_chat_template` writes it.

        Args:
            tokenizer: whose chat template is used.
            asked: the conversation up to the answer.
            answer: the assistant's message, or several turns that begin with one.
            is_finished: False if the answer was cut: then nothing follows its text.
        """
        said = Conversation(messages=answer).chat()
        return self._applied(tokenizer, [*self._chat(asked), *said], is_open=not is_finished)

    def _chat(self, asked: Asked) -> list[dict[str, str]]:
        chat = conversation_of(asked, self.input_separator).chat()
        has_system = bool(chat) and chat[0]["role"] == "system"
        return chat if has_system or not self.system else [{"role": "system", "content": self.system}, *chat]

    def _applied(
        self,
        tokenizer: PreTrainedTokenizerBase,
        chat: list[dict[str, str]],
        *,
        opens_answer: bool = False,
        is_open: bool = False,
    ) -> str:
        """Raises ChatTemplateError where there is no template, or where it refuses this conversation."""
        return render_chat(tokenizer, chat, opens_answer=opens_answer, is_open=is_open)


def render_all(
    prompt: Prompt,
    tokenizer: PreTrainedTokenizerBase,
    asked: Sequence[Asked],
    prefix: str = "",
    suffix: str = "",
) -> list[str]:
    """Render what is asked, each between `prefix` and `suffix`.

    Where a chat template writes the beginning token itself, the prefix stands behind it: there is only one, and it
    comes first.
    """
    rendered = [prompt.render(tokenizer, each) for each in asked]
    begin = str(tokenizer.bos_token or "")
    return [
        begin + prefix + text.removeprefix(begin) + suffix
        if begin and text.startswith(begin)
        else prefix + text + suffix
        for text in rendered
    ]
