"""AlpacaEval's prompt templates: text with `{instruction}`, `{output_1}`, `{output_2}`, and ChatML for roles.

Filled in one pass (AlpacaEval replaces one placeholder after the other, so that an instruction which holds a
placeholder swallows an output), and divided into messages before that, so that judged text forges no message. There
are no drawn delimiters: the prompt is the evaluator's own.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from farm.conversation import Message, Role
from farm.wording import shape_of

PLACEHOLDERS = ("instruction", "input", "output_1", "output_2")
_PLACEHOLDER = re.compile("{(" + "|".join(PLACEHOLDERS) + ")}")
_MESSAGE = re.compile(r"<\|im_start\|>(?P<role>[^\n]*)\n(?P<content>.*?)(?:<\|im_end\|>|\Z)", re.DOTALL)
_ROLES: dict[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}


def template_messages(template: str) -> tuple[Message, ...]:
    """The messages of a template, not filled in; text without ChatML is one message of the user.

    Raises:
        ValueError: an unknown role, or text outside of the messages.
    """
    text = template.strip()
    if "<|im_start|>" not in text:
        return (Message("user", text),)
    if outside := _MESSAGE.sub("", text).strip():
        raise ValueError(f"prompt_template: {shape_of(outside)} outside of <|im_start|> and <|im_end|>")
    messages = []
    for match in _MESSAGE.finditer(text):
        # `system name=example_user` marks an example; the chats of today have no names in it.
        role = match.group("role").strip().split(" ")[0]
        if role not in _ROLES:
            raise ValueError(f"prompt_template: a role that is none of {', '.join(_ROLES)}")
        messages.append(Message(_ROLES[role], match.group("content").strip()))
    return tuple(messages)


def check_placeholders(messages: Sequence[Message], n_pairs: int) -> None:
    """Refuse a template whose placeholders do not stand once for each pair.

    Raises:
        ValueError: how often each one occurs.
    """
    found = Counter(match.group(1) for message in messages for match in _PLACEHOLDER.finditer(message.content))
    if not {"output_1", "output_2"} <= found.keys() or set(found.values()) != {n_pairs}:
        raise ValueError(
            f"prompt_template: expected each placeholder {n_pairs} times (batch_size), output_1 and output_2 among "
            f"them; found {dict(found) or 'none'}"
        )


def filled(messages: Sequence[Message], pairs: Sequence[Mapping[str, str]]) -> tuple[Message, ...]:
    """The chat about these pairs: a placeholder's first occurrence belongs to the first pair, and so on."""
    seen: Counter[str] = Counter()

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        seen[name] += 1
        return pairs[seen[name] - 1][name]

    return tuple(Message(message.role, _PLACEHOLDER.sub(value, message.content)) for message in messages)


def has_input(messages: Sequence[Message]) -> bool:
    """Whether the template has a place of its own for the input."""
    return any("{input}" in message.content for message in messages)
