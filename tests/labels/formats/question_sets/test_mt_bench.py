import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.data.files.rows import DataError
from farm.labels.read import notes_of, read_annotations


def talk(*texts: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[k % 2], "content": text} for k, text in enumerate(texts)]


def vote(judge: object, model_a: str, model_b: str, winner: str, **other: object) -> dict[str, object]:
    """A row of the hub's table."""
    asked = ("Name a fruit.", "And a tree.")
    return {
        "question_id": 81, "model_a": model_a, "model_b": model_b, "winner": winner, "judge": judge, "turn": 1,
        "conversation_a": talk(asked[0], f"{model_a} 1", asked[1], f"{model_a} 2"),
        "conversation_b": talk(asked[0], f"{model_b} 1", asked[1], f"{model_b} 2"),
    } | other  # fmt: skip


VOTES = [
    vote("expert_17", "owl", "bat", "model_a"),
    vote("author_2", "bat", "owl", "model_a"),
    vote("gpt4_pair", "owl", "bat", "tie (inconsistent)"),
    vote(["gpt-9", "pair-v2"], "owl", "bat", "error"),
    vote("expert_17", "owl", "bat", "tie", turn=2),
]


def test_sides_are_alphabetical_and_the_output_is_the_answer_of_the_turn(tmp_path: Path) -> None:
    pd.DataFrame([vote for vote in VOTES if isinstance(vote["judge"], str)]).to_parquet(tmp_path / "human.parquet")
    (tmp_path / "gpt.json").write_text(json.dumps([VOTES[3]]))
    frame = read_annotations(tmp_path)
    assert set(frame["model_1"]) == {"bat"} and set(frame["model_2"]) == {"owl"}
    rows = {(row["raw_label"], row["dataset"][-1]): row for row in frame.to_dict("records")}
    assert rows["model_a", "1"]["output_1"] == "bat 1" and rows["tie", "2"]["output_1"] == "bat 2"
    assert rows["model_a", "1"]["instruction"] == "Name a fruit."
    assert rows["tie", "2"]["instruction"] == "Name a fruit.\n\nAnd a tree."
    # owl is output_2: the expert, who had owl as A, prefers 2; the author, who had bat as A, prefers 1.
    by_group = frame.assign(group=frame["annotator"].str.extract("(expert|author)")[0]).dropna(subset="group")
    by_group = by_group[by_group["raw_label"] == "model_a"].set_index("group")
    assert by_group["preference"].to_dict() == {"expert": 2, "author": 1}
    assert by_group["first_shown"].to_dict() == {"expert": 2, "author": 1}


def test_inconsistent_is_a_tie_that_can_be_told_and_an_error_is_unparsed(tmp_path: Path) -> None:
    (tmp_path / "votes.json").write_text(json.dumps(VOTES))
    frame = read_annotations(tmp_path / "votes.json")
    judges = frame[frame["annotator_kind"] == "llm"].set_index("annotator")
    assert judges["raw_label"].to_dict() == {"gpt4_pair": "tie (inconsistent)", "gpt-9/pair-v2": "error"}
    assert judges["preference"]["gpt4_pair"] == 1.5 and np.isnan(judges["preference"]["gpt-9/pair-v2"])
    assert judges["first_shown"].tolist() == [0, 0]
    assert notes_of(frame) == [
        "1 verdicts changed with the order of the answers and count as ties",
        "1 of 5 verdicts are on a later turn; its answer is shown, no earlier one, with the user's messages up to it, "
        "joined by blank lines and without roles",
    ]


def test_a_judge_who_voted_twice_on_one_item_counts_once_whatever_the_sides(tmp_path: Path) -> None:
    votes = [vote("expert_1", "owl", "bat", "model_a"), vote("expert_1", "bat", "owl", "model_a")]
    (tmp_path / "votes.json").write_text(json.dumps(votes))
    frame = read_annotations(tmp_path / "votes.json")
    assert frame["preference"].tolist() == [1]
    assert "1 of 2 rows are an earlier verdict" in notes_of(frame)[0]


