"""The rows that one JSON object holds, and texts that only JSON can hold."""

import json
import logging
from pathlib import Path

import pandas as pd
import pytest

from farm.data.files.row_stream import file_notes, stream_rows
from farm.data.files.rows import DataError, read_rows

ROWS = [{"text": "Up?", "n": 1}, {"text": "Down.", "n": 2}]


def written(folder: Path, value: object, indent: int | None = None) -> Path:
    path = folder / "rows.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=indent))
    return path


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "value",
    [
        {"train": ROWS},
        {"train": ROWS[:1], "test": ROWS[1:], "validation": []},
        {"features": [], "rows": [{"row_idx": k, "row": row, "truncated_cells": []} for k, row in enumerate(ROWS)]},
        {"version": "1.0", "data": ROWS},
        {"text": ["Up?", "Down."], "n": [1, 2]},
        {"columns": ["text", "n"], "index": [7, 9], "data": [["Up?", 1], ["Down.", 2]]},
        {"text": {"0": "Up?", "1": "Down."}, "n": {"0": 1, "1": 2}},
    ],
)
def test_one_object_may_hold_the_rows(tmp_path: Path, value: object, indent: int | None) -> None:
    assert read_rows(written(tmp_path, value, indent)) == ROWS


@pytest.mark.parametrize("orient", ["columns", "split", "table", "index"])
def test_what_pandas_writes_is_read(tmp_path: Path, orient: str) -> None:
    path = tmp_path / "rows.json"
    pd.DataFrame(ROWS).to_json(path, orient=orient)
    assert [{name: row[name] for name in ROWS[0]} for row in read_rows(path)] == ROWS


@pytest.mark.parametrize(
    "value",
    [
        {"prompt": [{"role": "user", "content": "Up?"}], "chosen": [{"role": "assistant", "content": "Yes."}]},
        {"accuracy": 0.5, "n": 4},
        {"name": "a task", "examples": [{"input": "x"}]},
        {"a": [1, 2], "b": [1]},
        {},
    ],
)
def test_an_object_that_holds_no_rows_is_refused(tmp_path: Path, value: dict[str, object]) -> None:
    with pytest.raises(DataError, match="expected a list of objects, got one dict"):
        read_rows(written(tmp_path, value))


def test_splits_and_what_a_viewer_leaves_out_are_said(tmp_path: Path) -> None:
    path = written(tmp_path, {"train": ROWS, "test": ROWS})
    assert file_notes(path) == ["rows.json: 2 splits are read as one table: train (2), test (2)"]
    rows = [{"row": ROWS[0], "truncated_cells": ["text"]}, {"row": ROWS[1], "truncated_cells": []}]
    assert file_notes(written(tmp_path, {"rows": rows, "num_rows_total": 300})) == [
        "rows.json: it holds 2 of the dataset's 300 rows: the dataset viewer gives a page at a time",
        "rows.json: the dataset viewer has cut long cells short in 1 of 2 rows",
    ]


def test_half_an_emoji_is_replaced_wherever_it_stands_and_counted_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = '{"text": "a \\ud83d b", "list": ["\\ude00"], "deep": {"\\udc00": "\\ud83d\\ude00"}, "n": 1}'
    path = tmp_path / "rows.jsonl"
    path.write_text(text + "\n")
    with caplog.at_level(logging.WARNING):
        (row,) = stream_rows(path)
        list(stream_rows(path, is_again=True))
    assert row == {"text": "a \ufffd b", "list": ["\ufffd"], "deep": {"\ufffd": "\U0001f600"}, "n": 1}
    assert [record.getMessage().partition(": ")[2][:31] for record in caplog.records] == [
        "3 texts hold half of an emoji o"
    ]


@pytest.mark.parametrize("text", ["[" * 100_000, '[{"n": ' + "9" * 5000 + "}]"])
@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl"])
def test_json_that_python_cannot_hold_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=r"brackets|digits"):
        read_rows(tmp_path / name)


def test_missing_numbers_in_lists_and_objects_are_none(tmp_path: Path) -> None:
    assert read_rows(written(tmp_path, '[{"a": NaN, "b": [NaN, 1], "c": {"d": NaN}}]')) == [
        {"a": None, "b": [None, 1], "c": {"d": None}}
    ]


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl"])
@pytest.mark.parametrize("opening", ["", "["])
def test_a_number_of_thousands_of_figures_is_refused_in_words_of_files(tmp_path: Path, name: str, opening: str) -> None:
    path = tmp_path / name
    path.write_text(f'{opening}{{"n": {"7" * 5000}}}{"]" if opening else ""}')
    with pytest.raises(DataError, match="a whole number of 5,000 digits, which is too long to be read") as refusal:
        read_rows(path)
    assert "sys." not in str(refusal.value)
