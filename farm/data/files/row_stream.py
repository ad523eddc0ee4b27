"""Rows of a table one after the other, so that memory does not grow with the file (`rows.read_rows` holds them all)."""

import csv
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from farm.data.files.cells import Cells, Row
from farm.data.files.decimal_commas import NumberColumns, number_columns, with_points
from farm.data.files.json_rows import MAX_ROW_CHARACTERS, json_notes, json_rows
from farm.data.files.open_files import READ_ERRORS, open_text
from farm.data.files.table_files import DELIMITED, DataError, empty, files_of, format_of, shard_of, splits_of
from farm.wording import listed

logger = logging.getLogger(__name__)

ROWS_AT_A_TIME = 1000
"""Of a Parquet file."""
_DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
_HEAD_CHARACTERS = 2**16
"""Of a delimited file, in which the header is looked for."""


def stream_rows(path: Path, *, is_again: bool = False) -> Iterator[Row]:
    """The rows of a table; missing values (null, NaN) are None.

    Args:
        path: a file, the shards of a split, or a folder of a dataset: see `table_files`.
        is_again: whether it has been read before, so that nothing need be said again.

    Raises:
        DataError: the file is missing, empty, damaged or of an unknown format; perhaps only at a later row.
    """
    format_of(path)
    cells = Cells()
    for file in files_of(path):
        yield from _file_rows(file, cells)
    if cells.n_halves and not is_again:
        logger.warning(
            "%s: %d texts hold half of an emoji or the like (a surrogate without the other one), which no output can "
            "hold; it is read as U+FFFD",
            path,
            cells.n_halves,
        )


def file_notes(path: Path) -> list[str]:
    """What is to be said about how the rows of a table were found; nothing about a file that cannot be read."""
    try:
        files = files_of(path)
        kind = format_of(path)
        notes = [] if path.is_dir() or "*" in path.name else _shard_notes(path)
        if kind in DELIMITED:
            notes += [note for file in files[:1] for note in _delimiter_notes(file)]
        elif kind == ".json":
            notes += [note for file in files for note in json_notes(file)]
    except (DataError, UnicodeDecodeError, *READ_ERRORS):
        return []
    splits = splits_of(path)
    if len(splits) > 1:
        notes.append(f"{path.name}: {len(splits)} splits are read as one table: {', '.join(splits)}")
    return notes


def delimiter_of(path: Path) -> str:
    """What parts the cells of a delimited file: what its header holds most of, and what its name says among equals.

    A first line `sep=;`, as Excel writes it, is believed.
    """
    with open_text(path) as stream:
        head = stream.read(_HEAD_CHARACTERS)
    line, named = next((line for line in re.split(r"[\r\n]+", head) if line), ""), _named_delimiter(path)
    if _is_hint(line):
        return line[-1]
    n_cells = {delimiter: len(next(csv.reader([line], delimiter=delimiter), [])) for delimiter in _DELIMITERS}
    return max(_DELIMITERS, key=lambda delimiter: (n_cells[delimiter], delimiter == named))


def numbers_of(path: Path) -> NumberColumns:
    """The columns whose numbers may have decimal commas: those of a file whose cells are parted by semicolons."""
    if format_of(path) not in DELIMITED or delimiter_of(path) != ";":
        return NumberColumns(frozenset(), ())
    with open_text(path) as stream:
        try:
            return number_columns(_bounded_lines(path, stream))
        except csv.Error as error:
            raise DataError(f"{path}: cannot be read as CSV: {error}") from error


def column_schema(path: Path) -> pa.Schema | None:
    """The columns of a Parquet or Arrow table, with plain types; None for text, whose columns its rows tell."""
    kind = format_of(path)
    if kind not in (".parquet", ".arrow"):
        return None
    try:
        schemas = [
            pq.read_schema(file) if kind == ".parquet" else _opened_arrow(file).schema for file in files_of(path)
        ]
        schema = pa.unify_schemas(schemas, promote_options="permissive")
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    return pa.schema([(field.name, _plain_type(field.type)) for field in schema])


