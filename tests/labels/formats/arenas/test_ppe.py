from pathlib import Path

import pytest

from farm.data.files.rows import DataError
from farm.labels.read import read_annotations
from tests.labels.label_files import better, written

BATTLE = {
    "question_id": "q1", "prompt": "Name a sea.", "response_1": "Baltic.", "response_2": "Alps.", "model_a": "m",
    "model_b": "n", "winner": "model_a", "language": "English", "is_code": False,
}  # fmt: skip


def test_the_texts_are_kept_and_both_bad_is_a_tie(tmp_path: Path) -> None:
    winners = ["model_a", "model_b", "tie", "tie (bothbad)"]
    rows = [{**BATTLE, "question_id": f"q{k}", "winner": winner} for k, winner in enumerate(winners)]
    frame = read_annotations(written(tmp_path, *rows))
    assert frame.attrs["format"] == "ppe" and frame["preference"].tolist() == [1, 2, 1.5, 1.5]
    assert better(frame)[0] == ("Baltic.", ">", "Alps.") and set(frame["instruction"]) == {"Name a sea."}
    assert better(frame, ("model_1", "model_2"))[1] == ("n", ">", "m")
    assert frame["raw_label"].tolist()[3] == "tie (bothbad)"


def test_another_winner_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1, field `winner`: expected one of model_a"):
        read_annotations(written(tmp_path, {**BATTLE, "winner": "m"}))
