"""Rows of JSON text one after the other: a list of objects, one object a line, or one object that holds rows.

Many a .json file on the hub is JSON Lines by content, and the other way round.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from farm.bounded.json_text import read_json, read_json_at
from farm.data.files.cells import Cells, Row
from farm.data.files.json_objects import rows_in_object
from farm.data.files.open_files import open_text
from farm.data.files.row_problems import MAX_SHOWN
from farm.data.files.table_files import DataError, empty

BLOCK_CHARACTERS = 2**20
"""Text read at a time."""
_NEAR_THE_END = 16
"""A literal or an escape that is cut by the end of the text read so far fails within so many characters of it."""
MAX_ROW_CHARACTERS = 2**26
"""Of one row; text without line ends or brackets would fill memory to its end."""
MAX_OBJECT_CHARACTERS = 2**28
"""Of a file that is one JSON object, which is read as a whole."""
_SPACE = re.compile(r"[ \t\n\r]*")


def json_rows(path: Path, cells: Cells, *, is_lines: bool) -> Iterator[Row]:
    """The rows of a file of JSON text.

    Args:
        path: the file.
        cells: makes the values plain.
        is_lines: whether the name says that there is an object a line, so that a single line is a row.

    Raises:
        DataError: it is empty, damaged, or holds something else.
    """
    with open_text(path) as stream:
        start = _start(stream, MAX_ROW_CHARACTERS if is_lines else MAX_OBJECT_CHARACTERS)
        text = start.lstrip()
        if not text:
            raise DataError(empty(path))
        if text[0] == "[" and not (is_lines and _is_list_a_line(text)):
            line = start[: len(start) - len(text)].count("\n") + 1
            yield from _array_rows(path, stream, text[1:], cells, line=line)
            return
    with open_text(path) as stream:
        if is_lines or _is_object_a_line(text):
            yield from _line_rows(path, stream, cells)
        else:
            yield from _object_rows(path, _whole(path, stream), cells)


def json_notes(path: Path) -> list[str]:
    """What is to be said about how the rows of a .json file were found; nothing where it cannot be read."""
    with open_text(path) as stream:
        text = _start(stream, MAX_OBJECT_CHARACTERS).lstrip()
        if not text.startswith("{") or _is_object_a_line(text):
            return []
        value = _parsed(path, text + _whole(path, stream), Cells())
    wrapped = rows_in_object(value) if isinstance(value, dict) else None
    return [f"{path.name}: {note}" for note in wrapped.notes] if wrapped else []


def _start(stream: TextIO, most: int) -> str:
    """The first blocks of a text: up to its second line, unless it is a list; or all that there is, or about `most`."""
    start = ""
    while not _shows_its_kind(start) and (block := stream.read(max(BLOCK_CHARACTERS, len(start)))):
        start += block
        if len(start) > most:
            break
    return start


def _whole(path: Path, stream: TextIO) -> str:
    """All that is left of a text.

    Raises:
        DataError: it is too long to be read as a whole.
    """
    text = stream.read(MAX_OBJECT_CHARACTERS + 1)
    if len(text) > MAX_OBJECT_CHARACTERS:
        raise DataError(
            f"{path}: one JSON object of more than {MAX_OBJECT_CHARACTERS:,} characters, which is read as a whole; "
            "expected rows: a list of objects, or one object a line"
        )
    return text


def _shows_its_kind(start: str) -> bool:
    text = start.strip()
    return text.startswith("[") or "\n" in text


def _is_object_a_line(text: str) -> bool:
    return text.split("\n", 1)[0].rstrip().endswith("}") and "\n" in text.strip()


def _is_list_a_line(text: str) -> bool:
    """Whether the first line is a whole list and the second begins one, as WebGPT's pairs of answers are written."""
    first, _, rest = text.partition("\n")
    return first.rstrip().endswith("]") and rest.lstrip().startswith("[")


