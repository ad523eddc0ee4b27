import numpy as np
import pytest
from scipy import optimize, special

from farm.stats.bradley_terry import bradley_terry, fit_wins


def test_two_models_by_hand() -> None:
    # Three wins to one: the strengths differ by log 3.
    result = bradley_terry(["a"] * 4, ["b"] * 4, [1, 1, 1, 0])
    assert result.strengths == pytest.approx((np.log(3) / 2, -np.log(3) / 2))


def test_a_tie_is_half_a_win_for_each() -> None:
    # 2.5 to 1.5 points: the odds are 5/3.
    result = bradley_terry(["a", "a", "b", "a"], ["b", "b", "a", "b"], [1, 0.5, 0, 0])
    assert result.strengths == pytest.approx((np.log(5 / 3) / 2, -np.log(5 / 3) / 2))


def test_agrees_with_a_general_optimiser() -> None:
    rng = np.random.default_rng(0)
    wins = rng.poisson(4, (5, 5)).astype(float)
    np.fill_diagonal(wins, 0)

    def loss(strengths: np.ndarray) -> float:
        return -float((wins * special.log_expit(strengths[:, None] - strengths[None, :])).sum())

    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 9999}
    expected = optimize.minimize(loss, np.zeros(5), method="Nelder-Mead", options=options).x
    assert fit_wins(wins[None])[0] == pytest.approx(expected - expected.mean(), abs=1e-5)


def test_swapping_outputs_and_renaming_models_change_nothing() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.choice(["x", "y", "z"], 60), rng.choice(["u", "v"], 60)
    score = rng.integers(0, 3, 60) / 2
    one = bradley_terry(list(first), list(second), score)
    swapped = bradley_terry(list(second), list(first), 1 - score)
    assert one.strengths == pytest.approx(swapped.strengths)


def test_finds_the_strengths_that_made_the_verdicts() -> None:
    rng = np.random.default_rng(2)
    truth = np.array([-1.0, -0.3, 0.2, 1.1])
    pairs = rng.integers(0, 4, (8000, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    score = (rng.random(len(pairs)) < special.expit(truth[pairs[:, 0]] - truth[pairs[:, 1]])).astype(float)
    names = np.array(["a", "b", "c", "d"])
    found = bradley_terry(list(names[pairs[:, 0]]), list(names[pairs[:, 1]]), score).strengths
    assert found == pytest.approx(truth - truth.mean(), abs=0.1)


def test_a_model_that_always_wins_has_no_strength() -> None:
    result = bradley_terry(["a", "a", "b", "c"], ["b", "c", "c", "b"], [1, 1, 1, 1])
    assert result.strengths is None
    assert "(a)" in result.reason


def test_unparsed_comparisons_are_counted() -> None:
    result = bradley_terry(["a", "a", "a"], ["b", "b", "b"], [1, float("nan"), 0])
    assert (result.n_total, result.n_unparsed) == (2, 1)
    assert result.strengths == pytest.approx((0, 0))


def test_a_model_against_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="'a' is compared with itself"):
        bradley_terry(["a"], ["a"], [1])
