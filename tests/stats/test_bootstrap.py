import numpy as np
import pytest

from farm.seeds import rng_for
from farm.stats.bootstrap import estimate, item_weights, seed_weights


def test_item_weights_draw_as_many_items_as_there_are() -> None:
    weights = item_weights(7, 50, rng_for(0, "test"))
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()


def test_resampled_seeds_vary_as_much_as_the_mean_of_seeds_does() -> None:
    weights = seed_weights(3, 20000, rng_for(0, "test"))
    means = weights @ np.array([0.0, 1.0, 2.0]) / weights.sum(axis=1)
    # Sample variance of 0, 1, 2 is 1; of their mean 1/3. Drawing three of three would give 2/9.
    assert means.var() == pytest.approx(1 / 3, rel=0.03)


def test_one_seed_is_always_drawn() -> None:
    assert (seed_weights(1, 10, rng_for(0, "test")) == 1).all()


def test_an_undefined_value_has_its_reason() -> None:
    result = estimate(float("nan"), np.array([0.5, 0.6]), n_total=2, reason="all alike")
    assert (result.value, result.low, result.high, result.reason) == (None, None, None, "all alike")


def test_no_interval_from_a_share_of_the_resamples() -> None:
    replicates = np.where(np.arange(100) < 10, np.nan, 0.5)
    result = estimate(0.5, replicates, n_total=5)
    assert result.value == 0.5 and result.low is None
    assert "10 of 100" in result.reason
