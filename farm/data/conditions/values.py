"""Comparing the cells of a row with each other and with the values of a condition."""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

import numpy as np

from farm.data.files.cells import Cells
from farm.data.files.rows import MISSING, DataError

_COMPARED: Mapping[str, Callable[..., bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class ConditionError(DataError):
    """A condition cannot be read, names no column, or compares what cannot be compared."""


def plain(value: object) -> object:
    """A cell as text, number, truth value, list or nothing."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, date):
        return value.isoformat()
    return Cells().plain(value)


def _number(value: object) -> float | int | Decimal | None:
    """What is a number or reads as one; None otherwise."""
    if isinstance(value, str):
        is_number = re.fullmatch(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*", value)
        return float(value) if is_number else None
    return value if isinstance(value, int | float | Decimal) else None


def equal(left: object, right: object) -> bool:
    if left is None or right is None:
        return (left is None or left == "") and (right is None or right == "")
    if isinstance(left, str) == isinstance(right, str):
        return bool(left == right)
    text, value = (left, right) if isinstance(left, str) else (right, left)
    if isinstance(value, bool):
        return str(text).strip().lower() == str(value).lower()
    number = _number(text)
    return number is not None and bool(number == value)


def contains(whole: object, part: object) -> bool:
    if isinstance(whole, str):
        return isinstance(part, str) and part in whole
    if isinstance(whole, list):
        return any(equal(plain(each), part) for each in whole)
    if whole is None:
        return False
    raise ConditionError(f"`in` looks into a list or a text, got {whole!r}")


def ordered(left: object, sign: str, right: object, *, is_text: bool) -> bool:
    """Whether `one sign other`; two texts are ordered as texts if one of them was written in the condition."""
    if left is None or right is None:
        return False
    compared = _COMPARED[sign]
    numbers = _number(left), _number(right)
    are_texts = isinstance(left, str) and isinstance(right, str)
    if are_texts and (is_text or None in numbers):
        return compared(left, right)
    if None not in numbers:
        return compared(*numbers)
    if any(isinstance(value, str) and value.strip().lower() in MISSING for value in (left, right)):
        return False
    raise ConditionError(f"{left!r} {sign} {right!r}: there is no order between the two")
