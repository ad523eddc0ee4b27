from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.stats.agreement.bias_variance import bias_and_variance, vote
from farm.stats.agreement.label_counts import labels_by_item
from farm.stats.bootstrap import Resampling

RESAMPLING = Resampling(seed=0, n_resamples=10)

NAN = float("nan")


def figures(labels: list[list[float]], humans: list[list[float]], ties: str) -> tuple[float | None, ...]:
    found = bias_and_variance(
        np.array(labels),
        np.array(humans),
        ties=ties,
        name="judge",
        resampling=RESAMPLING,  # type: ignore[arg-type]
    )
    return found.agreement.value, found.bias.value, found.variance.value


def test_alpaca_eval_takes_the_larger_of_two_modes_and_the_smallest_of_three() -> None:
    # What pandas' sample(1, random_state=123) returns of two and of three values in ascending order.
    labels = np.array([[1, 2, 1, 2], [1, 1.5, 1.5, 1], [2, 1.5, 1, NAN], [2, 2, 1, NAN], [NAN] * 4])
    assert vote(labels)[:4].tolist() == [2, 1.5, 1, 2]
    assert np.isnan(vote(labels)[4])


def test_a_graded_label_makes_the_vote_a_median() -> None:
    assert vote(np.array([[1.1, 2.0, 1.6, 1.0]])).tolist() == [1.35]


def test_a_joint_tie_is_agreement_for_alpaca_eval_and_a_coin_in_expectation() -> None:
    # Both vote 2 - 2. AlpacaEval breaks both ties alike: bias 0. Independent fair draws differ half of the time.
    labels, humans = [[1, 1, 2, 2]], [[2, 1, 2, 1]]
    assert figures(labels, humans, "alpaca_eval")[1] == 0
    assert figures(labels, humans, "expected")[1] == 0.5
    # A single label against the humans' vote: AlpacaEval's is 2, so half of the labels agree, as in expectation.
    assert figures(labels, humans, "alpaca_eval")[0] == figures(labels, humans, "expected")[0] == 0.5


def test_a_tie_is_half_wrong() -> None:
    assert figures([[1.5]], [[1, 1, 2]], "expected") == (0.5, 0.5, None)


def test_variance_by_hand() -> None:
    # The two 1s face (1, 2, 2) and (1, 2, 2): vote 2, error 1 each; the 2s face (1, 1, 2): error 1 each. Item 2: all 0.
    assert figures([[1, 1, 2, 2], [1, 1, 1, 1]], [[1], [1]], "alpaca_eval")[2] == 0.5
    # Three labels 1, 1, 2: the 1s face (1, 2), expected error 1/2, AlpacaEval's vote 2, error 1; the 2 faces 1, 1.
    assert figures([[1, 1, 2]], [[1]], "expected")[2] == pytest.approx((0.5 + 0.5 + 1) / 3)
    assert figures([[1, 1, 2]], [[1]], "alpaca_eval")[2] == 1.0


def test_noise_that_is_put_in_is_found_again() -> None:
    # One label against the majority of three others, all flipped with probability p independently:
    # error p (1 - q) + q (1 - p), where q = 3 p^2 (1 - p) + p^3 is the probability that the majority is wrong.
    rng, p = np.random.default_rng(5), 0.2
    truth = rng.choice([1.0, 2.0], (20000, 1))
    labels = np.where(rng.random((20000, 4)) < p, 3 - truth, truth)
    q = 3 * p**2 * (1 - p) + p**3
    found = bias_and_variance(
        labels, truth, ties="expected", name="judge", resampling=Resampling(seed=0, n_resamples=50)
    )
    assert found.variance.value == pytest.approx(p * (1 - q) + q * (1 - p), abs=0.01)
    # The vote of four is wrong with three or four flips, and half of the time with two.
    wrong = 4 * p**3 * (1 - p) + p**4 + 6 * p**2 * (1 - p) ** 2 / 2
    assert found.bias.value == pytest.approx(wrong, abs=0.01)
    assert found.agreement.value == pytest.approx(1 - p, abs=0.01)


def test_figures_that_do_not_exist_say_why() -> None:
    found = bias_and_variance(np.array([[1.0], [NAN]]), None, ties="expected", name="judge", resampling=RESAMPLING)
    assert [f.value for f in found] == [None, None, None]
    assert "no human labels" in found.bias.reason and "repeat the judging" in found.variance.reason
    apart = bias_and_variance(
        np.array([[1.0, NAN]]),
        np.array([[NAN]]),
        ties="expected",
        name="judge",
        resampling=RESAMPLING,
    )
    assert apart.agreement.reason == "no item has a label of both"
    assert apart.variance.reason == "no item has two labels"


def test_variance_of_gpt_4_on_alpaca_farms_pairs(humandata: Path) -> None:
    frame = pd.read_parquet(humandata / "alpacafarm_gpt4_seeds_b1.parquet")
    judge = frame[frame["annotator_kind"] == "llm"]
    names, item = np.unique(judge["item_id"].to_numpy(dtype=str), return_inverse=True)
    labels = labels_by_item(item, judge["preference"].to_numpy(), len(names))
    assert labels.shape == (648, 4)
    for ties in ("alpaca_eval", "expected"):  # three others have no tie
        found = bias_and_variance(labels, None, ties=ties, name="b1", resampling=Resampling(seed=0, n_resamples=200))  # type: ignore[arg-type]
        assert found.variance.value == pytest.approx(0.1493055555555555, abs=1e-12)  # the published table
        assert found.variance.low is not None and 0.11 < found.variance.low < 0.1493
        assert found.variance.n_total == 648 * 4
