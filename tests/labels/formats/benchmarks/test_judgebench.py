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


def test_decisions_of_judges_that_are_left_out_are_counted(tmp_path: Path) -> None:
    judged = {**PAIR, "judge_name": "j", "judgments": [{"decision": "A>B"}, {"decision": "B>A"}]}
    frame = read_annotations(written(tmp_path, judged, {**PAIR, "pair_id": "8", "question": "2 + 3?"}))
    assert set(frame["annotator"]) == {"judgebench_gold"}
    (note,) = notes_of(frame)
    assert note.startswith("1 of 2 rows hold decisions of judges (judgments), which are left out")
    assert notes_of(read_annotations(written(tmp_path, {**PAIR, "judgments": []}))) == []
