import numpy as np
import pytest

from farm.stats.ranking.ranking_agreement import correlate, pair_orders

VALUES = np.array([0.2, 0.4, 0.6, 0.8])


def noisy(values: np.ndarray, spread: float, *, seed: int) -> np.ndarray:
    return values + np.random.default_rng(seed).normal(0, spread, (400, len(values)))


NAMES = ("humans", "simulated")


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


def test_pairs_come_in_the_order_of_the_first_ranking() -> None:
    pairs = pair_orders("abcd", VALUES, VALUES, noisy(VALUES, 0.01, seed=0), noisy(VALUES, 0.01, seed=1))
    assert [(p.model, p.other) for p in pairs][:3] == [("d", "c"), ("d", "b"), ("d", "a")]
    assert all(p.p_same_order == 1 and not p.is_inverted for p in pairs) and len(pairs) == 6


def test_an_inversion_is_flagged_only_beyond_noise() -> None:
    other = VALUES[[0, 2, 1, 3]]
    for spread, is_beyond in ((0.01, True), (0.3, False)):
        pairs = pair_orders("abcd", VALUES, other, noisy(VALUES, spread, seed=0), noisy(other, spread, seed=1))
        (found,) = [p for p in pairs if p.is_inverted]
        assert (found.model, found.other, found.is_beyond_noise) == ("c", "b", is_beyond)
        # sqrt(2) times the spread of one.
        assert found.first_standard_error == pytest.approx(2**0.5 * spread, rel=0.1)


def test_the_probability_of_the_same_order_by_counting() -> None:
    first = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    second = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    # Same, different, same, undecided: (1 + 0 + 1 + 1/2) / 4
    (pair,) = pair_orders("ab", np.array([1.0, 0.0]), np.array([1.0, 0.0]), first, second)
    assert pair.p_same_order == 0.625
