import json
from pathlib import Path

import pandas as pd
import pytest

from farm.conversation import Message, messages_of_text
from farm.data.files.rows import DataError
from farm.labels.read import notes_of, read_annotations


def battle(name: str, winner: str, user: str = "arena_user_973", **other: object) -> dict[str, object]:
    """A row of lmsys/chatbot_arena_conversations."""

    def talk(answer: str) -> list[dict[str, str]]:
        return [{"content": "Name a fruit.", "role": "user"}, {"content": answer, "role": "assistant"}]

    return {
        "question_id": name, "model_a": "owl", "model_b": "bat", "winner": winner, "judge": user,
        "conversation_a": talk("Fig."), "conversation_b": talk("Oak."), "turn": 1, "anony": True, "language": "English",
        "tstamp": 1682351591.1,
    } | other  # fmt: skip


def test_battles_become_rows_of_their_own(tmp_path: Path) -> None:
    winners = ["model_a", "model_b", "tie", "tie (bothbad)", "both_bad"]
    (tmp_path / "battles.json").write_text(json.dumps([battle(f"q{k}", w) for k, w in enumerate(winners)]))
    frame = read_annotations(tmp_path)
    assert frame["preference"].tolist() == [1, 2, 1.5, 1.5, 1.5]
    assert frame["raw_label"].tolist() == winners
    assert set(frame["first_shown"]) == {1} and set(frame["annotator_kind"]) == {"human"}
    assert frame.iloc[0][["instruction", "output_1", "output_2"]].tolist() == ["Name a fruit.", "Fig.", "Oak."]


def test_no_user_is_named(tmp_path: Path) -> None:
    (tmp_path / "battles.json").write_text(json.dumps([battle("q", "tie"), battle("r", "tie", "mia_m")]))
    frame = read_annotations(tmp_path / "battles.json")
    assert "973" not in frame.to_json() and "mia" not in frame.to_json()
    assert frame["annotator"].str.fullmatch("arena_user_[0-9a-f]{12}").all() and frame["annotator"].nunique() == 2


