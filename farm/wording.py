"""Counts and lists in the sentences that people read: error messages, notes and reports."""

from collections.abc import Iterable, Mapping, Sequence


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """ "1 annotator", "16 annotators", "1,200 labels".

    Args:
        number: how many there are.
        noun: in the singular.
        plural: where an s is not enough.
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def listed(names: Iterable[str], most: int = 8) -> str:
    """ "a, b and 3 more": the first `most` names, and how many there are beyond."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def shape_of(value: object) -> str:
    """What a wrong value is, for messages in which it must not stand itself, because it may be a secret.

    >>> shape_of("sk-123"), shape_of([1, 2]), shape_of(None), shape_of(1.5)
    ('a text of 6 characters', 'a list of 2', 'nothing', 'a float')
    """
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f"a text of {counted(len(value), 'character')}"
    if isinstance(value, Mapping):
        return f"a mapping of {len(value)}"
    return f"a list of {len(value)}" if isinstance(value, Sequence) else f"a {type(value).__name__}"