def test_no_judge_is_named(tmp_path: Path) -> None:
    votes = [vote(name, "owl", "bat", "tie") for name in ("expert_17", "author_2", "mia@example.org")]
    (tmp_path / "votes.json").write_text(json.dumps(votes))
    frame = read_annotations(tmp_path / "votes.json")
    assert not any(name in frame.to_json() for name in ("expert_17", "author_2", "mia"))
    assert frame["annotator"].str.replace(r"_[0-9a-f]{12}$", "", regex=True).tolist() == [
        "mt_bench_expert", "mt_bench_author", "mt_bench_human"
    ]  # fmt: skip


def test_two_games_are_settled(tmp_path: Path) -> None:
    games = [("model_1", "model_1"), ("model_2", "model_2"), ("model_1", "model_2"), ("tie", "tie"), ("error", "tie")]
    games += [("model_1", "tie")]
    rows = [
        {"question_id": k, "turn": 1, "judge": ["gpt-9", "pair-v2"], "model_1": "owl", "model_2": "bat",
         "g1_winner": one, "g2_winner": two} for k, (one, two) in enumerate(games)
    ]  # fmt: skip
    (tmp_path / "gpt-9_pair.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    frame = read_annotations(tmp_path / "gpt-9_pair.jsonl")
    # bat is output_1.
    np.testing.assert_array_equal(frame["preference"], [2, 1, 1.5, 1.5, np.nan, 1.5])
    assert notes_of(frame)[0] == "gpt-9_pair.jsonl: 6 of 6 votes come without the texts they are about"
    assert notes_of(frame)[1].startswith("2 verdicts changed with the order")


def test_texts_come_from_the_answers_beside_if_the_votes_have_none(tmp_path: Path) -> None:
    bare = {k: v for k, v in VOTES[4].items() if not k.startswith("conversation")}
    (tmp_path / "human.jsonl").write_text(json.dumps(bare))
    (tmp_path / "question.jsonl").write_text(json.dumps({"question_id": 81, "turns": ["One?", "Two?"]}))
    (tmp_path / "model_answer").mkdir()
    for model in ("owl", "bat"):
        answer = {
            "question_id": 81,
            "model_id": model,
            "choices": [{"index": 0, "turns": [f"{model} 1", f"{model} 2"]}],
        }
        (tmp_path / "model_answer" / f"{model}.jsonl").write_text(json.dumps(answer))
    (row,) = read_annotations(tmp_path).to_dict("records")
    assert (row["instruction"], row["output_1"], row["output_2"]) == ("One?\n\nTwo?", "bat 2", "owl 2")


def test_an_unknown_winner_is_refused(tmp_path: Path) -> None:
    (tmp_path / "votes.json").write_text(json.dumps([VOTES[0], vote("expert_1", "owl", "bat", "owl")]))
    with pytest.raises(DataError, match=r"row 2, field `winner`: expected one of model_a, model_b.*got 'owl'"):
        read_annotations(tmp_path / "votes.json")


def test_the_original_samples(humandata: Path, tmp_path: Path) -> None:
    folder = humandata / "raw/mtbench_human"
    for name in ("human", "gpt4_pair"):
        shutil.copyfile(folder / f"{name}.jsonl.first40.sample", tmp_path / f"{name}.jsonl")
    shutil.copyfile(folder / "question.jsonl", tmp_path / "question.jsonl")
    (tmp_path / "model_answer").symlink_to(folder / "model_answer")
    frame = read_annotations(tmp_path)
    assert frame["annotator_kind"].value_counts().to_dict() == {"human": 40, "llm": 40}
    lines = (folder / "human.jsonl.first40.sample").read_text().splitlines()
    winners = [json.loads(line)["winner"] for line in lines]
    humans = frame[frame["annotator_kind"] == "human"]
    assert humans["raw_label"].tolist() == winners
    assert (frame["output_1"] != "").all() and (frame["output_2"] != "").all()
    # Votes with the sides exchanged meet in one item with the judge's.
    shared = set(humans["item_id"]) & set(frame[frame["annotator_kind"] == "llm"]["item_id"])
    assert len(shared) > 10


def test_votes_of_nobody_are_not_taken_for_battles(tmp_path: Path) -> None:
    votes = [{name: value for name, value in VOTES[0].items() if name != "judge"}]
    (tmp_path / "votes.json").write_text(json.dumps(votes))
    with pytest.raises(DataError, match="row 1: expected the fields judge"):
        read_annotations(tmp_path / "votes.json")
