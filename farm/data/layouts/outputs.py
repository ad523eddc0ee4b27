"""Rows with an answer: AlpacaFarm's and AlpacaEval's columns, and what others call them.

The answer of a row of outputs is `output`, `response` or `completion`, or the last message of a conversation
(`messages`, `conversations`), who wrote it `generator` or `model`. Answers may be messages of the assistant.
"""

from collections.abc import Iterable

from pydantic import AliasChoices, Field, model_validator

from farm.conversation import Messages
from farm.data.files.rows import OptionalName, Row
from farm.data.layouts.asked import CHAT_COLUMNS, AskedRow
from farm.data.layouts.messages import LayoutError, messages_of

_OUTPUTS = ("output", "response", "completion")


class OutputRow(AskedRow):
    """An instruction with an output."""

    output: str
    generator: OptionalName = Field(default="", validation_alias=AliasChoices("generator", "model"))

    @model_validator(mode="before")
    @classmethod
    def _with_output(cls, row: Row) -> Row:
        return row_with_output(row)


def row_with_output(row: Row) -> Row:
    """The row with its answer as the text `output`.

    Raises:
        LayoutError: it is messages of which not one is the assistant's answer.
    """
    name = next((name for name in _OUTPUTS if name in row), None)
    if name is not None:
        row = with_texts(row, [name])
        return row if name == "output" else {**row, "output": row[name]}
    for chat in CHAT_COLUMNS:
        messages = messages_of(row[chat]) if row.get(chat) is not None else None
        if messages and len(messages) > 1 and messages[-1].role == "assistant":
            return {**row, chat: [message._asdict() for message in messages[:-1]], "output": messages[-1].content}
    return row


def with_texts(row: Row, names: Iterable[str]) -> Row:
    """The row with the answers in these columns as text, where they are a message of the assistant.

    Raises:
        LayoutError: they are other messages.
    """
    chats = {name: messages_of(row[name]) for name in names if not isinstance(row.get(name), str | None)}
    texts = {name: _only_text(name, messages) for name, messages in chats.items() if messages is not None}
    return {**row, **texts} if texts else row


def _only_text(name: str, messages: Messages) -> str:
    if len(messages) != 1 or messages[0].role != "assistant":
        speakers = " and ".join(message.role for message in messages) or "nobody"
        raise LayoutError(f"`{name}` as one message of the assistant, got messages of {speakers}")
    return messages[0].content
