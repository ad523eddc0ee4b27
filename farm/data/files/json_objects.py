"""The rows that one JSON object holds: splits, the dataset viewer's answer, and what pandas and `datasets` write.

- `{"train": [row, ...], "test": [row, ...]}`: splits, read one after the other;
- `{"rows": [{"row_idx": 0, "row": row, ...}, ...], ...}`: the dataset viewer's `/rows`, `/first-rows` and `/search`;
- `{"data": [row, ...], ...}`, likewise `rows`, `records`: rows with something about them beside;
- `{"column": {"0": value, ...}, ...}`: pandas' `to_json()`; `{"0": row, ...}`: with `orient="index"`;
- `{"columns": [...], "index": [...], "data": [[value, ...], ...]}`: pandas' `to_json(orient="split")`;
- `{"column": [value, ...], ...}`: `Dataset.to_dict()`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeGuard

from farm.data.files.cells import Row

_ROW_LISTS = ("data", "rows", "records")
_OF_MESSAGES = ({"role", "content"}, {"from", "value"})


class ObjectRows(NamedTuple):
    """Rows, and what is to be said about them."""

    rows: Sequence[Row]
    notes: Sequence[str]


def rows_in_object(value: Mapping[str, object]) -> ObjectRows | None:
    """The rows that an object holds; None where it is none of the kinds above."""
    if not value:
        return None
    if all(name.isdecimal() and isinstance(row, dict) for name, row in value.items()):
        return ObjectRows([row for row in value.values() if isinstance(row, dict)], [])
    for rows in (_viewer(value), _splits(value), _listed_rows(value), _pandas_split(value), _columns(value)):
        if rows is not None:
            return rows
    return None


def _viewer(value: Mapping[str, object]) -> ObjectRows | None:
    entries = value.get("rows")
    if not _are_rows(entries) or not all(isinstance(entry.get("row"), dict) for entry in entries):
        return None
    rows = [row for entry in entries if isinstance(row := entry["row"], dict)]
    total, n_cut = value.get("num_rows_total"), sum(bool(entry.get("truncated_cells")) for entry in entries)
    notes = []
    if isinstance(total, int) and total > len(rows):
        notes.append(f"it holds {len(rows)} of the dataset's {total} rows: the dataset viewer gives a page at a time")
    if n_cut:
        notes.append(f"the dataset viewer has cut long cells short in {n_cut} of {len(rows)} rows")
    return ObjectRows(rows, notes)


def _splits(value: Mapping[str, object]) -> ObjectRows | None:
    lists = [rows for rows in value.values() if rows == [] or (_are_rows(rows) and not _are_messages(rows))]
    rows = [row for split in lists if isinstance(split, list) for row in split]
    if len(lists) < len(value) or not rows:
        return None
    sizes = [f"{name} ({len(split)})" for name, split in value.items() if isinstance(split, list)]
    return ObjectRows(rows, [f"{len(sizes)} splits are read as one table: {', '.join(sizes)}"] if sizes[1:] else [])


def _listed_rows(value: Mapping[str, object]) -> ObjectRows | None:
    """A list of rows beside which nothing is a list of rows."""
    lists = [name for name, rows in value.items() if _are_rows(rows)]
    rows = value[lists[0]] if len(lists) == 1 else None
    return ObjectRows(rows, []) if lists and lists[0] in _ROW_LISTS and _are_rows(rows) else None


def _pandas_split(value: Mapping[str, object]) -> ObjectRows | None:
    names, lines = value.get("columns"), value.get("data")
    if set(value) != {"columns", "index", "data"} or not isinstance(names, list) or not isinstance(lines, list):
        return None
    if not all(isinstance(line, list) and len(line) == len(names) for line in lines):
        return None
    return ObjectRows([dict(zip(map(str, names), line, strict=True)) for line in lines], [])


def _columns(value: Mapping[str, object]) -> ObjectRows | None:
    """Columns as lists of equal length, or as objects whose keys are the numbers of the rows."""
    columns: dict[str, list[object]] = {}
    for name, cells in value.items():
        if isinstance(cells, dict) and cells and all(key.isdecimal() for key in cells):
            columns[name] = list(cells.values())
        elif isinstance(cells, list) and cells and not _are_rows(cells):
            columns[name] = cells
        else:
            return None
    if len(value) < 2 or len({len(cells) for cells in columns.values()}) != 1:
        return None
    return ObjectRows([dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)], [])


def _are_rows(value: object) -> TypeGuard[list[Row]]:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _are_messages(rows: Sequence[Row]) -> bool:
    """One pair whose sides are messages is no dataset with splits."""
    return any(names <= set(rows[0]) for names in _OF_MESSAGES)
