"""Votes on two conversations, as MT-Bench and Chatbot Arena (Zheng et al. 2023) write them.

What the formats share: `model_a`, `model_b`, the words for a `winner`, and conversations as lists of messages.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import BeforeValidator

from farm.bounded.json_text import read_json
from farm.data.files.cells import Cells
from farm.data.files.rows import FileRow, Name

WINNERS = {
    "model_a": 1.0,
    "model_b": 2.0,
    "tie": 1.5,
    "tie (bothbad)": 1.5,
    "both_bad": 1.5,
    "bothbad": 1.5,
    "tie (inconsistent)": 1.5,
    "error": None,
}


def _listed(value: object) -> object:
    """Parquet gives arrays, CSV files the JSON text."""
    plain = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(plain, str) and plain.lstrip().startswith("["):
        try:
            return Cells().plain(read_json(plain))
        except ValueError:
            return value
    return plain


Messages = Annotated[list[object] | None, BeforeValidator(_listed)]


def _known_winner(value: object) -> object:
    if isinstance(value, str) and value.strip().lower() not in WINNERS:
        raise ValueError(f"one of {', '.join(WINNERS)}")
    return value.strip().lower() if isinstance(value, str) else value


Winner = Annotated[str, BeforeValidator(_known_winner)]


class Votes(FileRow):
    """What every vote has."""

    model_a: Name
    model_b: Name
    winner: Winner
    conversation_a: Messages = None
    conversation_b: Messages = None


class Dialogue(NamedTuple):
    """A conversation as its two sides."""

    asked: list[str]
    answered: list[str]


def dialogue(messages: Sequence[object] | None) -> Dialogue:
    """The user's and the assistant's messages, in their order."""
    asked: list[str] = []
    answered: list[str] = []
    for message in messages or ():
        if isinstance(message, Mapping):
            side = asked if message.get("role") in ("user", "human") else answered
            side.append(_content(message.get("content")))
    return Dialogue(asked, answered)


def joined_note(n_joined: int, n_rows: int, what: str) -> list[str]:
    """A sentence about rows with several turns, if there are any.

    Args:
        n_joined: rows in which the user spoke several times.
        n_rows: all rows.
        what: rows and what is shown of them.
    """
    return [f"{n_joined} of {n_rows} {what}, joined by blank lines and without roles"] if n_joined else []


def _content(value: object) -> str:
    """A message's text; newer logs hold a list of parts, which chat templates print one after the other."""
    plain = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(plain, list):
        return "".join(str(part["text"]) for part in plain if isinstance(part, Mapping) and part.get("text"))
    return "" if plain is None else str(plain)
