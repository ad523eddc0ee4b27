from pathlib import Path

import pytest

from farm.data.files.rows import DataError
from farm.labels.read import read_annotations
from tests.labels.label_files import better, written

PAIR = {
    "prompt": "Name a tree.", "chosen": "Oak.", "chosen_model": "big", "rejected": "Cup.", "rejected_model": "small",
    "subset": "refusals", "id": 3,
}  # fmt: skip


def test_the_chosen_completion_is_preferred_and_its_model_named(tmp_path: Path) -> None:
    rows = [{**PAIR, "prompt": f"Name tree {k}.", "id": k} for k in range(12)]
    frame = read_annotations(written(tmp_path, *rows))
    assert better(frame) == [("Oak.", ">", "Cup.")] * 12
    assert better(frame, ("model_1", "model_2")) == [("big", ">", "small")] * 12
    # The chosen one is not always output_1.
    assert frame["preference"].nunique() == 2
    assert frame.attrs["format"] == "rewardbench" and set(frame["annotator"]) == {"rewardbench_gold"}
    assert set(frame["dataset"]) == {"rewardbench/refusals"}


def test_a_completion_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 2, field `rejected`"):
        read_annotations(written(tmp_path, PAIR, {**PAIR, "rejected": None}))
