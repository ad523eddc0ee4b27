import numpy as np
import pytest

from farm.stats.bootstrap import Resampling, item_weights, resampled_sums
from farm.stats.shares import clustered_share, mean_of_ratios, ratio

RESAMPLING = Resampling(seed=0, n_resamples=10)


def test_labels_of_one_item_are_drawn_together() -> None:
    # Ten labels an item, all alike: 50 items tell as much as 50 labels, sd sqrt(.25 / 50) = .071, not .022 as of 500.
    is_hit = np.repeat(np.arange(50) % 2 == 0, 10)
    found = clustered_share(
        np.repeat(np.arange(50), 10),
        is_hit,
        np.ones(500, dtype=bool),
        purpose="x",
        resampling=Resampling(seed=0, n_resamples=2000),
    )
    assert found.value == 0.5 and found.low is not None and found.high is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.0707, rel=0.1)


def test_equal_items_drawn_together_have_the_same_distribution() -> None:
    # Beyond the limit rows are grouped: a share of .3 over 200,000 items has sd sqrt(.21 / 200000) = .001025.
    part = (np.arange(200000) % 10 < 3).astype(float)
    sums = resampled_sums(np.stack([part, np.ones(200000)], axis=1), Resampling(seed=0, n_resamples=2000), "x")
    assert (sums[:, 1] == 200000).all()
    assert (sums[:, 0] / 200000).std() == pytest.approx(0.001025, rel=0.08)
    assert (sums[:, 0] / 200000).mean() == pytest.approx(0.3, abs=1e-4)


def test_few_items_are_drawn_as_weights() -> None:
    cells = np.random.default_rng(1).random((30, 2))
    resampling = Resampling(seed=0, n_resamples=100)
    expected = item_weights(30, resampling, "x") @ cells
    np.testing.assert_array_equal(resampled_sums(cells, resampling, "x"), expected)


def test_many_distinct_rows_are_drawn_in_parts() -> None:
    cells = np.random.default_rng(1).random((50000, 1))
    sums = resampled_sums(cells, Resampling(seed=0, n_resamples=200), "x")[:, 0] / 50000
    assert sums.shape == (200,)
    assert sums.std() == pytest.approx(cells.std() / np.sqrt(50000), rel=0.2)


def test_nothing_to_count_has_a_reason() -> None:
    zero = np.zeros(4)
    assert ratio(zero, zero, purpose="x", resampling=RESAMPLING, nothing="none").reason == "none"
    found = mean_of_ratios(zero[:, None], zero[:, None], purpose="x", resampling=RESAMPLING, nothing="none")
    assert (found.value, found.reason) == (None, "none")


def test_columns_weigh_the_same_whatever_they_count() -> None:
    # One column 1 of 1, the other 0 of 3: the mean of the shares is a half, the pooled share a quarter.
    parts, wholes = np.array([[1.0, 0], [0, 0], [0, 0]]), np.array([[1.0, 1], [0, 1], [0, 1]])
    found = mean_of_ratios(parts, wholes, purpose="x", resampling=RESAMPLING)
    assert (found.value, found.n_total) == (0.5, 4)
