import io
import sys
from contextlib import redirect_stdout

import pytest

from farm.plain_text import PlainStream, one_line, plain_streams, raw_stream, say, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9bm \x07 \x7f \x00", "\\x9bm \\x07 \\x7f \\x00"),
        ("\u202ex\u200b\ufeff", "\\u202ex\\u200b\\ufeff"),
        ("half \ud83d", "half \\ud83d"),
        ("a\tb\u2028c\xa0d\r\ne\rf", "a b c d\ne\nf"),
        ("a\u115fb\u3164c\uffa0d\u2800", "a\\u115fb\\u3164c\\uffa0d\\u2800"),
        ("gpt-4\ufe0f \U000e0100 ❤\ufe0f 1\ufe0f\u20e3", "gpt-4\\ufe0f \\U000e0100 ❤\ufe0f 1\ufe0f\u20e3"),
        ("naïve 漢字 👩 -1.5 [0, 1]", "naïve 漢字 👩 -1.5 [0, 1]"),
    ],
)
def test_what_would_be_obeyed_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_names_that_differ_never_look_alike() -> None:
    assert len({one_line(name) for name in ("gpt-4", "gpt-4\u200b", "\ufeffgpt-4", "gpt\x08-4", "gpt\x7f-4")}) == 5


def test_a_line_is_one_line() -> None:
    with redirect_stdout(io.StringIO()) as out:
        say("  model\nfarm: all is well\r\n.  end")
    assert out.getvalue() == "  model farm: all is well .  end\n"


def test_within_it_nothing_else_reaches_the_terminal_and_bars_have_the_stream_itself() -> None:
    with redirect_stdout(io.StringIO()) as out:
        with plain_streams(), plain_streams():
            print("\x1b[2J")
            print("\x1b[K", file=raw_stream(sys.stdout))
        print("\x1b")
    assert out.getvalue() == "\\x1b[2J\n\x1b[K\n\x1b\n"


def test_signs_that_the_terminal_lacks_are_shown_too() -> None:
    raw = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\n")
    PlainStream(raw).write("é \x1b")
    raw.flush()
    assert raw.buffer.getvalue() == b"\\xe9 \\x1b"  # type: ignore[attr-defined]
