"""Writes rows with their annotations as they come: JSON (AlpacaEval's format), JSON Lines, CSV, TSV or Parquet.

A file is written beside its place and moved there when it is complete.
"""

import csv
import errno
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from farm.data.files.column_types import as_text
from farm.data.files.open_files import open_binary
from farm.data.files.rows import DataError, Row, format_of
from farm.data.files.table_files import DELIMITED, packing_of
from farm.disk import whole_file
from farm.records import Annotation, Preference

ANNOTATION_TYPES: dict[str, pa.DataType] = {
    "annotator": pa.string(),
    "annotator_kind": pa.string(),
    "preference": pa.float64(),
    "p_first": pa.float64(),
    "judge": pa.string(),
    "first_shown": pa.int64(),
    "seed": pa.int64(),
    "clean_preference": pa.float64(),
    "is_noised": pa.bool_(),
    "worker": pa.string(),
    "unparsed_reason": pa.string(),
    "raw_reply": pa.string(),
    "n_prompt_tokens": pa.int64(),
    "n_cached_prompt_tokens": pa.int64(),
    "n_completion_tokens": pa.int64(),
    "cost_usd": pa.float64(),
    "latency_seconds": pa.float64(),
}
"""The columns that annotating adds, and how Parquet holds them: fields of `Annotation`, and the kind of annotator."""
SIMULATED = "llm"
"""The kind of every annotator that the laboratory simulates, as annotation tables have it."""
ROWS_PER_GROUP = 4000
"""Of a Parquet file."""
_GIVEN = "given_"
_UNWRITABLE = (
    errno.EEXIST,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOENT,
    errno.ENOTDIR,
)


class RowWriter(Protocol):
    """A file that grows."""

    def write(self, rows: Sequence[Row]) -> None:
        """Append rows."""


def annotated(row: Row, annotation: Annotation) -> Row:
    """The row with its annotation. A column of the row that has the name of one of ours comes back as `given_...`."""
    values: Row = {name: vars(annotation).get(name, SIMULATED) for name in ANNOTATION_TYPES}
    for name in ("preference", "clean_preference"):
        values[name] = _number(vars(annotation)[name])
    return {**{kept_name(name, ANNOTATION_TYPES): value for name, value in row.items()}, **values}


def kept_name(name: str, added: Collection[str]) -> str:
    """What a column of the input is called in the output, to which the columns `added` are added."""
    bare = name
    while bare.startswith(_GIVEN):
        bare = bare.removeprefix(_GIVEN)
    return _GIVEN + name if bare in added else name


def annotated_schema(schema: pa.Schema) -> pa.Schema:
    """The output's columns from the input's."""
    return extended_schema(schema, ANNOTATION_TYPES)


def extended_schema(schema: pa.Schema, added: Mapping[str, pa.DataType]) -> pa.Schema:
    """The input's columns under the names that they keep, and the added ones."""
    kept = [field.with_name(kept_name(field.name, added)) for field in schema]
    return pa.schema([*kept, *added.items()])


@contextmanager
def open_writers(paths: Sequence[Path], schema: pa.Schema) -> Iterator[Sequence[RowWriter]]:
    """One writer per path, the format by its ending; the files appear when the block ends without an error.

    Raises:
        DataError: a file cannot be written.
    """
    try:
        with ExitStack() as files:
            drafts = [files.enter_context(whole_file(path)) for path in paths]
            with ExitStack() as stack:
                pairs = zip(paths, drafts, strict=True)
                yield [stack.enter_context(_writer(path, draft, schema)) for path, draft in pairs]
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise DataError(f"{' and '.join(map(str, paths))} cannot be written: {error.strerror}") from error


def _number(preference: Preference | None) -> int | float | None:
    """1, 1.5, 2 or None."""
    if preference is None:
        return None
    return preference.value if preference is Preference.TIE else int(preference.value)


@contextmanager
def _writer(path: Path, partial: Path, schema: pa.Schema) -> Iterator[RowWriter]:
    kind = format_of(path)
    if kind == ".parquet":
        with pq.ParquetWriter(partial, schema, compression="zstd") as file:
            table = _ParquetRows(file, schema)
            yield table
            table.flush()
    else:
        packed = open_binary(partial, "wb", packing=packing_of(path))
        with io.TextIOWrapper(packed, encoding="utf-8", newline="") as stream:
            if kind in DELIMITED:
                yield _DelimitedRows(stream, schema, "\t" if kind == ".tsv" else ",")
            elif kind == ".json":
                rows = _JsonRows(stream, before="[\n", between=",\n", after="\n]\n")
                yield rows
                rows.end()
            else:
                rows = _JsonRows(stream, before="", between="\n", after="\n")
                yield rows
                rows.end()
            stream.flush()


class _JsonRows:
    def __init__(self, stream: TextIO, *, before: str, between: str, after: str) -> None:
        self._stream, self._before, self._between, self._after = stream, before, between, after

    def write(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._stream.write(self._before + _json(row))
            self._before = self._between

    def end(self) -> None:
        self._stream.write(self._after)


class _DelimitedRows:
    def __init__(self, stream: TextIO, schema: pa.Schema, delimiter: str) -> None:
        # With this line end a carriage return inside a cell is quoted, too.
        self._lines = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")
        self._names = schema.names
        self._lines.writerow(self._names)

    def write(self, rows: Sequence[Row]) -> None:
        self._lines.writerows([as_text(row.get(name)) for name in self._names] for row in rows)


class _ParquetRows:
    """Collects rows, for a row group of one chunk each would be small."""

    def __init__(self, file: pq.ParquetWriter, schema: pa.Schema) -> None:
        self._file, self._schema = file, schema
        self._rows: list[Row] = []

    def write(self, rows: Sequence[Row]) -> None:
        self._rows += rows
        if len(self._rows) >= ROWS_PER_GROUP:
            self.flush()

    def flush(self) -> None:
        columns = [
            pa.array(
                [as_text(row.get(f.name)) for row in self._rows]
                if pa.types.is_string(f.type)
                else [row.get(f.name) for row in self._rows],
                type=f.type,
            )
            for f in self._schema
        ]
        self._file.write_table(pa.table(columns, schema=self._schema))
        self._rows = []


def _json(row: Row) -> str:
    text = json.dumps(row, ensure_ascii=False, default=str)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair: JSON can hold it as an escape only
        return json.dumps(row, default=str)
    return text