def test_long_conversations_and_parts_of_messages(tmp_path: Path) -> None:
    parts = [
        {"role": "user", "content": [{"type": "text", "text": "Hi."}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Hello."}, {"type": "image", "image": "x"}]},
        {"role": "user", "content": [{"type": "text", "text": "Mo"}, {"type": "text", "text": "re."}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Again."}]},
    ]
    pd.DataFrame([battle("q", "tie", conversation_a=parts)]).to_parquet(tmp_path / "train.parquet")
    row = read_annotations(tmp_path / "train.parquet").iloc[0]
    assert row["output_1"] == "Hello.\n\nAgain." and row["instruction"] == "Hi.\n\nMore."


def chat(*texts: str) -> list[dict[str, str]]:
    return [{"role": role, "content": text} for role, text in zip(("user", "assistant") * 2, texts, strict=False)]


def test_battles_of_several_turns_begin_where_their_conversations_part(tmp_path: Path) -> None:
    rows = [
        battle("q", "tie", conversation_a=chat("a", "b", "c", "d"), conversation_b=chat("a", "b", "c", "e")),
        battle("r", "model_a", conversation_a=chat("a", "b", "c", "d"), conversation_b=chat("a", "x", "c", "y")),
        battle("s", "model_a"),
    ]
    (tmp_path / "battles.json").write_text(json.dumps(rows))
    frame = read_annotations(tmp_path)
    assert notes_of(frame) == ["2 of 3 battles have several turns; their outputs begin where the two part"]
    assert frame["instruction"].tolist()[:2] == ["c", "a"] and frame["output_1"].tolist()[0] == "d"
    assert messages_of_text(frame["history"].iloc[0]) == (Message("user", "a"), Message("assistant", "b"))
    assert [m.content for m in messages_of_text(frame["turns_2"].iloc[1])] == ["x", "c", "y"]
    assert frame["history"].tolist()[1:] == ["", ""]


def test_turns_in_columns_are_conversations_too(tmp_path: Path) -> None:
    row = {"id": "1", "model_a": "x", "model_b": "y", "prompt": ["a", "c"], "response_a": ["b", "d"],
           "response_b": ["b", "e"], "winner_model_a": 1, "winner_model_b": 0, "winner_tie": 0}  # fmt: skip
    (tmp_path / "battles.json").write_text(json.dumps([row]))
    read = read_annotations(tmp_path).iloc[0]
    assert (read["instruction"], read["output_1"], read["output_2"]) == ("c", "d", "e")


def test_conversations_that_begin_differently_are_joined_and_counted(tmp_path: Path) -> None:
    rows = [
        battle("q", "tie", conversation_a=chat("a", "b", "c", "d"), conversation_b=chat("z", "b")),
        battle("r", "tie"),
    ]
    (tmp_path / "battles.json").write_text(json.dumps(rows))
    frame = read_annotations(tmp_path)
    assert notes_of(frame) == [
        "1 of 2 battles have several turns, whose questions and answers are shown, joined by blank lines and "
        "without roles"
    ]
    assert frame["instruction"].iloc[0] == "a\n\nc" and frame["output_1"].iloc[0] == "b\n\nd"


def test_models_may_be_numbers(tmp_path: Path) -> None:
    (tmp_path / "battles.json").write_text(json.dumps([battle("q", "model_a", model_a=1, model_b=2.0)]))
    assert read_annotations(tmp_path)[["model_1", "model_2"]].to_numpy().tolist() == [["1", "2"]]


def test_one_column_a_winner_with_texts_as_json(tmp_path: Path) -> None:
    rows = [
        {"id": k, "model_a": "owl", "model_b": "bat", "prompt": '["Name a fruit.", "More?"]',
         "response_a": '["Fig.", null]', "response_b": '["Oak.", "Elm."]',
         "winner_model_a": int(k == 0), "winner_model_b": int(k == 1), "winner_tie": int(k == 2)} for k in range(3)
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "train.csv", index=False)
    frame = read_annotations(tmp_path / "train.csv")
    assert frame["preference"].tolist() == [1, 2, 1.5]
    assert frame["instruction"].tolist() == ["Name a fruit."] * 3
    assert [m.content for m in messages_of_text(frame["turns_2"].iloc[0])] == ["Oak.", "More?", "Elm."]
    assert [m.content for m in messages_of_text(frame["turns_1"].iloc[0])] == ["Fig.", "More?", ""]
    # Nobody is named: one anonymous voter, one vote a battle.
    assert set(frame["annotator"]) == {"arena_user"} and frame["item_id"].tolist() == ["arena-0", "arena-1", "arena-2"]


def test_logs_without_texts_are_read_and_say_so(tmp_path: Path) -> None:
    rows = [
        {"model_a": "owl", "model_b": "bat", "winner": w, "judge": "u", "turn": 1, "tstamp": 1.5}
        for w in ("tie", "model_b")
    ]
    (tmp_path / "clean_battle.json").write_text(json.dumps(rows))
    frame = read_annotations(tmp_path / "clean_battle.json")
    assert frame["preference"].tolist() == [1.5, 2] and frame["item_id"].nunique() == 2
    assert notes_of(frame) == ["2 of 2 battles come without the texts they are about"]


def test_a_battle_without_a_winner_is_refused(tmp_path: Path) -> None:
    row = {"id": 1, "model_a": "owl", "model_b": "bat", "winner_model_a": 1, "winner_model_b": 1, "winner_tie": 0}
    (tmp_path / "train.json").write_text(json.dumps([row]))
    with pytest.raises(DataError, match=r"row 1: expected the fields winner"):
        read_annotations(tmp_path / "train.json")


def test_an_id_of_the_question_does_not_merge_battles(tmp_path: Path) -> None:
    battles = [battle("q", "model_a"), battle("q", "model_b", model_b="cat"), battle("r", "tie"), battle("r", "tie")]
    (tmp_path / "battles.json").write_text(json.dumps(battles))
    frame = read_annotations(tmp_path)
    assert frame["item_id"].tolist() == ["arena-q-000000", "arena-q-000001", "arena-r"]
