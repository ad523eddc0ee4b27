from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.stats.agreement.by_annotator import raw_agreement
from farm.stats.bias.position import order_effect, verdict_of_both_orders
from farm.stats.bootstrap import Resampling

RESAMPLING = Resampling(seed=0, n_resamples=50)

NAN = float("nan")


def test_shares_by_hand() -> None:
    one = np.array([1, 1, 2, 1.5, 2, NAN])
    two = np.array([1, 2, 1, 1, 2, 1])
    found = order_effect(one, two, name="x", resampling=RESAMPLING)
    assert (found.consistency.value, found.conflict.value) == (2 / 5, 3 / 5)
    assert (found.consistency.n_total, found.consistency.n_unparsed) == (5, 1)
    # Item 2: output_1 where it is first, output_2 where that is first: the first shown. Item 3: the second shown.
    assert (found.first_both_times.value, found.second_both_times.value, found.reversal.value) == (0.2, 0.2, 0.4)


def test_settling_two_orders() -> None:
    one, two = np.array([1, 1, 1, 1.5, 1, NAN]), np.array([1, 2, 1.5, 2, NAN, 1])
    assert verdict_of_both_orders(one, two, "tie")[:4].tolist() == [1, 1.5, 1.5, 1.5]
    assert verdict_of_both_orders(one, two, "average")[:4].tolist() == [1, 1.5, 1, 2]
    assert (
        np.isnan(verdict_of_both_orders(one, two, "tie")[4:]).all()
        and np.isnan(verdict_of_both_orders(one, two, "average")[4:]).all()
    )


def test_one_order_only_has_a_reason() -> None:
    found = order_effect(np.array([1.0]), np.array([NAN]), name="x", resampling=Resampling(seed=0, n_resamples=10))
    assert {f.reason for f in found} == {"no item was judged in both orders"}


def test_gpt_4_on_vicunas_questions(humandata: Path, known_answers: dict[str, dict[str, dict]]) -> None:
    expected = known_answers["faireval"]
    table = pd.read_parquet(humandata / "faireval.parquet").pivot(
        index="item_id", columns="annotator", values="preference"
    )
    one, two = (table[f"gpt-4/qlora-threeclass/{order}"].to_numpy() for order in ("AB", "BA"))
    conflict = order_effect(one, two, name="x", resampling=RESAMPLING).conflict
    assert conflict.value == expected["gpt4_position_conflict_rate"]["value"]
    humans = table["faireval_human_consensus"].to_numpy()
    balanced = raw_agreement(verdict_of_both_orders(one, two, "average"), humans, resampling=RESAMPLING)
    assert balanced.value == pytest.approx(expected["gpt4_balanced_position_accuracy_3class"]["value"])
