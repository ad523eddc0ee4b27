from pathlib import Path

import pytest

from farm.conversation import Message, messages_of_text
from farm.data.files.rows import DataError
from farm.labels.read import notes_of, read_annotations
from tests.labels.label_files import better, written


def answer(model: str, score: object, *, turn: int = 0, chosen: bool = False, place: int = 0) -> dict[str, object]:
    return {
        "interaction_id": f"i{turn}", "conversation_id": "c", "user_id": "worker@x.org",
        "turn": turn, "within_turn_id": place, "user_prompt": f"Question {turn}?",
        "model_response": f"{model} {turn}.{place}", "model_name": model, "score": score, "if_chosen": chosen,
    }  # fmt: skip


ROWS = [answer("a", 80, chosen=True), answer("b", 30, place=1), answer("c", 30, place=2),
        answer("a", 60, turn=1), answer("a", 61, turn=1, chosen=True, place=1)]  # fmt: skip


def test_answers_shown_together_are_compared_by_their_scores(tmp_path: Path) -> None:
    frame = read_annotations(written(tmp_path, *ROWS))
    assert better(frame, ("model_1", "model_2"))[:3] == [("a", ">", "b"), ("a", ">", "c"), ("b", "=", "c")]
    assert better(frame)[3] == ("a 1.1", ">", "a 1.0")
    first = frame.iloc[0]
    assert {first["model_1"]: first["score_1"], first["model_2"]: first["score_2"]} == {"a": 80, "b": 30}
    assert frame["annotator"].nunique() == 1 and not frame["annotator"].str.contains("worker").any()
    assert "1 of 4 pairs are of one model with itself (later turns of a conversation)" in notes_of(frame)


def test_a_later_turn_keeps_what_was_said_before_with_the_chosen_answers(tmp_path: Path) -> None:
    frame = read_annotations(written(tmp_path, *reversed(ROWS)))
    histories = dict(zip(frame["instruction"], frame["history"], strict=True))
    assert messages_of_text(histories["Question 0?"]) == ()
    assert messages_of_text(histories["Question 1?"]) == (
        Message("user", "Question 0?"),
        Message("assistant", "a 0.0"),
    )


def test_a_missing_score_leaves_its_pairs_unparsed_and_another_scale_is_refused(tmp_path: Path) -> None:
    frame = read_annotations(written(tmp_path, answer("a", None), answer("b", 5, place=1)))
    assert better(frame, ("model_1", "model_2")) == [("a", "?", "b")]
    with pytest.raises(DataError, match="row 1, field `score`"):
        read_annotations(written(tmp_path, answer("a", 101), answer("b", 5, place=1)))
