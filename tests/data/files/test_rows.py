import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from farm.data.files.rows import DataError, FileRow, read_records, read_rows


class Row(FileRow):
    text: str
    score: float | None = None
    count: int = 0


ROWS = [{"text": "a\u2028b", "score": 1.5, "count": 2}, {"text": "", "score": None, "count": 0}]
EXPECTED = [Row(text="a\u2028b", score=1.5, count=2), Row(text="", score=None, count=0)]


def error_of(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_records(path, Row)
    return str(caught.value)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "name", ["a.json", "a.jsonl", "a.csv", "a.tsv", "a.parquet", "a.json.gz", "a.jsonl.gz", "b.json"]
)
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS)
    if ".parquet" in name:
        pd.DataFrame(ROWS).to_parquet(path)
    elif ".csv" in name or ".tsv" in name:
        pd.DataFrame(ROWS).to_csv(path, index=False, sep="\t" if "tsv" in name else ",")
    else:
        # b.json: one object a line under a name that promises a list.
        text = json.dumps(ROWS) if name.startswith("a.json") and "jsonl" not in name else lines
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    assert read_records(path, Row) == EXPECTED


def test_a_wrong_field_is_named_with_file_row_expectation_and_value(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.json", json.dumps([{"text": "a"}, {"text": 3}, {"text": "b", "score": "high"}]))
    message = error_of(path)
    assert "rows.json: 2 of 3 rows" in message
    assert "row 2, field `text`: expected a valid string, got 3" in message
    assert "row 3, field `score`: expected a valid number, got 'high'" in message


def test_types_are_strict(tmp_path: Path) -> None:
    path = write(
        tmp_path / "rows.json", json.dumps([{"text": "a", "score": "1"}, {"text": True}, {"text": "", "score": True}])
    )
    assert error_of(path).count("expected a valid") == 3


def test_a_missing_field_lists_what_is_there(tmp_path: Path) -> None:
    message = error_of(write(tmp_path / "rows.jsonl", '{"txt": "a", "count": 1}\n'))
    assert "row 1: expected the fields text; it has only count, txt" in message


def test_many_bad_rows_are_counted_but_not_all_shown(tmp_path: Path) -> None:
    message = error_of(write(tmp_path / "rows.json", json.dumps([{"text": k} for k in range(57)])))
    assert "57 of 57 rows" in message
    assert len(message.splitlines()) == 12 and message.endswith("and 47 other things in further rows")


def test_what_is_wrong_with_many_rows_is_said_once(tmp_path: Path) -> None:
    message = error_of(write(tmp_path / "rows.json", json.dumps([{"count": 1}] * 57 + [{"text": 1, "count": 1}])))
    assert message.splitlines()[1:] == [
        "  row 1 and 56 more: expected the fields text; it has only count",
        "  row 58, field `text`: expected a valid string, got 1",
    ]


def test_a_missing_file_says_what_is_there_instead(tmp_path: Path) -> None:
    write(tmp_path / "sft.json", "[]")
    message = error_of(tmp_path / "stf.json")
    assert "stf.json: no such file" in message and "sft.json" in message
    assert str(tmp_path) + " holds" in error_of(tmp_path / "no" / "where" / "a.json")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.json", b'[{"text": "a"},]', "not valid JSON at line 1"),
        ("a.jsonl", b'{"text": "a"}\n{"text"\n', "not valid JSON at line 2"),
        ("a.json", b'{"data": []}', "expected a list of objects, got one dict with the keys ['data']"),
        ("a.json", b"[1, 2]", "row 1: expected an object with named fields, got 1"),
        ("a.json", b"", "the file is empty"),
        ("a.json", b'[{"text": "\xff"}]', "expected UTF-8 text, got b'\\xff'"),
        ("a.json.gz", b"not gzip", "cannot be read"),
        ("a.parquet", b"not parquet", "cannot be read as Parquet"),
        ("a.csv", b"text,score\na,1,2\n", "row 1: expected 2 cells as in the header, got 3"),
        ("a.csv", b"text,text\na,b\n", "the header names a column twice"),
        ("a.txt", b"text", "unknown format"),
        ("a.json", b'[{"text": "a", "text": "b"}]', "the key 'text' stands twice in one object, with 'a' and 'b'"),
    ],
)
def test_damaged_files_say_what_is_wrong(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    (tmp_path / name).write_bytes(content)
    message = error_of(tmp_path / name)
    assert expected in message and name in message


def test_a_byte_order_mark_and_a_repeated_equal_key_are_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'\xef\xbb\xbf[{"text": "a", "text": "a"}]')
    assert read_records(path, Row) == [Row(text="a")]


def test_nan_is_a_missing_value(tmp_path: Path) -> None:
    assert read_rows(write(tmp_path / "a.json", '[{"score": NaN}]')) == [{"score": None}]


def test_a_truncated_gzip_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(json.dumps([{"text": "abc"}] * 100).encode())[:-20])
    assert "cannot be read" in error_of(tmp_path / "a.json.gz")
