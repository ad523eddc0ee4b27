"""Values of cells as the laboratory holds them: no NaN, no decimals, no half of an emoji."""

import math
import re
from collections.abc import Sequence
from decimal import Decimal

import pandas as pd

from farm.bounded.json_text import read_json

Row = dict[str, object]
_HALF = re.compile("[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]")
_HALVES = re.compile("[\ud800-\udfff]")


class DuplicateKeyError(ValueError):
    """One JSON object has two values for a key."""


class Cells:
    """Makes cells plain, and counts the texts that had to be changed for it."""

    def __init__(self) -> None:
        self.n_halves = 0
        """Texts with half of a surrogate pair, as where an emoji was cut in two. JSON can hold that, and nothing else
        can: it becomes the replacement character U+FFFD."""

    def plain(self, value: object) -> object:
        """A value without what JSON, Parquet and terminals cannot all hold; NaN, which tables use for gaps, is None."""
        if isinstance(value, str):
            return value if value.isascii() or not _HALVES.search(value) else self._mended(value)
        if isinstance(value, float):
            return None if math.isnan(value) else value
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if isinstance(value, dict):
            return {name: self.plain(item) for name, item in value.items()}
        if isinstance(value, Decimal):
            return None if value.is_nan() else int(value) if value == value.to_integral_value() else float(value)
        return None if value is pd.NA or value is pd.NaT else value

    def json_object(self, pairs: Sequence[tuple[str, object]]) -> Row:
        """A JSON object. A repeated key is harmless while it repeats the value; otherwise nobody can say which one is
        meant.

        Raises:
            DuplicateKeyError: it does not.
        """
        row: Row = {}
        for key, value in pairs:
            name = str(self.plain(key))
            if name in row and row[name] != value:
                raise DuplicateKeyError(f"the key {key!r} stands twice in one object, with {row[name]!r} and {value!r}")
            row[name] = value if isinstance(value, dict) else self.plain(value)
        return row

    def _mended(self, text: str) -> str:
        joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        self.n_halves += bool(_HALF.search(text))
        return joined


def decoded_cell(value: object) -> object:
    """A cell of a CSV file that holds a list or an object as its JSON text, as that; any other as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return Cells().plain(read_json(value))
        except ValueError:
            return value
    return value
