"""Best-of-n expectations against enumeration over all subsets."""

import itertools

import numpy as np
import pytest

from farm.stats.selection import best_of_n_kl, expected_best_of_n, pair_agreement


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


def test_pair_agreement_by_hand() -> None:
    # Truth orders (a<b), (a<c), (b<c). Scores: a=0, b=2, c=1: right, right, wrong -> 2/3.
    # Second row: truth ties b and c, so 2 ordered pairs; the scorer ties a and b -> 1/2, a<c right -> 3/4 on average.
    result = pair_agreement(np.array([[0.0, 2, 1], [0, 0, 1]]), np.array([[0.0, 1, 2], [0, 1, 1]]))
    assert result.agreement == pytest.approx((2 / 3 + 3 / 4) / 2)
    assert result.n_pairs == 5


def test_more_than_the_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 1 to 3"):
        expected_best_of_n(np.zeros((1, 3)), np.zeros((1, 3)), 4)
