"""Rows of a file one after the other, so that memory does not grow with the file (`read_rows` holds them all).

The formats and the messages are those of `farm.data.files.rows`.
"""

import csv
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from farm.data.files.rows import (
    DataError,
    DuplicateKeyError,
    Row,
    RowT,
    checked_rows,
    format_of,
    missing_to_none,
    not_there,
    read_rows,
    unambiguous,
)

BLOCK_CHARACTERS = 2**20
"""Text read at a time."""
ROWS_AT_A_TIME = 1000
"""Of a Parquet file."""
_NEAR_THE_END = 16
"""A literal or an escape that is cut by the end of the text read so far fails within so many characters of it."""
_SPACE = re.compile(r"[ \t\n\r]*")


def stream_rows(path: Path) -> Iterator[Row]:
    """The rows of a .json, .jsonl, .csv, .tsv or .parquet file; missing values (null, NaN) are None.

    Raises:
        DataError: the file is missing, empty, damaged or of an unknown format; perhaps only at a later row.
    """
    kind = format_of(path)
    if not path.is_file():
        raise DataError(not_there(path))
    if kind == ".parquet":
        yield from _parquet_rows(path)
        return
    try:
        with _opened(path) as stream:
            if kind in (".csv", ".tsv"):
                yield from _csv_rows(path, stream, delimiter="\t" if kind == ".tsv" else ",")
            elif kind == ".json":
                yield from _json_rows(path, stream)
            else:
                yield from _line_rows(path, stream)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: expected UTF-8 text, got {error.object[error.start : error.end]!r}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def _opened(path: Path) -> TextIO:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME):
                for row in batch.to_pylist():
                    yield {str(name): missing_to_none(value) for name, value in row.items()}
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: cannot be read as Parquet: {error}") from error


def _csv_rows(path: Path, stream: TextIO, *, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(2**31 - 1)
    lines = csv.reader(stream, delimiter=delimiter, strict=True)
    try:
        header = next(lines, None)
        if header is None:
            raise DataError(_empty(path))
        if len(set(header)) < len(header):
            raise DataError(f"{path}: the header names a column twice: {header}")
        for number, cells in enumerate((line for line in lines if line), start=1):
            if len(cells) != len(header):
                raise DataError(
                    f"{path}: row {number}: expected {len(header)} cells as in the header, got {len(cells)}"
                )
            yield dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise DataError(f"{path}: cannot be read as CSV near line {lines.line_num}: {error}") from error


def _line_rows(path: Path, stream: TextIO) -> Iterator[Row]:
    n_rows = 0
    # Not splitlines(): JSON text may hold raw U+2028 and its kin, which are no line ends here.
    for number, line in enumerate(_split(stream), start=1):
        if line.strip():
            n_rows += 1
            try:
                value = json.loads(line, object_pairs_hook=unambiguous)
            except json.JSONDecodeError as error:
                raise DataError(
                    f"{path}: not valid JSON at line {number}, column {error.colno}: {error.msg}"
                ) from error
            except DuplicateKeyError as error:
                raise DataError(f"{path} (line {number}): {error}") from error
            yield _object(path, n_rows, value)
    if n_rows == 0:
        raise DataError(_empty(path))


def _split(stream: TextIO) -> Iterator[str]:
    """Lines that end in a line feed and nowhere else (a stream with newline="" also ends them at carriage returns)."""
    rest = ""
    for block in iter(lambda: stream.read(BLOCK_CHARACTERS), ""):
        *whole, rest = (rest + block).split("\n")
        yield from whole
    yield rest


def _json_rows(path: Path, stream: TextIO) -> Iterator[Row]:
    """A list of objects, or one object a line: many a .json file on the hub is JSON Lines by content."""
    start = ""
    while not start.strip():
        block = stream.read(BLOCK_CHARACTERS)
        if not block:
            raise DataError(_empty(path))
        start += block
    text = start.lstrip()
    if text[0] == "[":
        yield from _array_rows(path, stream, text[1:], line=start[: len(start) - len(text)].count("\n") + 1)
    elif text.split("\n", 1)[0].rstrip().endswith("}") and "\n" in text.strip():
        stream.seek(0)
        yield from _line_rows(path, stream)
    else:
        yield from read_rows(path)


def _array_rows(path: Path, stream: TextIO, text: str, *, line: int) -> Iterator[Row]:
    """The objects of a JSON array whose opening bracket has been read; `line` is where `text` begins."""
    decoder = json.JSONDecoder(object_pairs_hook=unambiguous)
    n_rows, at, size, expects_value = 0, 0, BLOCK_CHARACTERS, True
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if at == len(text):
            line, text, at = line + text.count("\n"), stream.read(size), 0
            if not text:
                raise DataError(f"{path}: not valid JSON at line {line}: the file ends inside the list")
        elif text[at] == "]" and (not expects_value or n_rows == 0):
            if (text[at + 1 :] + stream.read(BLOCK_CHARACTERS)).strip():
                where = line + text.count("\n", 0, at)
                raise DataError(f"{path}: not valid JSON at line {where}: there is more after the end of the list")
            return
        elif not expects_value:
            if text[at] != ",":
                where = line + text.count("\n", 0, at)
                raise DataError(f"{path}: not valid JSON at line {where}: expected ',' or ']' after row {n_rows}")
            at, expects_value = at + 1, True
        else:
            try:
                value, end = decoder.raw_decode(text, at)
            except json.JSONDecodeError as error:
                block = "" if _is_wrong_for_good(error, text) else stream.read(size)
                if not block:
                    where = line + text.count("\n", 0, error.pos)
                    raise DataError(
                        f"{path}: not valid JSON at line {where} (row {n_rows + 1}): {error.msg}"
                    ) from error
                line += text.count("\n", 0, at)
                # An object that is longer than a block is parsed again from its start, but not often.
                text, at, size = text[at:] + block, 0, size * 2
            except DuplicateKeyError as error:
                raise DataError(f"{path} (row {n_rows + 1}): {error}") from error
            else:
                n_rows, at, size, expects_value = n_rows + 1, end, BLOCK_CHARACTERS, False
                yield _object(path, n_rows, value)


def _is_wrong_for_good(error: json.JSONDecodeError, text: str) -> bool:
    """Whether more text cannot help: the place of the error is not where the text read so far ends."""
    return error.pos < len(text) - _NEAR_THE_END and not error.msg.startswith("Unterminated string")


def _object(path: Path, number: int, value: object) -> Row:
    if not isinstance(value, dict):
        raise DataError(f"{path}: row {number}: expected an object with named fields, got {value!r:.80}")
    return value


def _empty(path: Path) -> str:
    return f"{path}: the file is empty, expected rows"


def stream_records(path: Path, schema: type[RowT]) -> Iterator[RowT]:
    """The checked rows of a file one by one (`farm.data.files.rows.read_records` holds them all).

    Raises:
        DataError: as `stream_rows`; rows that do not fit are counted and reported after the last one.
    """
    return checked_rows(path, stream_rows(path), schema, is_text=format_of(path) in (".csv", ".tsv"))
