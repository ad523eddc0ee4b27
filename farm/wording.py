"""Counts and lists in the sentences that people read: error messages, notes and reports."""

from collections.abc import Iterable


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
