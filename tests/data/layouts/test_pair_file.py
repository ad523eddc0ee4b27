"""Files of pairs: what is left out or changed is said, what is not understood is named by its row."""

from pathlib import Path

import pytest

from farm.data.files.column_mapping import ColumnMapping
from farm.data.files.rows import DataError
from farm.data.layouts.pair_file import read_pairs
from tests.data.layouts.one_pair import ASKED, CHOSEN, DIALOGUE, HISTORY, REJECTED, SINGLE, TEXTS, user, whole, write


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("name", ["trl_messages", "trl_implicit", "llamafactory_sharegpt", "hh_rlhf"])
def test_every_format_of_file_holds_messages(name: str, ending: str, tmp_path: Path) -> None:
    (pair,) = read_pairs(write(tmp_path / f"t.{ending}", SINGLE[name])).pairs
    assert (pair.asked.instruction, pair.chosen.text, pair.rejected.text) == (ASKED, CHOSEN, REJECTED)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_every_format_of_file_holds_a_history(ending: str, tmp_path: Path) -> None:
    (pair,) = read_pairs(write(tmp_path / f"t.{ending}", DIALOGUE["llamafactory_sharegpt"])).pairs
    assert pair.asked.history == HISTORY


def test_a_prompt_that_all_answers_repeat_is_taken_off(tmp_path: Path) -> None:
    other = {"prompt": "q", "chosen": "q a", "rejected": "q b"}
    file = read_pairs(write(tmp_path / "t.jsonl", SINGLE["prompt_before_answers"], other))
    assert [(pair.chosen.text, pair.rejected.text) for pair in file.pairs] == [(CHOSEN, REJECTED), ("a", "b")]
    assert file.notes == ("all 2 pairs repeat the prompt at the beginning of both answers; it was taken off",)
    # One answer that begins otherwise: "q a" is what was answered.
    file = read_pairs(write(tmp_path / "t.jsonl", other, {"prompt": "q", "chosen": "q", "rejected": "z"}))
    assert file.pairs[0].chosen.text == "q a" and file.notes == ()


def test_conversations_on_different_prompts_are_left_out_and_counted(tmp_path: Path) -> None:
    apart = {"chosen": whole(user("q"))["chosen"], "rejected": whole(user("r"))["rejected"]}
    file = read_pairs(write(tmp_path / "t.jsonl", SINGLE["trl_implicit"], apart))
    assert len(file.pairs) == 1
    assert file.notes == ("1 row of 2 left out: chosen and rejected begin with different prompts",)
    with pytest.raises(DataError, match="chosen and rejected of all 1 rows begin with different prompts"):
        read_pairs(write(tmp_path / "t.jsonl", apart))


def test_ties_and_contradicting_ratings_are_counted(tmp_path: Path) -> None:
    def rated(chosen: float, rejected: float) -> dict[str, object]:
        return {"prompt": ASKED, **TEXTS, "chosen_rating": chosen, "rejected_rating": rejected}

    file = read_pairs(write(tmp_path / "t.jsonl", rated(3, 3), rated(2, 4), rated(4, 2)))
    assert file.notes == (
        "1 of 3 pairs have two equal ratings and are ties",
        "1 pairs have a chosen answer that is rated lower than the rejected one",
    )
    file = read_pairs(write(tmp_path / "t.jsonl", {"prompt": ASKED, **TEXTS, "status": "tie"}, rated(4, 2)))
    assert file.notes == ("1 of 2 pairs are called a tie and are one",)


def test_a_row_that_is_not_understood_is_named_with_its_fields(tmp_path: Path) -> None:
    rows = [SINGLE["trl_text"], {"topic": "x", **TEXTS}, {"topic": "y", **TEXTS}]
    with pytest.raises(DataError) as error:
        read_pairs(write(tmp_path / "t.jsonl", *rows))
    assert "2 of 3 rows are not as expected" in str(error.value)
    assert "row 2 and 1 more: expected what was asked in a column" in str(error.value)
    assert str(error.value).endswith("they are plain text; its fields are chosen, rejected, topic")


@pytest.mark.parametrize("name", ["context", "Document", "persona", "source_text"])
def test_a_column_beside_a_pair_that_may_be_part_of_the_prompt_is_named(name: str, tmp_path: Path) -> None:
    (note,) = read_pairs(write(tmp_path / "t.jsonl", {"prompt": ASKED, **TEXTS, name: "Geese"})).notes
    assert note.startswith(f"columns not used: {name};")


def test_columns_that_are_not_used_are_named_once_if_they_can_be_part_of_the_prompt(tmp_path: Path) -> None:
    rows = [
        {"prompt": f"{ASKED} {k}", **TEXTS, "tools": [{"name": "look"}], "scene": f"You stand at pond {k}.",
         "origin": "the same in all rows", "prompt_id": f"a b c {k}", "critique": f"Too short by {k}.", "n": k,
         "passage": "", "context": None}
        for k in range(3)
    ]  # fmt: skip
    (note,) = read_pairs(write(tmp_path / "t.jsonl", *rows)).notes
    assert note.startswith("columns not used: scene, tools;")


def test_a_column_that_a_setting_names_is_used(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", *({"ask": ASKED, **TEXTS, "context": f"You stand at pond {k}."} for k in (1, 2)))
    read = read_pairs(path, ColumnMapping(instruction="ask", input="context"))
    assert read.notes == () and read.pairs[0].asked.input == "You stand at pond 1."
    (note,) = read_pairs(path, ColumnMapping(instruction="ask")).notes
    assert note.startswith("columns not used: context;")
