"""Files that are one table: shards, splits, what `datasets` saves, packed and encoded text."""

import bz2
import gzip
import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from farm.data.files.open_files import open_binary
from farm.data.files.row_stream import column_schema, file_notes
from farm.data.files.rows import DataError, read_rows
from farm.data.files.table_files import format_of, is_table, not_there, tables_below, writable_format_of

ROWS = [{"text": "Wie spät?", "n": 1}, {"text": "Zu früh.", "n": 2}]


def arrow(path: Path, rows: list[dict[str, object]]) -> None:
    """As `datasets` writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)


def saved(folder: Path, *shards: list[dict[str, object]]) -> Path:
    """As `Dataset.save_to_disk` lays it out."""
    names = [f"data-{k:05d}-of-{len(shards):05d}.arrow" for k in range(len(shards))]
    for name, rows in zip(names, shards, strict=True):
        arrow(folder / name, rows)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names]}))
    (folder / "dataset_info.json").write_text("{}")
    return folder


def test_a_saved_dataset_is_one_table(tmp_path: Path) -> None:
    folder = saved(tmp_path / "ds", ROWS[:1], ROWS[1:])
    (folder / "cache-1234.arrow").write_bytes(b"left by map()")
    assert is_table(folder) and read_rows(folder) == ROWS and format_of(folder) == ".arrow"
    assert tables_below(tmp_path) == [folder] and file_notes(folder) == []
    (folder / "data-00001-of-00002.arrow").unlink()
    with pytest.raises(DataError, match=r"1 of its 2 files are missing: data-00001-of-00002\.arrow"):
        read_rows(folder)


def test_the_splits_of_a_saved_dataset_dict_are_read_together_or_one_by_one(tmp_path: Path) -> None:
    saved(tmp_path / "train", ROWS[:1])
    saved(tmp_path / "held_out", ROWS[1:])
    (tmp_path / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "held_out"]}))
    assert read_rows(tmp_path) == ROWS and read_rows(tmp_path / "held_out") == ROWS[1:]
    assert file_notes(tmp_path) == [f"{tmp_path.name}: 2 splits are read as one table: train, held_out"]


def test_the_shards_of_a_split_are_one_table_and_none_may_be_missing(tmp_path: Path) -> None:
    for k, row in enumerate(ROWS):
        pd.DataFrame([row]).to_parquet(tmp_path / f"train-0000{k}-of-00002.parquet")
    whole = tmp_path / "train-*-of-00002.parquet"
    assert tables_below(tmp_path) == [whole] and read_rows(whole) == ROWS == read_rows(tmp_path)
    assert column_schema(whole) == pa.schema([("text", pa.string()), ("n", pa.int64())])
    (tmp_path / "train-00000-of-00002.parquet").unlink()
    with pytest.raises(DataError, match=r"1 of its 2 files are missing: train-00000-of-00002\.parquet"):
        read_rows(whole)


def test_a_saved_dataset_without_files_says_so(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"_data_files": []}')
    with pytest.raises(DataError, match="lists no files with rows"):
        read_rows(tmp_path)


def test_a_folder_of_different_tables_is_no_dataset(tmp_path: Path) -> None:
    for name in ("train.jsonl", "people.jsonl"):
        (tmp_path / name).write_text('{"text": "a"}\n')
    assert not is_table(tmp_path)
    with pytest.raises(DataError, match="expected a file, this is a folder; it holds people"):
        read_rows(tmp_path)
    (tmp_path / "people.jsonl").rename(tmp_path / "test.jsonl")
    assert read_rows(tmp_path) == [{"text": "a"}, {"text": "a"}]


@pytest.mark.parametrize(
    ("ending", "pack"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress), (".zst", pa.Codec("zstd").compress)],
)
def test_packed_text_is_unpacked(tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"rows.jsonl{ending}"
    with open_binary(path, "wb") as stream:
        stream.write("\n".join(map(json.dumps, ROWS)).encode())
    assert read_rows(path) == ROWS
    path.write_bytes(bytes(pack(b'{"text": "a"}\n' * 2000))[:-9])
    with pytest.raises(DataError, match="cannot be read"):
        read_rows(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl", "rows.csv"])
def test_every_unicode_encoding_is_read(tmp_path: Path, encoding: str, name: str) -> None:
    lines = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS)
    csv = "text,n\r\n" + "".join(f"{row['text']},{row['n']}\r\n" for row in ROWS)
    text = {".json": json.dumps(ROWS, ensure_ascii=False), ".jsonl": lines, ".csv": csv}[Path(name).suffix]
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert [str(row["text"]) for row in read_rows(tmp_path / name)] == ["Wie spät?", "Zu früh."]


def test_feather_files_are_arrow_files_too(tmp_path: Path) -> None:
    pyarrow.feather.write_feather(pa.Table.from_pylist(ROWS), tmp_path / "rows.arrow")
    assert read_rows(tmp_path / "rows.arrow") == ROWS
    (tmp_path / "rows.arrow").write_bytes(b"neither")
    with pytest.raises(DataError, match="cannot be read as Arrow"):
        read_rows(tmp_path / "rows.arrow")
    with pytest.raises(DataError, match="are read, not written"):
        writable_format_of(tmp_path / "rows.arrow")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("text;n\nYes, but; 1\n", "semicolons"),
        ("text\tn\nYes, but\t1\n", "tabs"),
        ("text|n\nYes, but|1\n", "vertical bars"),
        ("sep=;\ntext;n\nYes, but;1\n", "semicolons"),
    ],
)
def test_the_delimiter_is_found_and_said(tmp_path: Path, text: str, note: str) -> None:
    (tmp_path / "rows.csv").write_text(text)
    (row,) = read_rows(tmp_path / "rows.csv")
    assert row["text"] == "Yes, but" and set(row) == {"text", "n"}
    assert file_notes(tmp_path / "rows.csv") == [f"rows.csv: its cells are parted by {note}, as its header shows"]


def test_carriage_returns_end_lines_and_empty_lines_are_none(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(b"\r\rtext,n\rup,1\r\rdown,2\r")
    assert read_rows(tmp_path / "rows.csv") == [{"text": "up", "n": "1"}, {"text": "down", "n": "2"}]


def test_a_single_column_needs_no_delimiter(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text\nYes; no\n")
    assert read_rows(tmp_path / "rows.csv") == [{"text": "Yes; no"}] and file_notes(tmp_path / "rows.csv") == []


def test_decimals_and_categories_are_numbers_and_text(tmp_path: Path) -> None:
    table = pa.table(
        {
            "preference": pa.array([1, 2, None], type=pa.decimal128(4, 1)),
            "grade": pa.array(["1.5", "1.25", None]).cast(pa.decimal128(6, 2)),
            "who": pa.array(["a", "b", "a"]).dictionary_encode(),
            "id": pa.array([2**64 - 1, 0, 1], type=pa.uint64()),
        }
    )
    pa.parquet.write_table(table, tmp_path / "rows.parquet", compression="zstd")
    rows = read_rows(tmp_path / "rows.parquet")
    assert [row["preference"] for row in rows] == [1, 2, None] and [row["grade"] for row in rows] == [1.5, 1.25, None]
    assert rows[0] == {"preference": 1, "grade": 1.5, "who": "a", "id": 2**64 - 1}
    schema = column_schema(tmp_path / "rows.parquet")
    assert schema is not None and schema.types == [pa.float64(), pa.float64(), pa.string(), pa.uint64()]


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    table = pa.table([pa.array([1]), pa.array([2])], names=["n", "n"])
    pa.parquet.write_table(table, tmp_path / "twice.parquet")
    with pytest.raises(DataError, match="the columns name 'n' twice"):
        read_rows(tmp_path / "twice.parquet")


def test_what_is_there_and_is_no_file_is_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "loop.json").symlink_to("loop.json")
    assert "this is a named pipe" in not_there(tmp_path / "pipe.json")
    assert "this is a device" in not_there(Path("/dev/null"))
    assert "this link leads to nothing" in not_there(tmp_path / "loop.json")
