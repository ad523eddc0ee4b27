import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from farm.conversation import Message, messages_of_text
from farm.data.files.rows import DataError
from farm.labels.read import notes_of, read_annotations

ASKED = "\n\nHuman: Name a fruit.\n\nAssistant:"
PAIRS = [
    {"chosen": f"{ASKED} A fig.\n\nHuman: More.\n\nAssistant: Plum {k}.",
     "rejected": f"{ASKED} A fig.\n\nHuman: More.\n\nAssistant: Oak {k}."} for k in range(40)
]  # fmt: skip


def write(folder: Path, rows: list[dict[str, object]]) -> Path:
    path = folder / "harmless-base" / "test.jsonl.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in rows).encode()))
    return path


def better(frame: pd.DataFrame) -> list[str]:
    return frame["output_1"].where(frame["preference"] == 1, frame["output_2"]).tolist()


def test_the_dialogues_part_at_the_last_turn_they_share(tmp_path: Path) -> None:
    write(tmp_path, PAIRS)
    frame = read_annotations(tmp_path)
    assert set(frame["instruction"]) == {"More."}
    (history,) = {messages_of_text(text) for text in frame["history"]}
    assert history == (Message("user", "Name a fruit."), Message("assistant", "A fig."))
    assert better(frame) == [f"Plum {k}." for k in range(40)]
    assert set(frame["dataset"]) == {"hh_rlhf/harmless-base/test"}


def test_dialogues_that_part_earlier_keep_the_rest_as_output(tmp_path: Path) -> None:
    pair = {"chosen": f"{ASKED} Fig.\n\nHuman: More.\n\nAssistant: Plum.", "rejected": f"{ASKED} Oak."}
    (row,) = read_annotations(write(tmp_path, [pair])).to_dict("records")
    assert row["instruction"] == "Name a fruit." and "history" not in row
    assert {row["output_1"], row["output_2"]} == {"Fig.\n\nHuman: More.\n\nAssistant: Plum.", "Oak."}


def test_always_the_first_is_worth_nothing(tmp_path: Path) -> None:
    # There is no presentation order; were chosen always output_1, position bias would look like perfect agreement.
    frame = read_annotations(write(tmp_path, PAIRS))
    assert "first_shown" not in frame
    assert 8 <= (frame["preference"] == 1).sum() <= 32  # 40 fair coins leave this range once in 10,000 times
    swapped = [{"chosen": pair["rejected"], "rejected": pair["chosen"]} for pair in PAIRS]
    other = read_annotations(write(tmp_path, swapped))
    # The side of a text does not depend on whether it was chosen.
    assert (other["output_1"] == frame["output_1"]).all() and (other["preference"] == 3 - frame["preference"]).all()


def test_anthropics_labels_are_peoples_whoever_asks(tmp_path: Path) -> None:
    path = write(tmp_path, PAIRS)
    assert set(read_annotations(path, assumed_kind="llm")["annotator_kind"]) == {"human"}
    assert set(read_annotations(path)["annotator"]) == {"hh_crowdworker"}


def test_two_labels_of_a_pair_are_two_workers(tmp_path: Path) -> None:
    other = {"chosen": PAIRS[0]["rejected"], "rejected": PAIRS[0]["chosen"]}
    frame = read_annotations(write(tmp_path, [PAIRS[0], other]))
    assert frame["item_id"].nunique() == 1 and frame["preference"].sum() == 3
    assert frame["annotator"].tolist() == ["hh_crowdworker", "hh_crowdworker_2"]
    assert notes_of(frame)[0].startswith("1 labels are on a pair that has one already")


def test_the_same_text_twice_is_counted(tmp_path: Path) -> None:
    frame = read_annotations(write(tmp_path, [*PAIRS, {"chosen": ASKED + " A.", "rejected": ASKED + " A."}]))
    assert len(frame) == 41 and notes_of(frame) == ["1 pairs have the same text twice; their labels say nothing"]


def test_a_malformed_row_is_named(tmp_path: Path) -> None:
    said = r"test\.jsonl\.gz(.|\n)*row 2: expected two answers, .* got `chosen` is 'a' and `rejected` is \[3\]; its"
    with pytest.raises(DataError, match=said):
        read_annotations(write(tmp_path, [PAIRS[0], {"chosen": "a", "rejected": [3]}]))


@pytest.mark.slow
def test_the_original_file_has_the_pairs_of_the_normalised_table(humandata: Path) -> None:
    frame = read_annotations(humandata / "raw/hh_rlhf")
    table = read_annotations(humandata / "hh_harmless_test.parquet")
    assert len(frame) == len(table) == 2312
    assert set(frame["preference"]) == {1, 2}
    # No order was recorded, so only the pairs and who won are comparable, not the sides.
    assert set(frame["history"] + frame["instruction"]) == set(table["history"] + table["instruction"])
    worse = [t["output_2"].where(t["preference"] == 1, t["output_1"]) for t in (frame, table)]
    pairs = [set(zip(t["instruction"], better(t), w, strict=True)) for t, w in zip((frame, table), worse, strict=True)]
    assert pairs[0] == pairs[1]
