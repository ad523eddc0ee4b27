"""From an instruction to the string a policy is conditioned on.

Filling is one pass over the template, so an instruction that contains `{input}` or any other marker changes nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from transformers import PreTrainedTokenizerBase

from farm.errors import UnfitError

_MARKER = re.compile(r"\{(instruction|input)\}")


class Prompt(Protocol):
    """Renders instructions for one model family."""

    def render(self, tokenizer: PreTrainedTokenizerBase, instruction: str, input: str) -> str:
        """The prompt as text; the completion's tokens follow it directly."""


@dataclass(frozen=True, kw_only=True)
class PromptTemplate:
    """Plain-text templates with the markers {instruction} and {input}, e.g. AlpacaFarm's."""

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

    def render(self, tokenizer: PreTrainedTokenizerBase, instruction: str, input: str) -> str:  # noqa: ARG002
        values = {"instruction": instruction, "input": input}
        template = self.with_input if input else self.without_input
        return _MARKER.sub(lambda match: values[match.group(1)], template)


@dataclass(frozen=True, kw_only=True)
class ChatPrompt:
    """The tokenizer's own chat template: one user turn, then the mark that opens the assistant's."""

    key_name: ClassVar[str] = "ChatPrompt"

    system: str
    """System message; empty for none."""
    input_separator: str
    """Text between instruction and input within the user's turn."""

    def render(self, tokenizer: PreTrainedTokenizerBase, instruction: str, input: str) -> str:
        if tokenizer.chat_template is None:
            raise UnfitError(
                f"{tokenizer.name_or_path} has no chat template: choose another prompt, e.g. that of model=local"
            )
        user = instruction + self.input_separator + input if input else instruction
        messages = [{"role": "system", "content": self.system}] if self.system else []
        messages.append({"role": "user", "content": user})
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


def render_all(
    prompt: Prompt,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[tuple[str, str]],
    prefix: str = "",
    suffix: str = "",
) -> list[str]:
    """Render (instruction, input) rows, each between `prefix` and `suffix`.

    Where a chat template writes the beginning token itself, the prefix stands behind it: there is only one, and it
    comes first.
    """
    rendered = [prompt.render(tokenizer, instruction, input) for instruction, input in rows]
    begin = str(tokenizer.bos_token or "")
    return [
        begin + prefix + text.removeprefix(begin) + suffix
        if begin and text.startswith(begin)
        else prefix + text + suffix
        for text in rendered
    ]
