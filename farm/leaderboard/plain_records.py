"""Entries and tracks as JSON objects, and back, with a sentence for what is no entry."""

import typing
from collections.abc import Mapping
from typing import Any

from farm.leaderboard.entries import Entry, TrackNotes

_KINDS: dict[object, tuple[type, ...]] = {
    str: (str,),
    bool: (bool,),
    int | None: (int, type(None)),
    float | None: (int, float, type(None)),
    tuple[str, ...]: (list,),
}
"""What JSON makes of the fields' types."""


def plain(record: Entry | TrackNotes) -> dict[str, object]:
    """The record's fields; tuples as lists."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(record).items()}


def entry_of(value: object) -> Entry:
    """Raises ValueError: a field is missing, unknown, or of another type."""
    return Entry(**_checked(value, Entry))


def notes_of_track(value: object) -> TrackNotes:
    """Raises ValueError: a field is missing, unknown, or of another type."""
    return TrackNotes(**_checked(value, TrackNotes))


def _checked(value: object, record: type[Entry | TrackNotes]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"expected an object with the fields of {record.__name__}, got {type(value).__name__}")
    fields = typing.get_type_hints(record)
    odd = sorted(fields.keys() ^ value.keys())
    if odd:
        raise ValueError(f"{record.__name__}: {odd[0]} is {'missing' if odd[0] in fields else 'no field of it'}")
    return {name: _field(f"{record.__name__}: {name}", value[name], hint) for name, hint in fields.items()}


def _field(name: str, value: object, hint: object) -> object:
    is_flag = isinstance(value, bool) and hint is not bool
    if is_flag or not isinstance(value, _KINDS[hint]):
        raise ValueError(f"{name}: expected {hint}, got {value!r:.80}")
    if isinstance(value, list):
        if not all(isinstance(each, str) for each in value):
            raise ValueError(f"{name}: expected texts, got {value!r:.80}")
        return tuple(value)
    return float(value) if hint == float | None and isinstance(value, int) else value
