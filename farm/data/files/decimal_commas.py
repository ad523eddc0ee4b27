"""Numbers with decimal commas, as spreadsheets write them where semicolons part the cells: `0,5`.

A column is one of numbers if most filled cells of its first rows are. Columns of texts stay as they are, even if every
answer in them is a number.
"""

import csv
import re
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from farm.data.files.cells import Row

_N_LOOKED_AT = 1000
"""Rows in which columns of numbers are told."""
_SIGN, _END = r"\s*(?:\u00b1|\+/?-|[+-])?\s*", r"(?:[eE][+-]?\d+)?\s*%?\s*"
_WITH_COMMA = re.compile(rf"(?P<whole>{_SIGN}\d*),(?P<rest>\d+{_END})")
_NUMBER = re.compile(rf"{_SIGN}(?:\d+(?:[.,]\d*)?|[.,]\d+){_END}")
_GAPS = ("", "-", "--", "?", "nan", "none", "null", "na", "n/a")
_TEXTS = re.compile(
    "(?:instruction|input|prompt|question|query|output|response|answer|completion|chosen|rejected|text|model|generator"
    "|annotator|item_id|name)(?:_?[0-9a-z])?",
    re.IGNORECASE,
)
"""Columns of texts, of one output or of each of two."""


class NumberColumns(NamedTuple):
    """Which columns of a file hold numbers."""

    columns: frozenset[str]
    with_commas: tuple[str, ...]
    """Those of them that have a decimal comma somewhere, in the order of the file."""


def number_columns(lines: Iterable[str]) -> NumberColumns:
    """The columns of numbers of a file whose cells are parted by semicolons.

    Args:
        lines: of the file, from its header on.

    Raises:
        csv.Error: it cannot be parted into cells.
    """
    rows = (row for row in csv.reader(lines, delimiter=";", strict=True) if row)
    header = next(rows, [])
    if header and header[0].startswith("sep="):
        header = next(rows, [])
    first = list(islice(rows, _N_LOOKED_AT))
    cells = {name: [row[k].strip() for row in first if k < len(row)] for k, name in enumerate(header)}
    number_names = {name for name, column in cells.items() if not _TEXTS.fullmatch(name) and _are_numbers(column)}
    commas = tuple(name for name in header if name in number_names and any(map(_WITH_COMMA.fullmatch, cells[name])))
    return NumberColumns(frozenset(number_names), commas)


def with_points(row: Row, columns: Collection[str]) -> Row:
    """The row with decimal points in place of decimal commas in these columns, where they hold text."""
    return {
        name: _WITH_COMMA.sub(r"\g<whole>.\g<rest>", cell, count=1)
        if name in columns and isinstance(cell, str) and _WITH_COMMA.fullmatch(cell)
        else cell
        for name, cell in row.items()
    }


def _are_numbers(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.lower() not in _GAPS]
    return sum(_NUMBER.fullmatch(cell) is not None for cell in filled) > len(filled) / 2
