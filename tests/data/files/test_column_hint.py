"""Columns in capitals are refused with the settings that read them."""

from pathlib import Path

import pytest

from farm.data.comparison_files import checked_stream
from farm.data.comparisons import ComparisonRow
from farm.data.files.column_hint import column_hint
from farm.data.files.column_mapping import ColumnMapping, mapped_records
from farm.data.files.rows import DataError
from farm.data.layouts.outputs import OutputRow
from farm.labels.read import read_annotations
from tests.data.layouts.one_pair import ASKED, CHOSEN, REJECTED, TEXTS, write


def test_only_names_that_differ_in_case_are_hinted_at() -> None:
    assert column_hint(["prompt", "Prompt", "chosen", "rejected", "Source"]) == ""
    assert "columns.instruction=Question columns.output_1=Output-1 reads" in column_hint(["Question", "Output-1", "x"])
    assert "'columns.output_2=Output 2' reads" in column_hint(["Output 2"])


@pytest.mark.parametrize("name", ["Prompt", "QUESTION"])
def test_a_prompt_in_capitals_is_refused_with_its_setting(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", {name: ASKED, **TEXTS})
    with pytest.raises(DataError, match=f"columns.instruction={name} reads"):
        read_annotations(path)
    frame = read_annotations(path, columns=ColumnMapping(instruction=name))
    assert frame["instruction"].tolist() == [ASKED]


def test_a_pair_in_capitals_is_refused_with_its_settings(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", {"Prompt": ASKED, "Chosen": CHOSEN, "Rejected": REJECTED})
    with pytest.raises(DataError) as error:
        read_annotations(path)
    assert "columns.instruction=Prompt columns.chosen=Chosen columns.rejected=Rejected reads these" in str(error.value)


def test_no_hint_where_something_else_is_wrong(tmp_path: Path) -> None:
    row = {"instruction": ASKED, "output_1": CHOSEN, "output_2": REJECTED, "annotator": "a", "annotator_kind": "llm",
           "preference": 7.5, "Rating": 3}  # fmt: skip
    with pytest.raises(DataError) as error:
        read_annotations(write(tmp_path / "t.jsonl", row, {**row, "preference": 1}, {**row, "preference": 2}))
    assert "columns." not in str(error.value)


def test_comparisons_and_outputs_in_capitals_are_refused_with_their_settings(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", {"Instruction": ASKED, "output_1": CHOSEN, "output_2": REJECTED})
    with pytest.raises(DataError, match="instruction=Instruction reads these"):
        list(checked_stream(path, ComparisonRow))
    with pytest.raises(DataError, match="instruction=Instruction reads these"):
        mapped_records(path, OutputRow, None)
