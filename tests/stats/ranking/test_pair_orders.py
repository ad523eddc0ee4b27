from collections.abc import Sequence

import numpy as np
import pytest

from farm.stats.bootstrap import FloatArray
from farm.stats.ranking.draws.ranking import RankingDraws, draws_of_win_rates
from farm.stats.ranking.pair_orders import PairOrder, pair_orders

VALUES = np.array([0.2, 0.4, 0.6, 0.8])


def noisy(values: FloatArray, spread: float, *, seed: int) -> FloatArray:
    return values + np.random.default_rng(seed).normal(0, spread, (400, len(values)))


def ranking(models: Sequence[str], values: FloatArray, draws: FloatArray) -> RankingDraws:
    return draws_of_win_rates(models, values, draws, difference_errors=None, exact_models=frozenset())


def ordered(
    models: Sequence[str], first: FloatArray, second: FloatArray, first_draws: FloatArray, second_draws: FloatArray
) -> tuple[PairOrder, ...]:
    return pair_orders(ranking(models, first, first_draws), ranking(models, second, second_draws))


def test_pairs_come_in_the_order_of_the_first_ranking() -> None:
    pairs = ordered("abcd", VALUES, VALUES, noisy(VALUES, 0.01, seed=0), noisy(VALUES, 0.01, seed=1))
    assert [(p.model, p.other) for p in pairs][:3] == [("d", "c"), ("d", "b"), ("d", "a")]
    assert all(p.p_same_order == 1 and not p.is_inverted for p in pairs) and len(pairs) == 6


def test_an_inversion_is_flagged_only_beyond_noise() -> None:
    other = VALUES[[0, 2, 1, 3]]
    for spread, is_beyond in ((0.01, True), (0.3, False)):
        pairs = ordered("abcd", VALUES, other, noisy(VALUES, spread, seed=0), noisy(other, spread, seed=1))
        (found,) = [p for p in pairs if p.is_inverted]
        assert (found.model, found.other, found.is_beyond_noise) == ("c", "b", is_beyond)
        # sqrt(2) times the spread of one.
        assert found.first_standard_error == pytest.approx(2**0.5 * spread, rel=0.1)


def test_the_probability_of_the_same_order_by_counting() -> None:
    first = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    second = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    # Same, different, same, undecided: (1 + 0 + 1 + 1/2) / 4
    (pair,) = ordered("ab", np.array([1.0, 0.0]), np.array([1.0, 0.0]), first, second)
    assert pair.p_same_order == 0.625
