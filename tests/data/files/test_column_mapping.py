import json
from pathlib import Path

import pytest

from farm.data.files.column_mapping import ColumnMapping, mapping_of
from farm.data.files.rows import DataError

HERE = Path("table")
ROW = {"q": {"text": "Name a sea."}, "a.b": "Baltic", "turns": [{"content": "x"}, {"content": "Nile"}], "label": "A"}


def test_a_name_may_be_a_column_or_lead_into_a_cell() -> None:
    for last in ("turns.-1.content", "turns[-1].content", "turns.1.content"):
        columns = ColumnMapping(instruction="q.text", output_1="a.b", output_2=last, model="label")
        (row,) = columns.renamed([ROW], HERE)
        assert (row["instruction"], row["output_1"], row["output_2"]) == ("Name a sea.", "Baltic", "Nile")
        # What outputs' files call a model, and the other columns stay.
        assert row["generator"] == "A" and row["turns"] == ROW["turns"]


def test_cells_of_text_that_hold_json_are_looked_into() -> None:
    (row,) = ColumnMapping(instruction="q.text").renamed([{"q": json.dumps(ROW["q"])}], HERE)
    assert row["instruction"] == "Name a sea."


def test_a_path_that_ends_early_leaves_the_cell_missing() -> None:
    paths = ("q.text.more", "turns.7.content", "q.other", "label.x")
    for path in paths:
        (row,) = ColumnMapping(instruction=path).renamed([ROW], HERE)
        assert row["instruction"] is None, path


def test_names_may_be_exchanged_and_our_own_names_stay() -> None:
    columns = ColumnMapping(output_1="output_2", output_2="output_1")
    (row,) = columns.renamed([{"instruction": "i", "output_1": "x", "output_2": "y"}], HERE)
    assert row == {"instruction": "i", "output_1": "y", "output_2": "x"}


def test_a_name_that_is_no_column_is_refused_with_the_columns_there_are() -> None:
    named = r"no column for columns\.instruction=question; the file has the columns a\.b, label, q, turns"
    with pytest.raises(DataError, match=named):
        list(ColumnMapping(instruction="question", output_1="a.b").renamed([ROW], HERE))
    # A column of JSON Lines may begin later.
    rows = list(ColumnMapping(instruction="late").renamed([ROW, {"late": "now"}], HERE))
    assert [row["instruction"] for row in rows] == [None, "now"]


@pytest.mark.parametrize(
    ("label", "means"),
    [
        ("A", 1),
        (" a ", 1),
        ("tie", 1.5),
        ("error", None),
        (2, 2),
        (2.0, 2),
        ("2", 2),
        (True, 1),
        (None, None),
        ("", None),
    ],
)
def test_labels_mean_what_is_said(label: object, means: float | None) -> None:
    meanings = {"A": 1.0, "TIE": 1.5, "error": None, "2": 2.0, "True": 1.0}
    columns = ColumnMapping(preference="label", preference_values=meanings)
    (row,) = columns.renamed([{"label": label}], HERE)
    assert row["preference"] == means


def test_a_label_of_unknown_meaning_and_a_meaning_outside_the_scale_are_refused() -> None:
    columns = ColumnMapping(preference="label", preference_values={"B": 2})
    with pytest.raises(DataError, match="table: row 1: nothing says what the label 'A' means; preference_values has b"):
        list(columns.renamed([ROW], HERE))
    with pytest.raises(ValueError, match="'B' means -1; expected a number from 1"):
        ColumnMapping(preference_values={"B": -1})


def test_of_several_files_the_mapping_concerns_those_that_have_its_columns(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs.jsonl", tmp_path / "ours.jsonl"
    theirs.write_text(json.dumps(ROW))
    ours.write_text(json.dumps({"instruction": "i"}))
    columns = ColumnMapping(instruction="q.text")
    assert mapping_of(columns, [ours, theirs, None]) == [None, columns, None]
    assert mapping_of(ColumnMapping(), [ours, theirs]) == [None, None]
    with pytest.raises(DataError, match=r"ours\.jsonl: no column for columns\.instruction=q\.text"):
        mapping_of(columns, [ours])


def test_columns_that_only_happen_to_have_our_names_are_left_out() -> None:
    row = {"q": "i", "dataset": {"name": "x"}, "input": ["context"], "annotator": "w1", "chosen": [{"role": "user"}]}
    (renamed,) = ColumnMapping(instruction="q").renamed([row], HERE)
    assert renamed == {"q": "i", "instruction": "i", "annotator": "w1", "chosen": [{"role": "user"}]}
    (renamed,) = ColumnMapping(instruction="q", dataset="dataset.name").renamed([row], HERE)
    assert renamed["dataset"] == "x"
