"""Best-of-n expectations against enumeration over all subsets."""

import itertools

import numpy as np
import pytest

from farm.stats.best_of_n import best_of_n_kl, expected_best_of_n, measured_best_of_n_kl, pair_agreement


def test_best_of_n_expectation_is_the_mean_over_all_subsets() -> None:
    rng = np.random.default_rng(0)
    scores, values = rng.normal(size=(3, 6)), rng.normal(size=(3, 6))
    for n in (1, 2, 5, 6):
        subsets = list(itertools.combinations(range(6), n))
        for row, expected in enumerate(expected_best_of_n(scores, values, n)):
            picked = [values[row, max(subset, key=lambda i: scores[row, i])] for subset in subsets]
            assert expected == pytest.approx(np.mean(picked))


def test_equal_scores_share_their_chance() -> None:
    # A scorer that knows nothing picks at random: the expectation is the plain mean, (1 + 2 + 6) / 3 = 3.
    assert expected_best_of_n(np.zeros((1, 3)), np.array([[1.0, 2.0, 6.0]]), 2) == pytest.approx([3.0])


def test_kl_of_best_of_one_is_zero_and_of_two_is_known() -> None:
    assert best_of_n_kl(1) == 0.0
    assert best_of_n_kl(2) == pytest.approx(0.693147 - 0.5, abs=1e-6)


@pytest.mark.parametrize("n", [1, 2, 16, 1000])
def test_without_ties_the_measured_kl_is_the_bound(n: int) -> None:
    scores = np.random.default_rng(0).normal(size=(3, 16))
    found = measured_best_of_n_kl(scores, n)
    # log 2 - 1/2 = .1931, log 16 - 15/16 = 1.8351, log 1000 - .999 = 5.9088.
    assert found.bound == pytest.approx({1: 0.0, 2: 0.1931, 16: 1.8351, 1000: 5.9088}[n], abs=1e-4)
    assert found.measured == pytest.approx(found.bound, abs=1e-9)
    assert (found.n_instructions, found.n_samples) == (3, 16)


def test_the_measured_kl_of_ties_by_hand() -> None:
    # Two scores, each half of the samples: the best of two has the worse one with probability 1/4,
    # 1/4 log(1/2) + 3/4 log(3/2) = -.1733 + .3041 = .1308. One score only: nothing is selected.
    found = measured_best_of_n_kl(np.array([[0.0, 1, 0, 1], [5, 5, 5, 5]]), 2)
    assert found.measured == pytest.approx(0.1308 / 2, abs=1e-4)
    # Half the difference of two values is the standard error of their mean.
    assert found.standard_error == pytest.approx(0.1308 / 2, abs=1e-4)


def test_the_measured_kl_recovers_that_of_a_known_distribution() -> None:
    rng = np.random.default_rng(1)
    shares = np.array([0.5, 0.3, 0.15, 0.05])
    picked = rng.choice(4, size=(200_000, 4), p=shares).max(axis=1)  # the best of four, drawn
    frequencies = np.bincount(picked, minlength=4) / len(picked)
    drawn = float((frequencies * np.log(frequencies / shares)).sum())
    found = measured_best_of_n_kl(rng.choice(4, size=(50, 400), p=shares).astype(float), 4)
    assert found.standard_error is not None
    assert found.measured == pytest.approx(drawn, abs=4 * found.standard_error)
    assert found.standard_error < 0.02 and drawn < best_of_n_kl(4) - 0.05


def test_pair_agreement_by_hand() -> None:
    # Truth orders (a<b), (a<c), (b<c). Scores: a=0, b=2, c=1: right, right, wrong -> 2/3.
    # Second row: truth ties b and c, so 2 ordered pairs; the scorer ties a and b -> 1/2, a<c right -> 3/4 on average.
    result = pair_agreement(np.array([[0.0, 2, 1], [0, 0, 1]]), np.array([[0.0, 1, 2], [0, 1, 1]]))
    assert result is not None
    assert result.agreement == pytest.approx((2 / 3 + 3 / 4) / 2)
    assert result.n_pairs == 5


def test_a_policy_that_always_says_the_same_has_no_pair_agreement() -> None:
    assert pair_agreement(np.array([[0.0, 2, 1], [0, 0, 1]]), np.zeros((2, 3))) is None
    # One instruction with different answers has no standard error.
    assert pair_agreement(np.array([[0.0, 2, 1], [0, 0, 1]]), np.array([[0.0, 1, 2], [1, 1, 1]])) is None


def test_more_than_the_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 1 to 3"):
        expected_best_of_n(np.zeros((1, 3)), np.zeros((1, 3)), 4)
