import numpy as np
import pytest

from farm.stats.bootstrap import Resampling, estimate, item_weights, seed_weights


def test_item_weights_draw_as_many_items_as_there_are() -> None:
    weights = item_weights(7, Resampling(seed=0, n_resamples=50), "test")
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()


def test_resampled_seeds_vary_as_much_as_the_mean_of_seeds_does() -> None:
    weights = seed_weights(3, Resampling(seed=0, n_resamples=20000), "test")
    means = weights @ np.array([0.0, 1.0, 2.0]) / weights.sum(axis=1)
    # Sample variance of 0, 1, 2 is 1; of their mean 1/3. Drawing three of three would give 2/9.
    assert means.var() == pytest.approx(1 / 3, rel=0.03)


def test_one_seed_is_always_drawn() -> None:
    assert (seed_weights(1, Resampling(seed=0, n_resamples=10), "test") == 1).all()


def test_the_same_resampling_draws_the_same_for_every_statistic() -> None:
    first, again, other_seed = (Resampling(seed=seed, n_resamples=5) for seed in (3, 3, 4))
    assert (item_weights(9, first, "x") == item_weights(9, again, "x")).all()
    assert (item_weights(9, first, "x") != item_weights(9, other_seed, "x")).any()
    assert (item_weights(9, first, "x") != item_weights(9, first, "y")).any()


def test_an_interval_needs_a_resample() -> None:
    with pytest.raises(ValueError, match="n_resamples: expected at least 1, got 0"):
        Resampling(seed=0, n_resamples=0)


def test_an_undefined_value_has_its_reason() -> None:
    result = estimate(float("nan"), np.array([0.5, 0.6]), n_total=2, reason="all alike")
    assert (result.value, result.low, result.high, result.reason) == (None, None, None, "all alike")


def test_no_interval_from_a_share_of_the_resamples() -> None:
    replicates = np.where(np.arange(100) < 10, np.nan, 0.5)
    result = estimate(0.5, replicates, n_total=5)
    assert result.value == 0.5 and result.low is None
    assert "10 of 100" in result.reason
