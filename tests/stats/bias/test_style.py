from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.stats.bias.style import style_bias, style_of
from farm.stats.bootstrap import Resampling

RESAMPLING = Resampling(seed=0, n_resamples=50)

NAN = float("nan")


def test_shares_by_hand() -> None:
    style = style_of(["short", "same", "- a\n- b", "x"], ["a longer one", "size", "plain answer", "x" * 60])
    assert style.longer.tolist() == [2, 0, 2, 2]
    assert style.longer_alpaca_eval.tolist() == [0, 0, 0, 2]
    assert style.has_list.tolist() == [0, 0, 1, 0]
    labels = np.array([2, 1, 1.25, 1.0, 1.5, NAN, 2])
    item = np.array([0, 0, 2, 3, 3, 3, 3])
    found = style_bias(item, labels, style, np.array([1, 1, 2, 0, 1, 1, 2]), name="x", resampling=RESAMPLING)
    # Longer preferred: item 0 yes, no; item 2 no (graded); item 3 no, -, -, yes. 2 of 5.
    assert (found.longer.value, found.longer.n_total, found.longer.n_unparsed) == (2 / 5, 5, 1)
    assert (found.longer_alpaca_eval.value, found.longer_alpaca_eval.n_total) == (1 / 2, 2)
    assert (found.lists.value, found.lists.n_total) == (1.0, 1)
    # First shown preferred: no, yes, no, unknown, tie, unparsed, yes.
    assert (found.first_shown.value, found.first_shown.n_total) == (2 / 4, 4)


def test_unknown_order_and_equal_outputs_say_so() -> None:
    found = style_bias(
        np.array([0]),
        np.array([1.0]),
        style_of(["a"], ["b"]),
        None,
        name="x",
        resampling=Resampling(seed=0, n_resamples=10),
    )
    assert [f.value for f in found] == [None] * 5
    assert "not recorded" in found.first_shown.reason and "different length" in found.longer.reason


@pytest.mark.parametrize("name", ["pandalm", "faireval", "hh_harmless_test", "hhh_alignment"])
def test_people_prefer_the_longer_answer_as_often_as_known(
    humandata: Path, known_answers: dict[str, dict[str, dict[str, dict]]], name: str
) -> None:
    expected = known_answers["label_summary"][name]["value"]
    frame = pd.read_parquet(humandata / f"{name}.parquet")
    humans = frame[frame["annotator_kind"] == "human"]
    first = humans.drop_duplicates("item_id")
    item = first.set_index("item_id").index.get_indexer(humans["item_id"])
    found = style_bias(
        item,
        humans["preference"].to_numpy(),
        style_of(list(first["output_1"]), list(first["output_2"])),
        None,
        name=name,
        resampling=RESAMPLING,
    )
    assert round(found.longer.value or 0, 4) == expected["p_prefers_longer_nontie"]
    assert found.longer.n_total == expected["n_length"]


def test_gpt_4s_length_preference_is_the_published_one(humandata: Path) -> None:
    frame = pd.read_parquet(humandata / "alpacafarm_gpt4_seeds_b1.parquet")
    rows = frame[frame["annotator"] == "gpt4_b1/seed0"]
    found = style_bias(
        np.arange(len(rows)),
        rows["preference"].to_numpy(),
        style_of(list(rows["output_1"]), list(rows["output_2"])),
        None,
        name="b1",
        resampling=RESAMPLING,
    )
    assert found.longer_alpaca_eval.value == pytest.approx(
        0.6
    )  # its evaluators' table at the time, "Length preference"
    assert found.longer.value == pytest.approx(0.5578, abs=5e-5)
