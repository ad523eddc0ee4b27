"""JSON from outside: read as Python reads it, refused as a ValueError where it would break who walks over it."""

import json
from pathlib import Path

import pytest

from farm.bounded.json_text import MAX_DEPTH, UnreadableJsonError, read_json, read_json_at, read_json_file

DEEP = ["[" * 200_000, '{"a":' * 200_000, '[{"a":' * 50_000, "[" * 3000 + "]" * 3000, "[" * 101 + "]" * 101]


@pytest.mark.parametrize("text", ['{"a": [1, 2.5, null, "é"]}', "[]", "3", '"[[["', "[" * 100 + "]" * 100])
def test_what_python_reads_is_read(text: str) -> None:
    assert read_json(text) == json.loads(text)
    assert read_json(text.encode("utf-16")) == json.loads(text)


@pytest.mark.parametrize("text", DEEP)
def test_brackets_in_one_another_are_refused_as_damaged_text_is(text: str) -> None:
    with pytest.raises(ValueError, match=rf"more than {MAX_DEPTH} brackets stand in one another|Expecting"):
        read_json(text)
    with pytest.raises(ValueError, match=rf"more than {MAX_DEPTH} brackets stand in one another|Expecting"):
        read_json_at(f"x{text}", 1, decoder=json.JSONDecoder())


def test_many_brackets_beside_one_another_are_nothing_special() -> None:
    assert len(read_json("[" + "[[]]," * 5000 + "{}]")) == 5001  # type: ignore[arg-type]


def test_a_number_of_thousands_of_digits_is_named_or_infinite() -> None:
    with pytest.raises(UnreadableJsonError, match=r"^a whole number of 5,000 digits, which is too long to be read$"):
        read_json("[" + "9" * 5000 + "]")
    assert read_json("[7, " + "9" * 5000 + ", -" + "9" * 5000 + "]", takes_long_numbers=True) == [
        7, float("inf"), float("-inf"),
    ]  # fmt: skip


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps("x" * 1000))
    assert read_json_file(tmp_path / "a.json", max_bytes=1002) == "x" * 1000
    with pytest.raises(UnreadableJsonError, match="it is larger than"):
        read_json_file(tmp_path / "a.json", max_bytes=1001)
