"""Tables whose columns have other names: which column of the file is which of ours, and what its labels mean.

A name may lead into a cell: `question.full_text`, `messages.-1.content` or `messages[-1].content`. A column of exactly
that name comes first.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import chain, islice
from pathlib import Path
from typing import ClassVar

from farm.data.files.cells import Row, decoded_cell
from farm.data.files.column_hint import with_hint
from farm.data.files.row_stream import stream_rows
from farm.data.files.rows import RowT, checked_rows, read_records
from farm.data.files.table_files import DELIMITED, DataError, format_of, is_table
from farm.wording import listed

N_LOOKED_AT = 100
"""Rows in which a column has to appear."""
_PART = re.compile(r"[^.\[\]]+")
_PLAIN = ("input", "model_1", "model_2", "annotator", "annotator_kind", "item_id", "dataset", "first_shown", "rating")
"""Columns of text or numbers that need not be there."""
_SCALE = "a number from 1 (output_1 is better) to 2 (output_2), 1.5 for a tie, or null (unparsed)"


@dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """Our names of columns, each with the file's name for it; None: the file has ours, or has no such column."""

    key_name: ClassVar[str] = "ColumnMapping"

    instruction: str | None = None
    """What was asked: text, or a list of messages."""
    input: str | None = None
    """What the instruction is about, where it stands by itself."""
    output_1: str | None = None
    """One answer: text, or a list of messages whose last one it is."""
    output_2: str | None = None
    """The other answer."""
    preference: str | None = None
    """Which of the two is better."""
    preference_values: Mapping[str, float | None] | None = None
    """What the labels mean, where they are not 1 (output_1 is better) to 2: {A: 1, B: 2, tie: 1.5, error: null}."""
    chosen: str | None = None
    """The better answer, in files with `chosen` and `rejected` in place of output_1, output_2 and preference."""
    rejected: str | None = None
    """The worse answer."""
    output: str | None = None
    """An answer, in files with one answer a row."""
    rating: str | None = None
    """Its rating, the higher the better."""
    model: str | None = None
    """Who wrote it."""
    model_1: str | None = None
    """Who wrote output_1."""
    model_2: str | None = None
    """Who wrote output_2."""
    chosen_model: str | None = None
    """Who wrote the chosen answer."""
    rejected_model: str | None = None
    """Who wrote the rejected answer."""
    annotator: str | None = None
    """Who labelled."""
    annotator_kind: str | None = None
    """human or llm."""
    item_id: str | None = None
    """Which pair."""
    dataset: str | None = None
    """What the pair is from."""
    first_shown: str | None = None
    """Which output was seen first, 1 or 2."""

    def __post_init__(self) -> None:
        for label, value in (self.preference_values or {}).items():
            if value is not None and not 1 <= value <= 2:
                raise ValueError(f"preference_values: {label!r} means {value}; expected {_SCALE}")

    def __hash__(self) -> int:
        return hash((*self.names.items(), *sorted((self.preference_values or {}).items())))

    @property
    def names(self) -> dict[str, str]:
        """The file's names by ours."""
        own = {field.name: vars(self)[field.name] for field in fields(self)}
        return {name: path for name, path in own.items() if path is not None and name != "preference_values"}

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.names) or bool(self.preference_values)

    def fits(self, path: Path) -> bool:
        """Whether a file has all the columns that are named."""
        try:
            first = list(islice(stream_rows(path), N_LOOKED_AT)) if is_table(path) else []
        except DataError:
            return False
        return bool(first) and not self._missing(first)

    def read(self, path: Path, *, is_again: bool = False) -> Iterator[Row]:
        """The rows of a file under our names; other columns stay as they are.

        Args:
            path: as `stream_rows` takes it.
            is_again: whether it has been read before, so that nothing need be said again.

        Raises:
            DataError: as `stream_rows`; or a column that is named is not there, or a label is not among those whose
                meaning is given.
        """
        return self.renamed(stream_rows(path, is_again=is_again), path)

    def renamed(self, rows: Iterable[Row], path: Path) -> Iterator[Row]:
        """Rows under our names; other columns stay as they are.

        Args:
            rows: as they stand in the file.
            path: where they come from, for messages.

        Raises:
            DataError: a column that is named is not there, or a label is not among those whose meaning is given.
        """
        source = iter(rows)
        first = list(islice(source, N_LOOKED_AT))
        if missing := self._missing(first):
            there = listed(sorted({name for row in first for name in row}), 30)
            named = ", ".join(f"columns.{name}={path_}" for name, path_ in missing.items())
            raise DataError(f"{path}: no column for {named}; the file has the columns {there}")
        meanings = {_word(label): value for label, value in (self.preference_values or {}).items()}
        for number, row in enumerate(chain(first, source), start=1):
            new = {_TARGETS.get(name, name): _looked_up(row, column) for name, column in self.names.items()}
            renamed = {**{name: cell for name, cell in row.items() if not self._is_foreign(name, cell)}, **new}
            if meanings:
                renamed["preference"] = _meaning(renamed.get("preference"), meanings, f"{path}: row {number}")
            yield renamed

    def _is_foreign(self, name: str, cell: object) -> bool:
        """Whether a column only happens to have one of our names: it holds what such a column cannot."""
        return name in _PLAIN and name not in self.names and isinstance(cell, Mapping | list)

    def _missing(self, rows: Sequence[Row]) -> dict[str, str]:
        """The names, ours and the file's, of columns that none of these rows has."""
        there = {name for row in rows for name in row}
        return {
            name: column
            for name, column in self.names.items()
            if column not in there and (_PART.findall(column) or [""])[0] not in there
        }


