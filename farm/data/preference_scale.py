"""The scale of preferences in files: 1 (output_1 is better) to 2 (output_2), and how others are told from it.

A file has one scale. Whether 1 and not 0, True and not False, or a positive number means output_1 is nowhere a rule, so
a file with such preferences is refused: half of all readers would take it the wrong way round.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from farm.data.files.cells import Row
from farm.data.files.table_files import DataError

SCALE = "1 (output_1 better), 2 (output_2), 1.5 or 0 (tie), a number between 1 and 2, or nothing (unparsed)"
_WORDS = {
    **dict.fromkeys(("output_1", "output 1", "output1", "response_1", "model_1", "generator_1", "first"), 1.0),
    **dict.fromkeys(("output_2", "output 2", "output2", "response_2", "model_2", "generator_2", "second"), 2.0),
    **dict.fromkeys(("tie", "draw", "equal", "both", "neither"), 1.5),
}
"""Words that can mean one thing only beside columns output_1 and output_2."""
_TRUTHS = ("true", "false")
_MANY = 0.25
"""Share of the rows off the scale from which on it is another scale, and not a slip in some rows."""
_SHOWN = 40
"""Characters of a value that a message shows."""
_MISSING = ("none", "nan", "null", "na", "n/a", "")


def preference_number(value: object) -> object:
    """A preference as a number: text that holds a number is one, and words such as output_2 and tie are; "" is None.

    Raises:
        ValueError: a boolean, or other words.
    """
    if isinstance(value, bool):
        raise ValueError(SCALE)
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    if word in _MISSING:
        return None
    if word in _WORDS:
        return _WORDS[word]
    try:
        return float(word)
    except ValueError:
        raise ValueError(SCALE) from None


def on_scale(value: float | None) -> float | None:
    """A number from 1 to 2; 0, by which AlpacaFarm and the first AlpacaEval files write a draw, is 1.5.

    Raises:
        ValueError: any other number.
    """
    if value == 0:
        return 1.5
    if value is not None and not 1 <= value <= 2:
        raise ValueError(SCALE)
    return value


class PreferencesSeen:
    """Counts the preferences of a file as they pass, so that another scale is told from all of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._n: Counter[str] = Counter()
        self._not_finite: str | None = None

    def counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows as they come; after the last one, or where the reader stops, `refuse_another_scale` can tell."""
        for row in rows:
            self.add(row.get("preference"))
            yield row

    def add(self, value: object) -> None:
        """Take one more preference into account."""
        word = str(value).strip().lower().removesuffix(".0")
        self._n[word] += 1
        number = _number(word)
        if self._not_finite is None and number is not None and math.isinf(number):
            self._not_finite = f"row {self._n.total()}: preference: {_short(word)} is no finite number"

    def refuse_another_scale(self) -> None:
        """Raise DataError if the values can only be of another scale."""
        said = {value: n for value, n in self._n.items() if value not in _MISSING}
        if said and said.keys() <= set(_TRUTHS):
            counts = " and ".join(f"{n} say {value}" for value, n in sorted(said.items()))
            raise DataError(
                f"{self._path}: preferences are booleans ({counts}), and which output true stands for is not said; "
                f"expected {SCALE}"
            )
        numbers = [number for value in said if (number := _number(value)) is not None]
        if len(numbers) < len(said) or not numbers:
            return
        if self._not_finite is not None:
            raise DataError(f"{self._path}: {self._not_finite}; expected {SCALE}")
        low, high = min(numbers), max(numbers)
        n_off = sum(n for value, n in said.items() if not (float(value) == 0 or 1 <= float(value) <= 2))
        if (high <= 1 and low < 1 and (low, high) != (0, 0)) or n_off >= _MANY * sum(said.values()):
            counts = ", ".join(f"{said[value]} say {_short(value)}" for value in sorted(said, key=float)[:5])
            raise DataError(
                f"{self._path}: preferences lie between {low:g} and {high:g} ({counts}), so this is another scale, and "
                f"which end of it is output_1 is not said; expected {SCALE}"
            )


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}... ({len(value):,} characters)"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
