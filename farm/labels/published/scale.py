"""Whether a column of published standings holds win rates, and whether as fractions or in percent.

Percent signs say it. Without them a value above 1 says percent, unless most values are at most 1: then it is as likely
that a few are mistaken, and nobody can say which.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from farm.data.files.rows import DataError, Row
from farm.labels.published.errors import plain_name, table_number
from farm.wording import listed


class Scale(NamedTuple):
    """What the figures of a column are."""

    is_win_rate: bool
    divisor: float
    """What brings them to the scale of the laboratory: 100 for percent."""
    notes: tuple[str, ...]
    """What is to be said about it."""


def scale_of(path: Path, rows: Sequence[Row], column: str) -> Scale:
    """The scale of a column of figures.

    Args:
        path: the file.
        rows: those with a figure.
        column: which figures; a name with win rate in it is one of win rates.

    Raises:
        DataError: a cell is no number, no win rate can be so large or small, or fractions and percent are mixed.
    """
    if not any(word in plain_name(column) for word in ("win_rate", "winrate")):
        return Scale(is_win_rate=False, divisor=1.0, notes=())
    values = [table_number(path, row, column) for row in rows]
    if min(values) < 0 or max(values) > 100:
        raise DataError(
            f"{path}: {column}: expected win rates as fractions or percent, found {min(values):g} to {max(values):g}; "
            "give a score that is no win rate under another column name"
        )
    has_sign = [str(row[column]).endswith("%") for row in rows]
    if all(has_sign):
        return Scale(is_win_rate=True, divisor=100.0, notes=())
    above = [value for value in values if value > 1]
    if not above and not any(has_sign):
        return Scale(is_win_rate=True, divisor=1.0, notes=())
    n_small = sum(0 < value <= 1 and not signed for value, signed in zip(values, has_sign, strict=True))
    n_percent = len(above) + sum(value <= 1 and signed for value, signed in zip(values, has_sign, strict=True))
    if n_small > n_percent:
        odd = sorted(
            {str(row[column]) for row, value, signed in zip(rows, values, has_sign, strict=True) if value > 1 or signed}
        )
        raise DataError(
            f"{path}: {column}: {n_small} of {len(values)} win rates are at most 1, as fractions are, but not "
            f"{listed(odd)}; write all of them as fractions, or each with a percent sign"
        )
    reason = f"{max(above):g} is above 1" if above else f"{n_percent} of {len(values)} have a percent sign"
    note = f"{column} is read as percent, as {reason}"
    return Scale(is_win_rate=True, divisor=100.0, notes=(note,))
