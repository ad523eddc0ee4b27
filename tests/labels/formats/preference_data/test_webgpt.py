import json
from pathlib import Path

import pytest

from farm.data.files.rows import DataError
from farm.labels.read import read_annotations
from tests.labels.label_files import better, written

PAIR = {
    "question": {"dataset": "eli5", "id": "7", "full_text": "Why is the sky blue?"}, "quotes_0": {"title": []},
    "answer_0": "Scattering.", "answer_1": "Paint.", "score_0": 1.0, "score_1": -1.0,
}  # fmt: skip


def test_scores_grade_the_preference_and_equal_ones_are_a_tie(tmp_path: Path) -> None:
    scores = [(1.0, -1.0), (0.0, 0.0), (-0.33, 0.33), (None, None)]
    rows = [{**PAIR, "question": f"Question {k}?", "score_0": a, "score_1": b} for k, (a, b) in enumerate(scores)]
    frame = read_annotations(written(tmp_path, PAIR, *rows))
    assert better(frame) == [
        ("Scattering.", ">", "Paint."), ("Scattering.", ">", "Paint."), ("Paint.", "=", "Scattering."),
        ("Paint.", ">", "Scattering."), ("Paint.", "?", "Scattering."),
    ]  # fmt: skip
    # Half a point apart would be 1.5 -+ 1/8; .66 apart is .165 away from the middle.
    assert frame["preference"].iloc[3] == pytest.approx(1.665)
    assert frame["instruction"].tolist()[:2] == ["Why is the sky blue?", "Question 0?"]
    assert frame["dataset"].tolist()[:2] == ["webgpt/eli5", "webgpt"]
    assert frame["raw_label"].tolist()[3] == "-0.33 0.33"


def test_a_score_outside_the_scale_and_a_question_without_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1, field `score_0`"):
        read_annotations(written(tmp_path, {**PAIR, "score_0": 5}))
    with pytest.raises(DataError, match=r"question\.full_text"):
        read_annotations(written(tmp_path, {**PAIR, "question": {"id": "7"}}))


def test_lines_that_are_lists_of_two_answers_are_the_same_pairs(tmp_path: Path) -> None:
    def side(k: int, answer: str, score: object) -> dict[str, object]:
        quotes = {"title": ["t"], "extract": ["e"]}
        return {"question": {"dataset": "eli5", "id": str(k), "full_text": f"Why {k}?"}, "answer": answer,
                "score": score, "quotes": quotes, "tokens": {"prefix": [1], "completion": [2]}}  # fmt: skip

    lines = [[side(0, "Scattering.", "0.5"), side(0, "Paint.", "-0.5")], [side(1, "A.", 0), side(1, "B.", 0)]]
    path = tmp_path / "comparisons.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    frame = read_annotations(path)
    # (.5 - -.5) / 4 = 1/4 on the side of the first.
    assert frame["preference"].tolist() == [1.25, 1.5] and frame["instruction"].tolist() == ["Why 0?", "Why 1?"]
    assert frame.attrs["format"] == "webgpt"
    path.write_text("".join(json.dumps([line[0], side(9, "C.", 0)]) + "\n" for line in lines))
    with pytest.raises(DataError, match="two answers to one question"):
        read_annotations(path)
