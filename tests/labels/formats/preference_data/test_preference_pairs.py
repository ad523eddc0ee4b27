"""Preference pairs of every layout as labels: the same item in all of them, models rank, equal ratings are ties."""

from pathlib import Path

import pytest

from farm.conversation import messages_of_text
from farm.data.files.rows import DataError, Row
from farm.labels.read import notes_of, read_annotations
from farm.records import content_key
from tests.data.layouts.one_pair import ASKED, CHOSEN, DIALOGUE, HISTORY, SINGLE, TEXTS, assistant, user, write


@pytest.mark.parametrize("layouts", [SINGLE, DIALOGUE])
def test_one_pair_is_one_item_in_every_layout(layouts: dict[str, Row], tmp_path: Path) -> None:
    frames = [read_annotations(write(tmp_path / f"{name}.jsonl", row)) for name, row in layouts.items()]
    nameless = [frame for frame in frames if frame["model_1"][0] == ""]
    assert len(nameless) >= len(layouts) - 2
    assert len({frame["item_id"][0] for frame in nameless}) == 1
    assert len({frame["output_1"][0] for frame in frames}) == len({frame["preference"][0] for frame in frames}) == 1
    history = [messages_of_text(frame["history"][0]) if "history" in frame else () for frame in frames]
    assert set(history) == {HISTORY if layouts is DIALOGUE else ()}


def test_models_rank_and_ratings_are_kept(tmp_path: Path) -> None:
    (row,) = read_annotations(write(tmp_path / "t.jsonl", SINGLE["distilabel"])).to_dict("records")
    better = 1 if row["output_1"] == CHOSEN else 2
    assert row["preference"] == better and row[f"model_{better}"] == "owl" and row[f"model_{3 - better}"] == "bat"
    assert (row[f"score_{better}"], row[f"score_{3 - better}"]) == (5, 2)


def test_equal_ratings_are_ties(tmp_path: Path) -> None:
    rows = [{"prompt": f"{ASKED} {k}", **TEXTS, "score_chosen": 1.5, "score_rejected": 1.5} for k in range(3)]
    for name in ("chosen_rating", "chosen-rating", "score_chosen", "chosen_score"):
        renamed = [
            {k.replace("score_chosen", name).replace("score_rejected", name.replace("chosen", "rejected")): v
             for k, v in row.items()} for row in rows
        ]  # fmt: skip
        frame = read_annotations(write(tmp_path / "t.jsonl", *renamed))
        assert frame["preference"].tolist() == [1.5] * 3
        assert "3 of 3 pairs have two equal ratings and are ties" in notes_of(frame)


def test_a_side_does_not_tell_who_was_chosen(tmp_path: Path) -> None:
    rows = [{"prompt": ASKED, "chosen": f"a {k}", "rejected": f"b {k}"} for k in range(40)]
    frame = read_annotations(write(tmp_path / "t.jsonl", *rows))
    assert 8 <= (frame["preference"] == 1).sum() <= 32  # 40 fair coins leave this range once in 10,000 times


def test_a_second_label_of_a_pair_is_another_annotators(tmp_path: Path) -> None:
    again = {"prompt": [user(ASKED)], "chosen": TEXTS["rejected"], "rejected": TEXTS["chosen"]}
    frame = read_annotations(write(tmp_path / "mine.jsonl", {"prompt": ASKED, **TEXTS}, again))
    assert frame["annotator"].tolist() == ["mine_labels", "mine_labels_2"] and frame["item_id"].nunique() == 1
    assert frame["preference"].sum() == 3


def test_answers_of_several_turns_keep_their_messages(tmp_path: Path) -> None:
    turns = [assistant("a"), user("r"), assistant("b")]
    rows = [{"chosen": [user("q"), *turns], "rejected": [user("q"), assistant("c")]}]
    (row,) = read_annotations(write(tmp_path / "t.jsonl", *rows)).to_dict("records")
    side = 1 if row["preference"] == 1 else 2
    assert row[f"output_{side}"] == "a\n\nHuman: r\n\nAssistant: b"
    assert [message._asdict() for message in messages_of_text(row[f"turns_{side}"])] == turns
    assert messages_of_text(row[f"turns_{3 - side}"]) == ()


def test_the_same_instruction_after_another_history_is_another_item(tmp_path: Path) -> None:
    frame = read_annotations(write(tmp_path / "t.jsonl", SINGLE["trl_messages"], DIALOGUE["trl_messages"]))
    assert frame["item_id"].nunique() == 2 and set(frame["instruction"]) == {ASKED}


def test_keys_of_single_turn_pairs_are_those_of_their_texts(tmp_path: Path) -> None:
    # Case and white space of the instruction do not count; outputs and models in the order of their texts.
    frame = read_annotations(write(tmp_path / "t.jsonl", SINGLE["trl_messages"]))
    one, two = sorted([(CHOSEN, ""), (str(TEXTS["rejected"]), "")])
    assert frame["item_id"].tolist() == [content_key(ASKED.casefold(), *one, *two)]


def test_no_table_of_nothing_is_ever_made(tmp_path: Path) -> None:
    odd: list[Row] = [{"who": "user", "what": "q"}, {"who": "assistant", "what": "a"}]
    with pytest.raises(
        DataError, match=r"(?s)both as text or both as messages.*its fields are chosen, prompt, rejected"
    ):
        read_annotations(write(tmp_path / "t.jsonl", {"prompt": ASKED, "chosen": odd, "rejected": odd}))