def _object_rows(path: Path, text: str, cells: Cells) -> Iterator[Row]:
    value = _parsed(path, text, cells)
    wrapped = rows_in_object(value) if isinstance(value, dict) else None
    if wrapped is None:
        names = f" with the keys {sorted(value)[:MAX_SHOWN]}" if isinstance(value, dict) else ""
        raise DataError(f"{path}: expected a list of objects, got one {type(value).__name__}{names}")
    yield from wrapped.rows


def _parsed(path: Path, text: str, cells: Cells) -> object:
    try:
        return read_json(text, pairs_hook=cells.json_object)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}") from error
    except ValueError as error:
        raise DataError(f"{path}: {error}") from error


def _line_rows(path: Path, stream: TextIO, cells: Cells) -> Iterator[Row]:
    n_rows = 0
    # Not splitlines(): JSON text may hold raw U+2028 and its kin, which are no line ends here.
    for number, line in enumerate(_split(path, stream), start=1):
        if line.strip():
            n_rows += 1
            try:
                value = read_json(line, pairs_hook=cells.json_object)
            except json.JSONDecodeError as error:
                raise DataError(
                    f"{path}: not valid JSON at line {number}, column {error.colno}: {error.msg}"
                ) from error
            except ValueError as error:
                raise DataError(f"{path} (line {number}): {error}") from error
            yield _object(path, n_rows, _numbered(value) if isinstance(value, list) else value)
    if n_rows == 0:
        raise DataError(empty(path))


def _split(path: Path, stream: TextIO) -> Iterator[str]:
    """Lines that end in a line feed and nowhere else (a stream with newline="" also ends them at carriage returns)."""
    rest: list[str] = []
    n_rest = 0
    for block in iter(lambda: stream.read(BLOCK_CHARACTERS), ""):
        first, *others = block.split("\n")
        rest.append(first)
        n_rest += len(first)
        if n_rest > MAX_ROW_CHARACTERS:
            raise _too_long(path, "a line")
        if others:
            yield "".join(rest)
            yield from others[:-1]
            rest, n_rest = [others[-1]], len(others[-1])
    yield "".join(rest)


def _too_long(path: Path, what: str) -> DataError:
    return DataError(f"{path}: {what} of more than {MAX_ROW_CHARACTERS:,} characters, which is no row of data")


def _array_rows(path: Path, stream: TextIO, text: str, cells: Cells, *, line: int) -> Iterator[Row]:
    """The objects of a JSON array whose opening bracket has been read; `line` is where `text` begins."""
    decoder = json.JSONDecoder(object_pairs_hook=cells.json_object)
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
                value, end = read_json_at(text, at, decoder=decoder)
            except json.JSONDecodeError as error:
                block = "" if _is_wrong_for_good(error, text) else stream.read(size)
                if not block:
                    where = line + text.count("\n", 0, error.pos)
                    raise DataError(
                        f"{path}: not valid JSON at line {where} (row {n_rows + 1}): {error.msg}"
                    ) from error
                line += text.count("\n", 0, at)
                if len(text) - at > MAX_ROW_CHARACTERS:
                    raise _too_long(path, f"row {n_rows + 1} is a text") from error
                # An object that is longer than a block is parsed again from its start, but not often.
                text, at, size = text[at:] + block, 0, size * 2
            except ValueError as error:
                raise DataError(f"{path} (row {n_rows + 1}): {error}") from error
            else:
                n_rows, at, size, expects_value = n_rows + 1, end, BLOCK_CHARACTERS, False
                yield _object(path, n_rows, value)


def _is_wrong_for_good(error: json.JSONDecodeError, text: str) -> bool:
    """Whether more text cannot help: the place of the error is not where the text read so far ends."""
    return error.pos < len(text) - _NEAR_THE_END and not error.msg.startswith("Unterminated string")


def _numbered(values: list[object]) -> object:
    """A line that is a list of objects, as a row: its places are the columns. Anything else as it is."""
    is_row = bool(values) and all(isinstance(value, dict) for value in values)
    return {str(place): value for place, value in enumerate(values)} if is_row else values


def _object(path: Path, number: int, value: object) -> Row:
    if not isinstance(value, dict):
        raise DataError(f"{path}: row {number}: expected an object with named fields, got {value!r:.80}")
    return value
