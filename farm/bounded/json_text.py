"""JSON text from outside, read within bounds: brackets in one another, figures of a number, bytes of a file.

The one place where the project reads JSON. Everything that is wrong with a text is a `ValueError`, so that a caller who
handles damaged text handles hostile text too: Python's own reader raises RecursionError where brackets are nested too
deeply, and what it still reads may be too deep for whoever walks over it.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MAX_DEPTH = 100
"""Brackets in one another; Python's own bound is about a thousand calls, of which every walk takes some per bracket."""
MAX_FILE_BYTES = 2**28
"""Of a file that is read whole: the index of a large checkpoint has some MB, a tokeniser some dozens."""
PairsHook = Callable[[Sequence[tuple[str, object]]], object]
_DIGITS = re.compile(r"integer string conversion: value has (\d+) digits")


class UnreadableJsonError(ValueError):
    """The text may be JSON, but not of a kind that is read; the message says why."""


def read_json(
    text: str | bytes,
    *,
    pairs_hook: PairsHook | None = None,
    takes_long_numbers: bool = False,
    takes_control_characters: bool = False,
) -> object:
    """A JSON text's value.

    Args:
        text: bytes are UTF-8, or UTF-16 or UTF-32 by their first bytes.
        pairs_hook: makes each object of its keys and values; None for a dict.
        takes_long_numbers: read whole numbers of thousands of digits as infinite ones instead of refusing the text.
        takes_control_characters: such as line ends within strings, as models write them.

    Raises:
        ValueError: it is no JSON, too deep, or has a whole number of thousands of digits.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    parse_int = _int_or_infinity if takes_long_numbers else None
    with _within_bounds():
        value = json.loads(text, object_pairs_hook=pairs_hook, parse_int=parse_int, strict=not takes_control_characters)
    _check_depth(value, text.count("[") + text.count("{"))
    return value


def read_json_at(text: str, at: int, *, decoder: json.JSONDecoder) -> tuple[object, int]:
    """The value that begins at a place of a text, and where it ends.

    Raises:
        ValueError: as `read_json`.
    """
    with _within_bounds():
        value, end = decoder.raw_decode(text, at)
    _check_depth(value, text.count("[", at, end) + text.count("{", at, end))
    return value, end


def read_json_file(path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> object:
    """The value of a file that is JSON as a whole.

    Raises:
        OSError: it cannot be read.
        ValueError: as `read_json`; or it is larger than max_bytes.
    """
    with path.open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise UnreadableJsonError(f"it is larger than {max_bytes / 2**20:,.0f} MB")
    return read_json(content)


def read_json_object(path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> dict[str, Any]:
    """`read_json_file` of a file that holds one object.

    Raises:
        OSError: it cannot be read.
        ValueError: as `read_json_file`; or it holds something else.
    """
    value = read_json_file(path, max_bytes=max_bytes)
    if not isinstance(value, dict):
        raise UnreadableJsonError(f"it holds no JSON object but {type(value).__name__}")
    return value


def _check_depth(value: object, n_openings: int) -> None:
    """Refuse what is nested too deeply; a text with few opening brackets cannot be."""
    if n_openings <= MAX_DEPTH:
        return
    level = [value] if isinstance(value, list | dict) else []
    for _ in range(MAX_DEPTH):
        children = (child for item in level for child in (item.values() if isinstance(item, dict) else item))
        level = [child for child in children if isinstance(child, list | dict)]
        if not level:
            return
    raise _too_deep()


@contextmanager
def _within_bounds() -> Iterator[None]:
    """Say what Python's reader stops at."""
    try:
        yield
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        if (digits := _DIGITS.search(str(error))) is None:
            raise
        reason = f"a whole number of {int(digits[1]):,} digits, which is too long to be read"
        raise UnreadableJsonError(reason) from error


def _too_deep() -> UnreadableJsonError:
    return UnreadableJsonError(f"more than {MAX_DEPTH} brackets stand in one another")


def _int_or_infinity(digits: str) -> float:
    try:
        return int(digits)
    except ValueError:
        return float("-inf") if digits.startswith("-") else float("inf")
