"""Cells of data files that hold messages, in every spelling that trainers of this field write.

OpenAI's and Hugging Face's `role` and `content`, ShareGPT's `from` and `value`; a list of messages, one message, or the
JSON text of either; content as text or as a list of parts. Axolotl, LLaMA-Factory, OpenRLHF, TRL, Argilla and
distilabel write these and no others by default.
"""

from collections.abc import Mapping

import numpy as np

from farm.bounded.json_text import read_json
from farm.conversation import Message, Messages, Role
from farm.data.files.cells import Cells

ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("system",), "system"),
    **dict.fromkeys(("user", "human", "prompter"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model", "bing", "bard", "function_call"), "assistant"),
    **dict.fromkeys(("tool", "observation", "function", "ipython"), "tool"),
}
"""What files call the speakers; LLaMA-Factory's `function_call` is the assistant's, its `observation` the reply."""
_SPEAKER, _TEXT = ("role", "from"), ("content", "value")


class LayoutError(ValueError):
    """A row that cannot be read; the message says what was expected and what came."""


def messages_of(value: object) -> Messages | None:
    """The messages of a cell; None if it holds something else, such as the user's text.

    Raises:
        LayoutError: messages with an unknown speaker, or with anything but text.
    """
    plain = _parsed(plain_value(value))
    each = [plain] if isinstance(plain, Mapping) else plain
    if not isinstance(each, list) or not all(_is_message(message) for message in each):
        return None
    return tuple(_message(message) for message in each)


def text_of(content: object) -> str:
    """The text of a message: as it is, or of its parts one after the other, as chat templates print them.

    Raises:
        LayoutError: no text, or a part that is none.
    """
    plain = plain_value(content)
    if isinstance(plain, str):
        return plain
    parts = [plain] if isinstance(plain, Mapping) else plain
    if not isinstance(parts, list):
        raise LayoutError(f"a message's content as text, got {plain!r:.60}")
    return "".join(_part(part) for part in parts)


def plain_value(value: object) -> object:
    """Lists and dictionaries all the way down; tables from Parquet hold arrays."""
    if isinstance(value, np.ndarray | list | tuple):
        return [plain_value(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): plain_value(each) for name, each in value.items()}
    return value


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping) and part.get("type", "text") == "text" and isinstance(part.get("text"), str):
        return str(part["text"])
    kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
    raise LayoutError(f"messages of text only, got a part of the type {kind!r}")


def _parsed(value: object) -> object:
    """What JSON text stands for, where it holds messages: CSV files have no other way to say them.

    Raises:
        LayoutError: messages as Python writes them, which pandas puts into CSV files.
    """
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        parsed = Cells().plain(read_json(value))
    except ValueError:
        start = value.lstrip("[{ \n")
        if start.startswith(("'role':", "'from':", "'content':", "'value':")):
            raise LayoutError(f"messages as JSON, got Python's own notation {value!r:.60}") from None
        return value
    each = [parsed] if isinstance(parsed, Mapping) else parsed
    is_chat = isinstance(each, list) and bool(each) and all(_is_message(message) for message in each)
    return parsed if is_chat else value


def _is_message(value: object) -> bool:
    return isinstance(value, Mapping) and _key(value, _SPEAKER) is not None and _key(value, _TEXT) is not None


def _key(message: Mapping[str, object], names: tuple[str, ...]) -> str | None:
    """A column of Parquet has every name in every message, null where there is none."""
    present = [name for name in names if name in message]
    return next((name for name in present if message[name] is not None), present[0] if present else None)


def _message(value: object) -> Message:
    assert isinstance(value, Mapping)
    speaker = value[_key(value, _SPEAKER)]
    role = ROLES.get(str(speaker).strip().lower())
    if role is None:
        raise LayoutError(f"messages by {', '.join(ROLES)}, got one by {speaker!r:.40}")
    if value.get("tool_calls"):
        raise LayoutError("messages of text only, got one with tool_calls")
    return Message(role, text_of(value[_key(value, _TEXT)]))
