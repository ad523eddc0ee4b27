"""Reading rows from JSON, JSON Lines, CSV and Parquet files, and saying precisely what is wrong with them.

Rows are checked against a pydantic model with strict types: "1" is no number and True is no 1. A cell of a CSV file is
text by nature and is read as the type that its field asks for; an empty one counts as missing unless the field is text.
"""

import csv
import gzip
import io
import json
import math
import typing
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import pandas as pd
from pydantic import AliasChoices, BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from farm.data.files.row_problems import MAX_SHOWN, RowProblems, shown
from farm.errors import UserError
from farm.wording import listed

MISSING = ("", "nan", "none", "null", "na", "n/a")
"""What a cell of a CSV file says where there is no number; in a field of text, only an empty cell says nothing."""

FORMATS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")

Row = dict[str, object]
RowT = TypeVar("RowT", bound=BaseModel)


class DataError(UserError, ValueError):
    """A data file is missing or not what it should be; the message names file, row, field and what was expected."""


class FileRow(BaseModel):
    """What a schema of rows derives from: strict types, unknown columns ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


def read_records(path: Path, schema: type[RowT]) -> list[RowT]:
    """Read a file and check every row.

    Args:
        path: .json (a list of objects), .jsonl, .csv, .tsv or .parquet; the text formats may end in .gz.
        schema: a subclass of `FileRow`; one field a column.

    Raises:
        DataError: the file is missing, cannot be read, or rows do not fit; all of them are counted.
    """
    return check_rows(path, read_rows(path), schema, is_text=format_of(path) in (".csv", ".tsv"))


def check_rows(path: Path, rows: Sequence[Row], schema: type[RowT], *, is_text: bool = False) -> list[RowT]:
    """Check rows that were read in some other way.

    Args:
        path: where they come from, for the message.
        rows: in the file's order.
        schema: as in `read_records`.
        is_text: whether every cell is text, as in a CSV file.

    Raises:
        DataError: rows do not fit; all of them are counted.
    """
    return list(checked_rows(path, rows, schema, is_text=is_text))


def checked_rows(path: Path, rows: Iterable[Row], schema: type[RowT], *, is_text: bool = False) -> Iterator[RowT]:
    """`check_rows` one by one, for tables whose records need not all be in memory; bad rows are reported at the end."""
    cells = _cells(schema)
    problems = RowProblems()
    number = 0
    for number, row in enumerate(rows, start=1):
        try:
            yield schema.model_validate(_filled(row, cells) if is_text else row, strict=not is_text)
        except ValidationError as error:
            problems.add(number, error)
    if problems.n_bad:
        raise DataError(problems.report(path, n_rows=number))


class _Cell(NamedTuple):
    """How a field takes the cells of a CSV file."""

    missing: tuple[str, ...]
    """What says nothing there, in small letters."""
    stays: bool
    """Whether such a cell is passed on as a missing value, because the field may be missing but has to be there."""


def _cells(schema: type[BaseModel]) -> dict[str, _Cell]:
    """By column; a column of plain text takes every cell as it is."""
    cells = {}
    for own, field in schema.model_fields.items():
        types = (field.annotation, *typing.get_args(field.annotation))
        missing = ("",) if str in types else MISSING
        cell = _Cell(missing if types != (str,) else (), field.is_required() and type(None) in types)
        cells.update(dict.fromkeys((own, *_aliases(field)), cell))
    return cells


def _filled(row: Row, cells: Mapping[str, _Cell]) -> Row:
    """A row of text without the cells that say nothing."""
    filled: Row = {}
    for name, text in row.items():
        cell = cells.get(name)
        # Outputs run to thousands of characters: look at short cells only.
        if cell is None or len(str(text)) > 8 or str(text).strip().lower() not in cell.missing:
            filled[name] = text
        elif cell.stays:
            filled[name] = None
    return filled


def _aliases(field: FieldInfo) -> list[str]:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [choice for choice in alias.choices if isinstance(choice, str)]
    return [alias] if isinstance(alias, str) else []


def read_rows(path: Path) -> list[Row]:
    """The rows of a file as they stand; missing values (null, NaN) are None.

    Raises:
        DataError: the file is missing, empty, damaged or of an unknown format.
    """
    kind = format_of(path)
    if not path.is_file():
        raise DataError(not_there(path))
    if kind == ".parquet":
        return _read_parquet(path)
    text = _read_text(path)
    if not text.strip():
        raise DataError(f"{path}: the file is empty, expected rows")
    if kind in (".csv", ".tsv"):
        return _read_csv(path, text, delimiter="\t" if kind == ".tsv" else ",")
    if kind == ".json" and not _is_one_object_a_line(text):
        return _objects(path, _parse(path, text))
    return _read_lines(path, text)


def frame_rows(frame: pd.DataFrame) -> list[Row]:
    """The rows of a DataFrame, without its index; missing values (NaN, NA, NaT) are None."""
    names = [str(name) for name in frame.columns]
    columns = [[missing_to_none(value) for value in frame[name].tolist()] for name in frame.columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def without_gaps(rows: Iterable[Row], schema: type[BaseModel]) -> list[Row]:
    """Rows of a DataFrame without the cells where nothing stands; those stay whose field has to be there.

    A DataFrame holds NaN wherever a text file has an empty cell.
    """
    stays = {name for name, cell in _cells(schema).items() if cell.stays}
    return [{name: value for name, value in row.items() if value is not None or name in stays} for row in rows]


def require_folder(folder: Path, *, holding: str) -> None:
    """Raise DataError unless the folder is there."""
    if not folder.is_dir():
        raise DataError(f"{not_there(folder)}\n  expected a folder with {holding}")


def format_of(path: Path) -> str:
    """The ending that says how to read the file, one of `FORMATS`.

    Raises:
        DataError: the name ends in nothing known.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    if not suffixes or suffixes[-1] not in FORMATS:
        raise DataError(f"{path}: unknown format; expected a name ending in {', '.join(FORMATS)} (text also + .gz)")
    return suffixes[-1]