def mapped_records(path: Path, schema: type[RowT], columns: ColumnMapping | None) -> list[RowT]:
    """The checked rows of a file, as `read_records` gives them, whatever it calls its columns.

    Args:
        path: the file.
        schema: one field a column.
        columns: what the file calls them; None: the same.

    Raises:
        DataError: as `read_records`, or a column that is named is not there.
    """
    if not columns:
        try:
            return read_records(path, schema)
        except DataError as error:
            message = with_hint(str(error), _first_names(path)) if is_table(path) else str(error)
            if message != str(error):
                raise DataError(message) from error
            raise
    return list(checked_rows(path, columns.read(path), schema, is_text=format_of(path) in DELIMITED))


def _first_names(path: Path) -> Iterable[str]:
    """The columns of the first row; none where the file cannot be read."""
    try:
        return next(stream_rows(path, is_again=True), {})
    except DataError:
        return ()


OWN_NAMES = ColumnMapping()
"""Every column has our name."""
_TARGETS = {"model": "generator"}
"""What files of outputs call it."""


def mapping_of(columns: ColumnMapping, paths: Sequence[Path | None]) -> list[ColumnMapping | None]:
    """One mapping for several files, of which it concerns those that have its columns.

    Args:
        columns: what a command was told.
        paths: its files; None for one that was not given.

    Returns:
        The mapping for each file that it fits, None for the others.

    Raises:
        DataError: it says something and fits none of them.
    """
    if not columns:
        return [None for _ in paths]
    fitting = [columns if path is not None and columns.fits(path) else None for path in paths]
    if not any(fitting):
        for path in paths:
            if path is not None:
                next(columns.read(path), None)  # raises, with the columns that there are
        raise DataError("columns: there is no file that they could be the names of")
    return fitting


def _looked_up(row: Row, column: str) -> object:
    """The cell of a column, or what a path leads to in one; None where it leads nowhere."""
    if column in row:
        return row[column]
    value: object = row
    for part in _PART.findall(column):
        value = decoded_cell(value)
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.lstrip("-").isdigit() and -len(value) <= int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _meaning(label: object, meanings: Mapping[str, float | None], where: str) -> float | None:
    word = _word(label)
    if word in meanings:
        return meanings[word]
    if label is None or word == "":
        return None
    raise DataError(
        f"{where}: nothing says what the label {label!r} means; preference_values has {', '.join(meanings)}"
    )


def _word(label: object) -> str:
    """A label as it is compared: 1.0 is 1, True is true, " A " is a."""
    return str(label).strip().removesuffix(".0").casefold() if label is not None else "null"
