import numpy as np
import pandas as pd
import pytest
from scipy import stats

from farm.stats.ranking.correlations import coefficients, correlate
from tests.paths import ROOT

VALUES = np.array([0.2, 0.4, 0.6, 0.8])
NAMES = ("humans", "simulated")


def noisy(values: np.ndarray, spread: float, *, seed: int) -> np.ndarray:
    return values + np.random.default_rng(seed).normal(0, spread, (400, len(values)))


def test_correlations_are_scipys_also_with_ties() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 5, (2, 20, 8)).astype(float)
    found = coefficients(first, second)
    for row in range(20):
        assert found.spearman[row] == pytest.approx(stats.spearmanr(first[row], second[row]).statistic)
        assert found.kendall[row] == pytest.approx(stats.kendalltau(first[row], second[row]).statistic)
        assert found.pearson[row] == pytest.approx(stats.pearsonr(first[row], second[row]).statistic)


def test_alpacafarms_published_table_gives_its_published_correlation() -> None:
    table = pd.read_csv(ROOT / "leaderboard" / "human" / "alpacafarm_table2.csv")
    rows = table[table["human_win_rate"].notna()]
    simulated, human = (rows[name].to_numpy()[None, :] for name in ("simulated_win_rate", "human_win_rate"))
    found = coefficients(simulated, human)
    assert len(rows) == 10
    assert round(float(found.spearman[0]), 2) == 0.98
    assert round(float(found.pearson[0]) ** 2, 2) == 0.87
    trained = rows["is_trained_in_sandbox"].to_numpy()
    assert coefficients(simulated[:, trained], human[:, trained]).spearman[0] == pytest.approx(0.943, abs=5e-4)


def test_exact_figures_have_an_interval_of_no_width() -> None:
    found = correlate(VALUES, VALUES, noisy(VALUES, 0, seed=0), noisy(VALUES, 0, seed=1), names=NAMES)
    assert (found.spearman.estimate.low, found.spearman.estimate.high) == pytest.approx((1, 1))
    assert found.kendall.repeated_mean == pytest.approx(1)


def test_a_repetition_lies_below_the_value() -> None:
    found = correlate(VALUES, VALUES, noisy(VALUES, 0.2, seed=0), noisy(VALUES, 0.2, seed=1), names=NAMES).spearman
    assert found.estimate.value == pytest.approx(1)
    assert found.repeated_mean is not None and found.repeated_mean < 0.8


def test_missing_values_say_why() -> None:
    nothing = np.full(4, np.nan)
    found = correlate(
        nothing, VALUES, np.full((400, 4), np.nan), noisy(VALUES, 0, seed=0), names=NAMES, reason="a wins everything"
    )
    assert found.pearson.estimate.value is None and found.pearson.estimate.reason == "a wins everything"


def test_equal_values_and_two_models_say_why() -> None:
    flat = np.full(4, 0.5)
    found = correlate(flat, VALUES, noisy(flat, 0, seed=0), noisy(VALUES, 0, seed=0), names=NAMES)
    assert found.spearman.estimate.reason == "humans: all models are equal"
    two = VALUES[:2]
    assert (
        "at least 3"
        in correlate(two, two, noisy(two, 0, seed=0), noisy(two, 0, seed=1), names=NAMES).spearman.estimate.reason
    )
