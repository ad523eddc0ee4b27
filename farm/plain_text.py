"""Foreign text as text: what a terminal, a page or a spreadsheet would take for an order is shown, and does nothing.

Names of models and annotators, instructions, replies of servers and names of files come from outside. Control and
format characters (escape sequences, C1 bytes, bidirectional overrides, zero-width characters, halves of surrogate
pairs) are written as Python writes them, `\\x1b`, so that two names that differ never look alike.
"""

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_NOT_PRINTABLE = re.compile(r"[^ -~\n]")
"""What may need a second look; ASCII text needs none."""
_BLANK = re.compile(r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0]")
"""What is printable for Python and is drawn as nothing: fillers, joiners, the empty braille pattern."""
_VARIATIONS = r"\ufe00-\ufe0f\U000e0100-\U000e01ef"
_LONE_VARIATION = re.compile(rf"(?<![^\x00-\x7f{_VARIATIONS}])[{_VARIATIONS}](?!\u20e3)")
"""A variation selector that varies no sign before it, as it does in emoji."""


def visible(text: str) -> str:
    """The text with every control and format character shown; ends of lines stay, other white space is a space."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    lines = _LONE_VARIATION.sub(lambda match: _escaped(match[0]), lines)
    return _NOT_PRINTABLE.sub(lambda match: _shown(match[0]), lines)


def one_line(text: str) -> str:
    """The same on one line, without white space at its ends or twice in a row."""
    return " ".join(visible(text).split())


def cell(text: str) -> str:
    """The same on one line, with its white space: an end of line in a name begins no line of its own."""
    return visible(text).replace("\n", " ")


def say(text: str, *, is_error: bool = False) -> None:
    """Print one line."""
    print(cell(text), file=sys.stderr if is_error else sys.stdout, flush=True)


def raw_stream(stream: TextIO) -> TextIO:
    """The stream for farm's own bars of progress, which move the cursor."""
    return stream.raw if isinstance(stream, PlainStream) else stream


@contextmanager
def plain_streams() -> Iterator[None]:
    """Within it, nothing but text reaches the terminal, whoever prints: commands, warnings, libraries."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = PlainStream(raw_stream(sys.stdout)), PlainStream(raw_stream(sys.stderr))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class PlainStream(io.TextIOBase, TextIO):
    """A stream that passes on nothing but text."""

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.raw.encoding or "utf-8"

    def write(self, text: str, /) -> int:
        self.raw.write(visible(text).encode(self.encoding, "backslashreplace").decode(self.encoding))
        return len(text)

    def flush(self) -> None:
        self.raw.flush()

    def isatty(self) -> bool:
        return self.raw.isatty()

    def fileno(self) -> int:
        return self.raw.fileno()

    def writable(self) -> bool:
        return True


def _shown(character: str) -> str:
    if character.isprintable() and not _BLANK.match(character):
        return character
    return " " if character.isspace() and character not in "\x1c\x1d\x1e\x1f\x85" else _escaped(character)


def _escaped(character: str) -> str:
    return ascii(character)[1:-1]
