from pathlib import Path

import pandas as pd
import pytest

import farm
from farm.data.files.rows import DataError
from farm.labels.published.standings import is_standings
from farm.labels.read import notes_of, read_annotations
from tests.labels.label_files import written


def judged(question: str, one: str | None, two: str | None, **more: object) -> dict[str, object]:
    games = [{"user_prompt": "p", "judgment": "...", "score": score} for score in (one, two)]
    return {"question_id": question, "model": "m", "judge": "gpt", "games": games, **more}


def verdicts(frame: pd.DataFrame) -> list[tuple[int, str]]:
    """(shown first, who wins) of each row."""
    said = {1.0: "model_1", 2.0: "model_2"}
    winners = [row[said[row["preference"]]] if row["preference"] in said else
               "tie" if row["preference"] == 1.5 else "?" for row in frame.to_dict("records")]  # fmt: skip
    return list(zip(frame["first_shown"], winners, strict=True))


def test_the_first_game_shows_the_baseline_as_a_and_the_second_the_model(tmp_path: Path) -> None:
    rows = [
        judged("q1", "A>>B", "A>B"),
        judged("q2", "B>A", "B>>A"),
        judged("q3", "A=B", None),
        judged("q4", "A<<B", "B<A"),
    ]
    frame = read_annotations(written(tmp_path, *rows, name="m.jsonl"))
    assert verdicts(frame) == [
        (1, "baseline"), (2, "m"), (1, "m"), (2, "baseline"), (1, "tie"), (2, "?"), (1, "m"), (2, "m"),
    ]  # fmt: skip
    assert set(frame["annotator_kind"]) == {"llm"} and frame["raw_label"].tolist()[:2] == ["A>>B", "A>B"]
    assert "m.jsonl: 4 of 4 judgments do not name the baseline; it is called 'baseline'" in notes_of(frame)


def test_weighted_a_clear_verdict_is_three_battles_and_a_question_with_an_unparsed_game_is_none(tmp_path: Path) -> None:
    rows = [judged("q1", "A>>B", "A>B"), judged("q2", "B>A", "B>>A"), judged("q3", "A=B", None)]
    path = written(tmp_path, *rows)
    frame = read_annotations(path, format="arena_hard_weighted")
    # q1: baseline thrice, then the model once; q2: the model once, then the baseline thrice: 2 of 8 for the model.
    winners = [winner for _, winner in verdicts(frame)]
    assert (winners.count("m"), winners.count("baseline"), len(winners)) == (2, 6, 8)
    # Battles of a question are drawn together, and each counts by itself: 2 of 8, whatever folds the two orders.
    assert frame["instruction"].nunique() == 2 and frame["item_id"].nunique() == 8
    ranking = farm.rank(farm.read(path, format="arena_hard_weighted"), report={"n_resamples": 10})
    assert dict(zip(*ranking.to_frame()[["model", "win_rate"]].to_numpy().T, strict=True)) == {
        "baseline": 0.75,
        "m": 0.25,
    }


def test_texts_and_the_baseline_come_from_the_folder_in_both_editions(tmp_path: Path) -> None:
    old, new = tmp_path / "v0.1", tmp_path / "v2.0"
    written(old, {"question_id": "q1", "turns": [{"content": "Name a cheese."}]}, name="question.jsonl")
    for model, answer in (("m", "Brie."), ("gpt-4-0314", "Wood.")):
        choice = {"index": 0, "turns": [{"content": answer, "token_len": 2}]}
        row = {"question_id": "q1", "model_id": model, "choices": [choice]}
        written(old / "model_answer", row, name=f"{model}.jsonl")
    written(old / "model_judgment" / "gpt", judged("q1", "B>A", "A>B", baseline="gpt-4-0314"), name="m.jsonl")
    written(new, {"uid": "q1", "category": "hard_prompt", "prompt": "Name a cheese."}, name="question.jsonl")
    for model, answer in (("m", "Brie."), ("o3", "Wood.")):
        messages = [{"role": "user", "content": "Name a cheese."}, {"role": "assistant", "content": {"answer": answer}}]
        written(new / "model_answer", {"uid": "q1", "model": model, "messages": messages}, name=f"{model}.jsonl")
    game = judged("q1", "B>A", "A>B", baseline="o3", category="hard_prompt")
    game["uid"] = game.pop("question_id")
    written(new / "model_judgment" / "gpt", game, name="m.jsonl")
    for folder, baseline in ((old, "gpt-4-0314"), (new, "o3")):
        frame = read_annotations(folder / "model_judgment" / "gpt" / "m.jsonl")
        assert set(frame["model_1"]) == {baseline} and set(frame["instruction"]) == {"Name a cheese."}
        assert frame[["output_1", "output_2"]].drop_duplicates().to_numpy().tolist() == [["Wood.", "Brie."]]
        assert verdicts(frame) == [(1, "m"), (2, "m")]


def test_another_score_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"row 1, field `games\.1\.score`: expected one of A>>B"):
        read_annotations(written(tmp_path, judged("q1", "A>B", "A")))


def test_the_newer_edition_is_no_table_of_standings(tmp_path: Path) -> None:
    games = {**judged("q1", "B>A", "A>B", baseline="o3", category="hard_prompt"), "uid": "q1"}
    del games["question_id"]
    assert not is_standings(written(tmp_path, games), "simulated", None)
