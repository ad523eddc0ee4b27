import json
from pathlib import Path

import pytest

from farm.data.files.rows import DataError
from farm.labels.read import notes_of, read_annotations
from tests.labels.label_files import better, written

PAIR = {
    "pair_id": "7f", "original_id": "o", "source": "mmlu-pro", "question": "2 + 2?", "response_model": "gpt-x",
    "response_A": "5", "response_B": "4", "label": "B>A",
}  # fmt: skip


def test_the_right_response_is_preferred_by_the_gold_annotator(tmp_path: Path) -> None:
    frame = read_annotations(written(tmp_path, PAIR, {**PAIR, "pair_id": "8a", "question": "3 + 2?", "label": "A>B"}))
    assert better(frame) == [("4", ">", "5"), ("5", ">", "4")]
    assert set(frame["annotator"]) == {"judgebench_gold"} and set(frame["annotator_kind"]) == {"human"}
    # One model wrote both responses: nothing to rank.
    assert set(frame["model_1"]) == {""} and set(frame["dataset"]) == {"judgebench/mmlu-pro"}


def test_another_label_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1, field `label`: expected 'A>B', 'B>A'"):
        read_annotations(written(tmp_path, {**PAIR, "label": "B"}))


def test_decisions_of_a_judge_are_its_verdicts_in_both_orders(tmp_path: Path) -> None:
    # The second decision saw response_B first and calls it A: B>A there prefers response_A.
    judged = {**PAIR, "judgments": [{"decision": "B>A"}, {"decision": "B>A", "judgment": {"response": "B."}}]}
    other = {**PAIR, "pair_id": "8", "question": "2 + 3?", "judgments": [{"decision": None}, {"decision": "A=B"}]}
    path = tmp_path / "dataset=judgebench,response_model=gpt-x,judge_name=arena_hard,judge_model=gpt-4o.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in (judged, other)))
    frame = read_annotations(path)
    decisions = frame[frame["annotator_kind"] == "llm"]
    assert set(decisions["annotator"]) == {"arena_hard gpt-4o"} and len(frame) == 6
    found = decisions[["item_id", "first_shown", "preference"]].fillna(0).values.tolist()
    assert found == [
        ["judgebench-7f", 1, 2.0], ["judgebench-7f", 2, 1.0], ["judgebench-8", 1, 0], ["judgebench-8", 2, 1.5],
    ]  # fmt: skip


def test_files_of_several_judges_have_each_label_once(tmp_path: Path) -> None:
    for judge in ("vanilla", "auto_j"):
        judged = {**PAIR, "judge_name": judge, "judgments": [{"decision": "A>B"}]}
        (tmp_path / f"{judge}.jsonl").write_text(json.dumps(judged) + "\n")
    frame = read_annotations(tmp_path)
    assert sorted(frame["annotator"]) == ["auto_j", "judgebench_gold", "vanilla"] and notes_of(frame) == []