def not_there(path: Path) -> str:
    """Says that there is no such file, and what there is instead."""
    if path.is_dir():
        return f"{path}: expected a file, this is a folder; it holds {_listing(path)}"
    parent = path.parent
    while not parent.is_dir() and parent != parent.parent:
        parent = parent.parent
    return f"{path}: no such file or folder; {parent} holds {_listing(parent)}"


def _listing(folder: Path) -> str:
    names = sorted(entry.name + ("/" if entry.is_dir() else "") for entry in folder.iterdir())
    return listed(names, MAX_SHOWN) or "nothing"


def read_bytes(path: Path) -> bytes:
    """A file's contents, unpacked if its name ends in .gz.

    Raises:
        DataError: the file is missing or damaged.
    """
    if not path.is_file():
        raise DataError(not_there(path))
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix.lower() == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def _read_text(path: Path) -> str:
    raw = read_bytes(path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: expected UTF-8 text, byte {error.start} is {raw[error.start : error.start + 1]!r}"
        ) from error


def _read_parquet(path: Path) -> list[Row]:
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as Parquet: {error}") from error
    return frame_rows(frame)


def _read_csv(path: Path, text: str, *, delimiter: str) -> list[Row]:
    csv.field_size_limit(2**31 - 1)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise DataError(f"{path}: cannot be read as CSV: {error}") from error
    header, rows = lines[0], [line for line in lines[1:] if line]
    if len(set(header)) < len(header):
        raise DataError(f"{path}: the header names a column twice: {header}")
    for number, cells in enumerate(rows, start=1):
        if len(cells) != len(header):
            raise DataError(f"{path}: row {number}: expected {len(header)} cells as in the header, got {len(cells)}")
    return [dict(zip(header, cells, strict=True)) for cells in rows]


def _is_one_object_a_line(text: str) -> bool:
    """Many a .json file on the hub is JSON Lines by content."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return len(lines) > 1 and all(line[0] == "{" and line[-1] == "}" for line in (lines[0], lines[-1]))


def _read_lines(path: Path, text: str) -> list[Row]:
    # Not splitlines(): JSON text may hold raw U+2028 and its kin, which are no line ends here.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    return _objects(path, [_parse(path, line, line_number=number) for number, line in lines])


def _parse(path: Path, text: str, *, line_number: int | None = None) -> object:
    try:
        return json.loads(text, object_pairs_hook=unambiguous)
    except json.JSONDecodeError as error:
        line = line_number or error.lineno
        raise DataError(f"{path}: not valid JSON at line {line}, column {error.colno}: {error.msg}") from error
    except DuplicateKeyError as error:
        where = f" (line {line_number})" if line_number else ""
        raise DataError(f"{path}{where}: {error}") from error


class DuplicateKeyError(ValueError):
    """One JSON object has two values for a key."""


def unambiguous(pairs: list[tuple[str, object]]) -> Row:
    """A repeated key is harmless while it repeats the value; otherwise nobody can say which one is meant."""
    row: Row = {}
    for key, value in pairs:
        if key in row and row[key] != value:
            raise DuplicateKeyError(f"the key {key!r} stands twice in one object, with {row[key]!r} and {value!r}")
        row[key] = missing_to_none(value)
    return row


def _objects(path: Path, values: object) -> list[Row]:
    if not isinstance(values, list):
        names = f" with the keys {sorted(values)[:MAX_SHOWN]}" if isinstance(values, dict) else ""
        raise DataError(f"{path}: expected a list of objects, got one {type(values).__name__}{names}")
    for number, value in enumerate(values, start=1):
        if not isinstance(value, dict):
            raise DataError(f"{path}: row {number}: expected an object with named fields, got {shown(value)}")
    return values


def missing_to_none(value: object) -> object:
    """NaN, which tables use for what is missing, as None."""
    is_missing = value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))
    return None if is_missing else value
