"""Which Parquet type holds a column whose values are only known row by row."""

import json

import pyarrow as pa

from farm.data.files.rows import Row

_LARGEST_INTEGER = 2**63
_KINDS: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "text"}
_TYPES: dict[frozenset[str], pa.DataType] = {
    frozenset({"bool"}): pa.bool_(),
    frozenset({"int"}): pa.int64(),
    frozenset({"float"}): pa.float64(),
    frozenset({"int", "float"}): pa.float64(),
}


class ColumnTypes:
    """Learns the columns of rows from JSON or CSV, in the order in which they first appear."""

    def __init__(self) -> None:
        self._kinds: dict[str, set[str]] = {}

    def add(self, row: Row) -> None:
        """Take one more row into account."""
        for name, value in row.items():
            kinds = self._kinds.setdefault(name, set())
            if value is not None:
                kind = _KINDS.get(type(value), "other")
                too_large = kind == "int" and not -_LARGEST_INTEGER <= value < _LARGEST_INTEGER  # type: ignore[operator]
                kinds.add("other" if too_large else kind)

    def schema(self) -> pa.Schema:
        """Booleans, integers and numbers as such; what is text, mixed or nested as text."""
        return pa.schema([(name, _TYPES.get(frozenset(kinds), pa.string())) for name, kinds in self._kinds.items()])


def as_text(value: object) -> str | None:
    """A cell as text: text as it is, lists and objects as JSON, missing values as None.

    Halves of surrogate pairs, which JSON can write and UTF-8 cannot, become the replacement character.
    """
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
