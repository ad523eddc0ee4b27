"""Reading rows from JSON, JSON Lines, CSV and Parquet files, and saying precisely what is wrong with them.

Rows are checked against a pydantic model with strict types: "1" is no number and True is no 1. A cell of a CSV file is
text by nature and is read as the type that its field asks for; an empty one counts as missing unless the field is text.
"""

import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple, Self, TypeVar

import pandas as pd
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, PrivateAttr, ValidationError
from pydantic.fields import FieldInfo

from farm.data.files.cells import Cells, Row, decoded_cell
from farm.data.files.open_files import read_bytes
from farm.data.files.row_problems import RowProblems
from farm.data.files.row_stream import stream_rows
from farm.data.files.table_files import DELIMITED, FORMATS, DataError, format_of, not_there

__all__ = [
    "FORMATS",
    "MISSING",
    "DataError",
    "FileRow",
    "Name",
    "OptionalName",
    "Row",
    "check_rows",
    "checked_rows",
    "format_of",
    "frame_rows",
    "not_there",
    "read_bytes",
    "read_records",
    "read_rows",
    "require_folder",
    "stream_records",
    "without_gaps",
]

MISSING = ("", "nan", "none", "null", "na", "n/a")
"""What a cell of a CSV file says where there is no number; in a field of text, only an empty cell says nothing."""


def _named(value: object) -> object:
    """Items, models and annotators are often numbered; 7, 7.0 (a column with gaps) and "7" are the same name."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Name = Annotated[str, BeforeValidator(_named)]
"""What something is called, without a point: a number may be a name."""
OptionalName = Annotated[str | None, BeforeValidator(_named)]
"""A name, where there may be none."""

RowT = TypeVar("RowT", bound="FileRow")


class FileRow(BaseModel):
    """What a schema of rows derives from: strict types, unknown columns ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    _columns: Row = PrivateAttr(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        """By the fields: what else stood in the file does not count."""
        return isinstance(other, FileRow) and type(self) is type(other) and vars(self) == vars(other)

    @property
    def columns(self) -> Row:
        """The row as it stands in the file, with the columns that the schema does not have; empty if in none."""
        return self._columns

    def with_columns(self, columns: Row) -> Self:
        """The row itself, that has now stood in a file with these columns."""
        self._columns = columns
        return self


def read_records(path: Path, schema: type[RowT]) -> list[RowT]:
    """Read a file and check every row.

    Args:
        path: .json (a list of objects), .jsonl, .csv, .tsv or .parquet; the text formats may end in .gz.
        schema: a subclass of `FileRow`; one field a column.

    Raises:
        DataError: the file is missing, cannot be read, or rows do not fit; all of them are counted.
    """
    return check_rows(path, read_rows(path), schema, is_text=format_of(path) in DELIMITED)


def stream_records(path: Path, schema: type[RowT]) -> Iterator[RowT]:
    """The checked rows of a file one by one (`read_records` holds them all).

    Raises:
        DataError: as `read_records`; rows that do not fit are counted and reported after the last one.
    """
    return checked_rows(path, stream_rows(path), schema, is_text=format_of(path) in DELIMITED)


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
            checked = schema.model_validate(_filled(row, cells) if is_text else row, strict=not is_text)
            yield checked.with_columns(row)
        except ValidationError as error:
            problems.add(number, error, row)
    if problems.n_bad:
        raise DataError(problems.report(path, n_rows=number))


class _Cell(NamedTuple):
    """How a field takes the cells of a CSV file."""

    missing: tuple[str, ...]
    """What says nothing there, in small letters."""
    stays: bool
    """Whether such a cell is passed on as a missing value, because the field may be missing but has to be there."""
    is_nested: bool
    """Whether the field holds lists or objects, which stand in a CSV file as their JSON text."""


def _cells(schema: type[BaseModel]) -> dict[str, _Cell]:
    """By column; a column of plain text takes every cell as it is."""
    cells = {}
    for own, field in schema.model_fields.items():
        kinds = (field.annotation, *typing.get_args(field.annotation))
        missing = ("",) if str in kinds else MISSING
        cell = _Cell(
            missing=missing if kinds != (str,) else (),
            stays=field.is_required() and type(None) in kinds,
            is_nested=_is_nested(field.annotation),
        )
        cells.update(dict.fromkeys((own, *_aliases(field)), cell))
    return cells


def _filled(row: Row, cells: Mapping[str, _Cell]) -> Row:
    """A row of text without the cells that say nothing."""
    filled: Row = {}
    for name, text in row.items():
        cell = cells.get(name)
        # Outputs run to thousands of characters: look at short cells only.
        if cell is not None and cell.is_nested and str(text).lstrip()[:1] in ("[", "{"):
            filled[name] = decoded_cell(text)
        elif cell is None or len(str(text)) > 8 or str(text).strip().lower() not in cell.missing:
            filled[name] = text
        elif cell.stays:
            filled[name] = None
    return filled


def _is_nested(annotation: object) -> bool:
    """Whether a field takes lists or objects and no text."""
    kinds = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    is_model = any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in kinds)
    return str not in kinds and (is_model or any(typing.get_origin(kind) in (list, dict) for kind in kinds))


def _aliases(field: FieldInfo) -> list[str]:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [choice for choice in alias.choices if isinstance(choice, str)]
    return [alias] if isinstance(alias, str) else []


def read_rows(path: Path) -> list[Row]:
    """The rows of a table as they stand; missing values (null, NaN) are None.

    Raises:
        DataError: the file is missing, empty, damaged or of an unknown format.
    """
    return list(stream_rows(path))


def frame_rows(frame: pd.DataFrame) -> list[Row]:
    """The rows of a DataFrame, without its index; missing values (NaN, NA, NaT) are None."""
    names = [str(name) for name in frame.columns]
    cells = Cells()
    columns = [[cells.plain(value) for value in frame[name].tolist()] for name in frame.columns]
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
