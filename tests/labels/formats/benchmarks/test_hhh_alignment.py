import json
from pathlib import Path

import pandas as pd
import pytest

from farm.data.files.rows import DataError
from farm.labels.read import read_annotations

PROMPT = """###Task Description:
Grade it.

###The instruction to evaluate:
{instruction}

###Response to evaluate:
{answer}

###Score Rubrics:
[Is it a fruit?]
Score 1: no.

###Feedback: """


def better(frame: pd.DataFrame) -> list[str]:
    return frame["output_1"].where(frame["preference"] == 1, frame["output_2"]).tolist()


def test_filled_prompts_are_taken_apart(tmp_path: Path) -> None:
    instruction = "Name a fruit.\n\nA round one."
    filled = {
        "source": "helpful",
        "chosen_instruction": PROMPT.format(instruction=instruction, answer="A fig.\n\nOr a plum."),
        "rejected_instruction": PROMPT.format(instruction=instruction, answer="An oak."),
    }
    (tmp_path / "hhh.json").write_text(json.dumps([filled]))
    frame = read_annotations(tmp_path)
    assert frame["instruction"].tolist() == [instruction]
    assert better(frame) == ["A fig.\n\nOr a plum."]
    assert frame["dataset"].tolist() == ["hhh_alignment/helpful"]
    (tmp_path / "hhh.json").write_text(json.dumps([filled, {**filled, "rejected_instruction": "An oak."}]))
    with pytest.raises(DataError, match=r"row 2, field `rejected_instruction`: expected the headings"):
        read_annotations(tmp_path)


def test_the_hubs_and_bigbenchs_forms_are_read(tmp_path: Path) -> None:
    hub = {"input": "Name a fruit.", "targets": {"choices": ["An oak.", "A fig."], "labels": [0, 1]}}
    (tmp_path / "honest.jsonl").write_text(json.dumps(hub))
    (tmp_path / "harmless").mkdir()
    task = {"name": "hhh", "examples": [{"input": "Name a tree.", "target_scores": {"An elm.": 1, "A fig.": 0}}]}
    (tmp_path / "harmless" / "task.json").write_text(json.dumps(task))
    frame = read_annotations(tmp_path)
    assert sorted(zip(frame["dataset"], better(frame), strict=True)) == [
        ("hhh_alignment/harmless", "An elm."), ("hhh_alignment/honest", "A fig.")
    ]  # fmt: skip
    undecided = {"input": "Name a fruit.", "targets": {"choices": ["An oak.", "A fig."], "labels": [1, 1]}}
    (tmp_path / "honest.jsonl").write_text(json.dumps(undecided))
    with pytest.raises(DataError, match=r"honest\.jsonl: row 1: expected two answers, one of them marked better"):
        read_annotations(tmp_path / "honest.jsonl")


def test_the_original_file_has_the_pairs_of_the_normalised_table(humandata: Path) -> None:
    frame = read_annotations(humandata / "raw/hhh_alignment")
    table = pd.read_parquet(humandata / "hhh_alignment.parquet")
    assert len(frame) == 221
    assert frame["dataset"].value_counts().to_dict() == table["dataset"].value_counts().to_dict()
    pairs = [set(zip(t["dataset"], t["instruction"], better(t), strict=True)) for t in (frame, table)]
    assert pairs[0] == pairs[1]
