"""Outputs in a file of any known format, read a chunk at a time: what `farm score` scores.

The file is read twice: once to check every row, count them and learn the columns, and once to work on them.
The layouts of farm/data/layouts/ are read; other columns are kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, NamedTuple

import pyarrow as pa
from pydantic import BeforeValidator

from farm.data.comparison_files import checked_stream
from farm.data.files.column_mapping import OWN_NAMES, ColumnMapping
from farm.data.files.column_types import ColumnTypes
from farm.data.files.row_stream import column_schema
from farm.data.files.rows import Row
from farm.data.layouts.outputs import OutputRow
from farm.records import Output

_WORDS = {"true": True, "1": True, "false": False, "0": False, "": None}


def _truth(value: object) -> object:
    """The cells of a CSV file are text."""
    return _WORDS.get(value.lower(), value) if isinstance(value, str) else value


class ScorableRow(OutputRow):
    """The columns that are read."""

    is_finished: Annotated[bool | None, BeforeValidator(_truth)] = None
    """False if the output was cut before its end; missing: it is whole."""
    dataset: str | None = ""

    def as_output(self) -> Output:
        return Output(
            instruction=self.instruction,
            input=self.input or "",
            output=self.output,
            generator=self.generator or "",
            dataset=self.dataset or "",
            is_finished=self.is_finished is not False,
            history=self.history,
        )


class WrittenOutput(NamedTuple):
    """A row and the output that it holds."""

    row: Row
    """With all its columns, as they stand in the file."""
    output: Output


@dataclass(frozen=True, kw_only=True)
class OutputFile:
    """Rows that have been checked and are now read again, in order, without holding them all."""

    path: Path
    columns: ColumnMapping | None
    """What the file calls its columns; None: as we do."""
    n_rows: int
    schema: pa.Schema
    """Names and types of the columns, as a Parquet file holds them."""

    def chunks(self, n_rows: int) -> Iterator[Sequence[WrittenOutput]]:
        """All rows in order, `n_rows` at a time."""
        rows = checked_stream(self.path, ScorableRow, self.columns)
        while chunk := [WrittenOutput(row, checked.as_output()) for row, checked in islice(rows, n_rows)]:
            yield chunk


def open_outputs(path: Path, columns: ColumnMapping = OWN_NAMES) -> OutputFile:
    """Check a file of (instruction, output) rows, with input, generator and is_finished if they are there.

    Args:
        path: the file.
        columns: what the file calls these columns.

    Raises:
        DataError: the file is missing, malformed or empty, or rows do not fit; all of them are counted.
    """
    named, types, n_rows = columns or None, ColumnTypes(), 0
    for row, _ in checked_stream(path, ScorableRow, named):
        types.add(row)
        n_rows += 1
    schema = (None if named else column_schema(path)) or types.schema()
    return OutputFile(path=path, columns=named, n_rows=n_rows, schema=schema)
