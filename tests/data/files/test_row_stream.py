"""Streaming reads what `read_rows` reads, and says what is wrong where it is."""

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from farm.data.files import json_rows
from farm.data.files.row_stream import stream_rows
from farm.data.files.rows import DataError, read_rows

ROWS = [
    {
        "instruction": 'say "hi"\u2028é',
        "output": "😀\r\nline, two",
        "n": k,
        "score": k / 4,
        "none": None,
        "tags": ["a", {}],
    }
    for k in range(57)
]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that cut through strings, escapes and numbers."""
    monkeypatch.setattr(json_rows, "BLOCK_CHARACTERS", 37)


@pytest.mark.parametrize("indent", [None, 0, 3])
@pytest.mark.parametrize("is_ascii", [True, False])
def test_a_json_list_is_read_object_by_object(tmp_path: Path, indent: int | None, is_ascii: bool) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(ROWS, indent=indent, ensure_ascii=is_ascii) + "\n")
    assert list(stream_rows(path)) == ROWS == read_rows(path)


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.ndjson.gz"])
def test_json_lines_whatever_they_are_called(tmp_path: Path, name: str) -> None:
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    assert list(stream_rows(path)) == ROWS == read_rows(path)


def test_csv_and_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame([{k: v for k, v in row.items() if k not in ("tags", "none")} for row in ROWS])
    frame.loc[3, "score"] = float("nan")
    frame.to_parquet(tmp_path / "rows.parquet")
    for name, separator in (("rows.csv", ","), ("rows.tsv", "\t")):
        frame.to_csv(tmp_path / name, index=False, sep=separator)
    for name in ("rows.csv", "rows.tsv", "rows.parquet"):
        assert list(stream_rows(tmp_path / name)) == read_rows(tmp_path / name)
    assert list(stream_rows(tmp_path / "rows.parquet"))[3]["score"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        (" \n\n ", "the file is empty"),
        ('{"a": 1}', "expected a list of objects, got one dict"),
        ('[{"a": 1},\n{"a": 2}', "line 2: the file ends inside the list"),
        ('[{"a": 1},\n{"a": 2},', "line 2: the file ends inside the list"),
        ('[{"a": 1},\n\n{"a": "x', r"line 3 \(row 2\): Unterminated string"),
        ('[{"a": 1}\n{"a": 2}]', "line 2: expected ',' or ']' after row 1"),
        ('[{"a": 1},\n]', r"line 2 \(row 2\): Expecting value"),
        ('[{"a": 1}]\n[]', "line 1: there is more after the end"),
        ('[{"a": 1}, 7]', "row 2: expected an object with named fields, got 7"),
        ('[{"a": 1},\n{"a": oops, "b": "' + "x" * 99 + '"}]', r"line 2 \(row 2\): Expecting value"),
        ('[{"a": 1, "a": 2}]', r"\(row 1\): the key 'a' stands twice"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_json(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rows.json"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        list(stream_rows(path))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.jsonl", b'{"a": 1}\n{"a": 2\n', "line 2"),
        ("rows.jsonl", b'{"a": 1}\n\n[1]', "row 2: expected an object"),
        ("rows.jsonl", b"\n\n", "empty"),
        ("rows.csv", b"", "empty"),
        ("rows.csv", b"a,a\n1,2", "names a column twice"),
        ("rows.csv", b"a,b\n1,2\n3", "row 2: expected 2 cells as in the header, got 1"),
        ("rows.csv", b'a,b\n"1,2\n3', "near line"),
        ("rows.csv", b"a\n\xff\n", "expected UTF-8 text"),
        ("rows.json.gz", b"[1", "cannot be read"),
        ("rows.json.gz", gzip.compress(b"[" * 99, mtime=0)[:-9], "cannot be read"),
        ("rows.parquet", b"PAR1", "cannot be read as Parquet"),
        ("rows.xlsx", b"", "unknown format"),
    ],
)
def test_what_is_wrong_with_other_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(stream_rows(tmp_path / name))


def test_a_missing_file_names_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "paris.json").write_text("[]")
    with pytest.raises(DataError, match=r"no such file.*holds paris\.json"):
        list(stream_rows(tmp_path / "pairs.json"))
    assert list(stream_rows(tmp_path / "paris.json")) == []


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xef\xbb\xbfinstruction\nhi\n")
    assert list(stream_rows(path)) == [{"instruction": "hi"}]
