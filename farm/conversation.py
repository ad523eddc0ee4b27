"""Messages and conversations: what a policy is asked, as chat, and how it is written as text.

A single-turn instruction is a conversation of one message. Chat templates get the messages themselves
(farm/models/prompts.py); prompts and judges that know only one text of the user get the `transcript`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, cast

from farm.bounded.json_text import read_json

Role = Literal["system", "user", "assistant", "tool"]
SPEAKERS: dict[Role, str] = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}
"""What a transcript calls them."""


class Message(NamedTuple):
    """One turn of a conversation."""

    role: Role
    content: str


Messages = tuple[Message, ...]


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """What was said so far, in order."""

    messages: Messages

    def chat(self) -> list[dict[str, str]]:
        """The messages as chat templates and OpenAI-compatible endpoints take them."""
        return [{"role": message.role, "content": message.content} for message in self.messages]

    @property
    def transcript(self) -> str:
        """The conversation as one text: a message of the user as it is, several with their speakers in front.

        `System: ...`, `User: ...`, `Assistant: ...` and `Tool: ...`, a blank line between two of them. It can be read
        and is not taken apart again: a message may hold such a mark.
        """
        if len(self.messages) == 1 and self.messages[0].role == "user":
            return self.messages[0].content
        return "\n\n".join(f"{SPEAKERS[message.role]}: {message.content}" for message in self.messages)


class Asked(Protocol):
    """What every record about an instruction has: the user's last message, and what was said before it."""

    @property
    def instruction(self) -> str: ...
    @property
    def input(self) -> str: ...
    @property
    def history(self) -> Messages: ...


def conversation_of(asked: Asked, input_separator: str = "\n\n") -> Conversation:
    """History and instruction as chat.

    Args:
        asked: any record about an instruction.
        input_separator: text between instruction and input within the user's last message.
    """
    text = asked.instruction + input_separator + asked.input if asked.input else asked.instruction
    return _said(asked.history, text)


def instruction_text(asked: Asked) -> str:
    """The instruction without its input as one text: as it is, or after a history the whole transcript."""
    return _said(asked.history, asked.instruction).transcript if asked.history else asked.instruction


def messages_as_text(messages: Sequence[Message]) -> str:
    """JSON, the same for equal messages; empty for none. Keys and tables hold messages so."""
    return json.dumps([message._asdict() for message in messages], ensure_ascii=False) if messages else ""


def messages_of_text(text: str) -> Messages:
    """What `messages_as_text` wrote.

    Raises:
        ValueError: it did not.
    """
    try:
        return tuple(Message(**message) for message in cast(list[dict[str, Any]], read_json(text))) if text else ()
    except TypeError as error:
        raise ValueError(f"expected a JSON list of messages with role and content, got {text!r:.80}") from error


def _said(history: Messages, text: str) -> Conversation:
    """The history and what the user says then; a history that ends with a tool's reply stands for itself.

    Args:
        history: earlier messages, a system message included.
        text: the user's last message; empty for none.
    """
    last: Messages = (Message("user", text),) if text or not history else ()
    return Conversation(messages=(*history, *last))
