from pathlib import Path

import pytest

from farm.data.files.rows import DataError
from farm.labels.read import notes_of, read_annotations
from tests.labels.label_files import better, written


def grade(model: str, score: object, question: int = 81, turn: int = 1) -> dict[str, object]:
    return {
        "question_id": question, "model": model, "judge": ["gpt-4", "single-v1"], "user_prompt": "p",
        "judgment": "[[7]]", "score": score, "turn": turn, "tstamp": 1.5,
    }  # fmt: skip


def test_models_graded_on_a_turn_are_compared_and_minus_1_is_no_grade(tmp_path: Path) -> None:
    rows = [
        grade("a", 7),
        grade("b", 9),
        grade("c", 9),
        grade("a", 4, turn=2),
        grade("b", -1, turn=2),
        grade("d", 3, 99),
    ]
    frame = read_annotations(written(tmp_path, *rows, name="gpt-4_single.jsonl"))
    assert better(frame, ("model_1", "model_2")) == [("b", ">", "a"), ("c", ">", "a"), ("b", "=", "c"), ("a", "?", "b")]
    assert set(frame["annotator"]) == {"gpt-4/single-v1"} and set(frame["annotator_kind"]) == {"llm"}
    first = frame.iloc[0]
    assert {first["model_1"]: first["score_1"], first["model_2"]: first["score_2"]} == {"a": 7, "b": 9}
    assert "gpt-4_single.jsonl: 1 of 6 grades are unparsed, and so are their pairs" in notes_of(frame)
    # Pairs on one question share answers: they are one unit of resampling.
    assert frame["instruction"].tolist()[:3] == ["MT-Bench question 81, turn 1"] * 3
    # The items of votes on the same answers have the same names.
    assert frame["item_id"].tolist()[0] == "mt_bench-81-1-a-vs-b"


def test_texts_come_from_the_folder(tmp_path: Path) -> None:
    written(tmp_path, {"question_id": 81, "category": "w", "turns": ["Name a cat.", "Another."]}, name="question.jsonl")
    for model in "ab":
        choices = [{"index": 0, "turns": [f"{model}1", f"{model}2"]}]
        row = {"question_id": 81, "answer_id": "x", "model_id": model, "choices": choices}
        written(tmp_path / "model_answer", row, name=f"{model}.jsonl")
    rows = [grade("a", 7, turn=2), grade("b", 9, turn=2)]
    frame = read_annotations(written(tmp_path / "model_judgment", *rows, name="gpt-4_single.jsonl"))
    assert better(frame) == [("b2", ">", "a2")] and frame["instruction"][0] == "Name a cat.\n\nAnother."


def test_a_grade_below_minus_1_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1, field `score`"):
        read_annotations(written(tmp_path, grade("a", -2)))
