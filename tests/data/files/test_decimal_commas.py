"""Decimal commas are read in the columns of numbers of files whose cells are parted by semicolons, and nowhere else."""

from pathlib import Path

import pytest

from farm.data.files.row_stream import file_notes, stream_rows


def written(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_column_of_numbers_is_read_and_the_note_names_those_with_commas(tmp_path: Path) -> None:
    path = written(tmp_path, "item_id;output_1;preference;score_1;n\n1;3,5;1,0;-7,25;3\n2;0,5;2;n/a;4\n3;1;1,5;,5;5\n")
    rows = list(stream_rows(path))
    assert [row["preference"] for row in rows] == ["1.0", "2", "1.5"]
    assert [row["score_1"] for row in rows] == ["-7.25", "n/a", ".5"]
    # An answer that is a number is a text still.
    assert [row["output_1"] for row in rows] == ["3,5", "0,5", "1"]
    assert file_notes(path)[1:] == ["table.csv: decimal commas are read as points in preference, score_1"]


@pytest.mark.parametrize("cells", [("1,5", "yes"), ("1.234,5", "2"), ("1,2,3", "4,5")])
def test_a_column_of_which_half_is_no_number_is_one_of_texts(tmp_path: Path, cells: tuple[str, str]) -> None:
    path = written(tmp_path, f"item_id;grade\n1;{cells[0]}\n2;{cells[1]}\n")
    assert tuple(row["grade"] for row in stream_rows(path)) == cells
    assert len(file_notes(path)) == 1


def test_a_word_among_numbers_does_not_make_a_column_one_of_texts(tmp_path: Path) -> None:
    path = written(tmp_path, "item_id;preference\n1;1,0\n2;tie\n3;2,0\n")
    assert [row["preference"] for row in stream_rows(path)] == ["1.0", "tie", "2.0"]


def test_percent_signs_exponents_and_plus_minus_stay(tmp_path: Path) -> None:
    path = written(tmp_path, "a;b;c\n80,5%;1,5e-3;\u00b10,5\n70%;2;+-1\n")
    assert next(stream_rows(path)) == {"a": "80.5%", "b": "1.5e-3", "c": "\u00b10.5"}


def test_other_delimiters_have_no_decimal_commas(tmp_path: Path) -> None:
    path = written(tmp_path, "a\tb\n1,5\t2\n", "table.tsv")
    assert next(stream_rows(path)) == {"a": "1,5", "b": "2"} and file_notes(path) == []


def test_a_hint_of_the_delimiter_is_no_header(tmp_path: Path) -> None:
    path = written(tmp_path, "sep=;\na;b\n1,5;2\n")
    assert next(stream_rows(path)) == {"a": "1.5", "b": "2"}
