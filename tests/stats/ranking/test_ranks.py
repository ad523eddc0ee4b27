import numpy as np

from farm.stats.ranking.ranks import ranks_from_draws

MANY = np.full(3, 100)


def test_clear_differences_fix_every_rank() -> None:
    values = np.array([1.0, 3.0, 2.0])
    draws = values + np.random.default_rng(0).normal(0, 0.01, (500, 3))
    found = ranks_from_draws(values, draws, MANY)
    assert found.place.tolist() == found.low.tolist() == found.high.tolist() == [3, 1, 2]


def test_models_that_cannot_be_told_apart_share_a_range() -> None:
    values = np.array([0.50, 0.51, 0.9])
    draws = values + np.random.default_rng(0).normal(0, 0.05, (500, 3))
    found = ranks_from_draws(values, draws, MANY)
    assert found.place.tolist() == [3, 2, 1]
    assert found.low.tolist() == [2, 2, 1] and found.high.tolist() == [3, 3, 1]


def test_the_limit_is_two_and_a_half_percent() -> None:
    # The second is better in 97% of the resamples, then in 98%.
    for n_better, low in ((97, 1), (98, 2)):
        draws = np.array([[0.0, 1.0]] * n_better + [[1.0, 0.0]] * (100 - n_better))
        assert ranks_from_draws(np.array([0.0, 1.0]), draws, MANY[:2]).low[0] == low


def test_no_resample_says_nothing() -> None:
    found = ranks_from_draws(np.array([0.1, 0.9]), np.full((10, 2), np.nan), MANY[:2])
    assert (found.low.tolist(), found.high.tolist()) == ([1, 1], [2, 2])


def test_five_coins_prove_nothing_and_six_do() -> None:
    values, draws = np.array([0.0, 1.0]), np.tile([0.0, 1.0], (50, 1))
    assert ranks_from_draws(values, draws, np.array([5, 60])).high.tolist() == [2, 2]
    assert ranks_from_draws(values, draws, np.array([6, 60])).high.tolist() == [2, 1]
