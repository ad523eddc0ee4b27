from pathlib import Path

import pytest

from farm.data.files.rows import DataError
from farm.labels.read import read_annotations
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
