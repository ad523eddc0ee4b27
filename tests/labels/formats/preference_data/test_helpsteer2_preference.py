from pathlib import Path

import pytest

from farm.data.files.rows import DataError
from farm.labels.read import read_annotations
from tests.labels.label_files import better, written

PAIR = {
    "split": "train",
    "prompt": "Name a bird.",
    "response_1": "Wren.",
    "response_2": "Bat.",
    "preference_strength": -3,
}


def test_a_negative_strength_prefers_the_first_response_and_is_a_grade(tmp_path: Path) -> None:
    strengths = [-3, -1, 0, 2, 3, None]
    frame = read_annotations(
        written(tmp_path, *({**PAIR, "prompt": f"{s}", "preference_strength": s} for s in strengths))
    )
    # 1.5 + strength / 6: a step of the seven is a sixth of the way from 1 to 2.
    assert frame["preference"].tolist()[:5] == pytest.approx([1, 4 / 3, 3 / 2, 11 / 6, 2])
    assert better(frame)[0] == ("Wren.", ">", "Bat.") and better(frame)[5][1] == "?"
    assert frame["raw_label"].tolist() == ["-3", "-1", "0", "2", "3", ""]
    assert frame.attrs["format"] == "helpsteer2_preference" and set(frame["annotator_kind"]) == {"human"}


@pytest.mark.parametrize("wrong", [-4, 4, 0.5, "much better"])
def test_other_strengths_are_refused(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(DataError, match="row 2, field `preference_strength`"):
        read_annotations(written(tmp_path, PAIR, {**PAIR, "preference_strength": wrong}))