def _file_rows(path: Path, cells: Cells) -> Iterator[Row]:
    kind = format_of(path)
    try:
        if kind == ".parquet":
            yield from _parquet_rows(path, cells)
        elif kind == ".arrow":
            yield from _arrow_rows(path, cells)
        elif kind in DELIMITED:
            yield from _delimited_rows(path, cells)
        else:
            yield from json_rows(path, cells, is_lines=kind != ".json")
    except UnicodeDecodeError as error:
        encoding = error.encoding.upper().replace("UTF-8-SIG", "UTF-8")
        shown = error.object[error.start : error.end]
        raise DataError(
            f"{path}: expected {encoding} text, got {shown!r}; a file in another encoding, such as Windows-1252, has "
            "to be saved as UTF-8"
        ) from error
    except READ_ERRORS as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def _parquet_rows(path: Path, cells: Cells) -> Iterator[Row]:
    try:
        with pq.ParquetFile(path) as file:
            _refuse_repeated_columns(path, file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME):
                yield from _batch_rows(batch, cells)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: cannot be read as Parquet: {error}") from error


def _arrow_rows(path: Path, cells: Cells) -> Iterator[Row]:
    try:
        reader = _opened_arrow(path)
        _refuse_repeated_columns(path, reader.schema.names)
        is_file = isinstance(reader, pa.ipc.RecordBatchFileReader)
        batches = (reader.get_batch(k) for k in range(reader.num_record_batches)) if is_file else reader
        for batch in batches:
            for start in range(0, batch.num_rows, ROWS_AT_A_TIME):
                yield from _batch_rows(batch.slice(start, ROWS_AT_A_TIME), cells)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: cannot be read as Arrow: {error}") from error


def _refuse_repeated_columns(path: Path, names: Sequence[str]) -> None:
    repeated = [name for name, n in Counter(names).items() if n > 1]
    if repeated:
        raise DataError(f"{path}: the columns name {repeated[0]!r} twice: {list(names)}")


def _opened_arrow(path: Path) -> pa.ipc.RecordBatchStreamReader | pa.ipc.RecordBatchFileReader:
    """`datasets` writes the streaming format; Feather files are of the other one."""
    source = pa.memory_map(str(path))
    is_file = source.read(6) == b"ARROW1"
    source.seek(0)
    return pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)


def _batch_rows(batch: pa.RecordBatch, cells: Cells) -> Iterator[Row]:
    for row in batch.to_pylist():
        yield {str(name): cells.plain(value) for name, value in row.items()}


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """The type of a column after `Cells.plain`."""
    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if pa.types.is_decimal(kind):
        return pa.float64()
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_plain_type(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, _plain_type(field.type)) for field in kind])
    return kind


def _delimited_rows(path: Path, cells: Cells) -> Iterator[Row]:
    csv.field_size_limit(MAX_ROW_CHARACTERS)
    with open_text(path) as stream:
        delimiter = delimiter_of(path)
        lines = csv.reader(_bounded_lines(path, stream), delimiter=delimiter, strict=True)
        numbers = numbers_of(path).columns
        try:
            header = next(filter(None, lines), None)
            if header is not None and _is_hint(delimiter.join(header)):
                header = next(filter(None, lines), None)
            if header is None:
                raise DataError(empty(path))
            if len(set(header)) < len(header):
                raise DataError(f"{path}: the header names a column twice: {header}")
            for number, row in enumerate((line for line in lines if line), start=1):
                if len(row) != len(header):
                    raise DataError(
                        f"{path}: row {number}: expected {len(header)} cells as in the header, got {len(row)}"
                    )
                plain = {name: cells.plain(cell) for name, cell in zip(header, row, strict=True)}
                yield with_points(plain, numbers) if numbers else plain
        except csv.Error as error:
            raise DataError(f"{path}: cannot be read as CSV near line {lines.line_num}: {error}") from error


def _bounded_lines(path: Path, stream: TextIO) -> Iterator[str]:
    for line in iter(lambda: stream.readline(MAX_ROW_CHARACTERS), ""):
        if len(line) == MAX_ROW_CHARACTERS:
            raise DataError(f"{path}: a line of more than {MAX_ROW_CHARACTERS:,} characters, which is no row of data")
        yield line


def _is_hint(line: str) -> bool:
    return line.startswith("sep=") and len(line) <= len("sep=;")


def _named_delimiter(path: Path) -> str:
    return "\t" if format_of(path) == ".tsv" else ","


def _delimiter_notes(path: Path) -> list[str]:
    delimiter = delimiter_of(path)
    if delimiter == _named_delimiter(path):
        return []
    notes = [f"{path.name}: its cells are parted by {_DELIMITERS[delimiter]}, as its header shows"]
    if commas := numbers_of(path).with_commas:
        notes.append(f"{path.name}: decimal commas are read as points in {listed(commas)}")
    return notes


def _shard_notes(path: Path) -> list[str]:
    split = shard_of(path)
    if split is None:
        return []
    return [f"{path.name} is one file of several; {split} reads the whole split"]
