from pathlib import Path

import pandas as pd
import pytest

from farm.data.files.rows import DataError
from farm.labels.read import read_annotations
from tests.labels.label_files import better, written

PROMPT = {
    "id": "12", "prompt": "Name a colour.", "chosen": ["Red."], "rejected": ["Cup.", "Dog.", "Six."], "num_correct": 1,
    "num_incorrect": 3, "total_completions": 4, "models": ["w", "x", "y", "z"], "subset": "Factuality",
}  # fmt: skip
TIES = {**PROMPT, "id": "ref:3", "chosen": ["Red.", "Blue."], "rejected": ["Cup."], "models": ["w", "x", "y"],
        "num_correct": 2, "total_completions": 3, "subset": "Ties"}  # fmt: skip


def test_the_right_completion_is_preferred_to_each_of_three_wrong_ones(tmp_path: Path) -> None:
    frame = read_annotations(written(tmp_path, PROMPT))
    assert better(frame, ("model_1", "model_2")) == [("w", ">", "x"), ("w", ">", "y"), ("w", ">", "z")]
    assert set(frame["annotator"]) == {"rewardbench2_gold"} and frame["instruction"].nunique() == 1


def test_of_the_ties_every_right_completion_beats_the_wrong_ones_and_nothing_is_said_between_right_ones(
    tmp_path: Path,
) -> None:
    pd.DataFrame([TIES]).to_parquet(tmp_path / "t.parquet")
    for path in (written(tmp_path, TIES), tmp_path / "t.parquet"):
        frame = read_annotations(path)
        assert better(frame) == [("Red.", ">", "Cup."), ("Blue.", ">", "Cup.")]
        assert set(frame["dataset"]) == {"rewardbench2/Ties"}


def test_models_that_are_not_named_one_by_one_are_left_out(tmp_path: Path) -> None:
    frame = read_annotations(written(tmp_path, {**PROMPT, "models": ["w"]}))
    assert set(frame["model_1"]) == {""} and len(frame) == 3


def test_a_prompt_without_a_wrong_completion_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1, field `rejected`"):
        read_annotations(written(tmp_path, {**PROMPT, "rejected": []}))


def test_pairs_of_conversations_are_not_taken_for_it(tmp_path: Path) -> None:
    said = [[{"role": "user", "content": "Name a colour."}, {"role": "assistant", "content": text}] for text in "ab"]
    path = written(tmp_path, {**PROMPT, "chosen": said[0], "rejected": said[1]})
    assert read_annotations(path).attrs["format"] == "pairs"
