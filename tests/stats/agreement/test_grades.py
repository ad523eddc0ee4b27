import itertools

import numpy as np
import pytest

from farm.stats.agreement.grades import grades_between, grades_within
from farm.stats.bootstrap import Resampling

RESAMPLING = Resampling(seed=0, n_resamples=200)
NAN = np.nan


def test_two_annotators_give_numpys_correlation_and_the_mean_gap() -> None:
    first, second = np.array([1.0, 1.2, 1.5, 1.9, 2.0, NAN]), np.array([1.1, 1.0, 1.75, 1.6, 2.0, 1.3])
    found = grades_between(first[:, None], second[:, None], name="x", resampling=RESAMPLING, n_unparsed=1)
    assert found.pearson.value == pytest.approx(np.corrcoef(first[:5], second[:5])[0, 1])
    # |1 - 1.1| + |1.2 - 1| + |1.5 - 1.75| + |1.9 - 1.6| + 0 = .85
    assert found.mean_difference.value == pytest.approx(0.85 / 5)
    assert (found.pearson.n_total, found.pearson.n_unparsed, found.mean_difference.n_total) == (5, 1, 5)
    assert found.pearson.low is not None and found.pearson.low < found.pearson.value < 1.0 + 1e-9


def test_groups_count_every_pair_of_labels_on_an_item() -> None:
    first = np.array([[1.0, 1.5], [2.0, NAN], [1.25, 1.75], [1.5, 1.5]])
    second = np.array([[1.2, NAN, 1.0], [1.6, 1.9, 2.0], [NAN, NAN, NAN], [1.4, NAN, NAN]])
    pairs = [
        (x, y) for a, b in zip(first, second, strict=True) for x, y in itertools.product(a, b) if x == x and y == y
    ]
    found = grades_between(first, second, name="x", resampling=RESAMPLING)
    assert found.pearson.n_total == len(pairs) == 9
    assert found.pearson.value == pytest.approx(np.corrcoef(*np.transpose(pairs))[0, 1])
    assert found.mean_difference.value == pytest.approx(np.mean([abs(x - y) for x, y in pairs]))


def test_one_group_counts_every_two_of_its_labels() -> None:
    labels = np.array([[1.0, 1.5, 1.25], [2.0, NAN, 1.75], [NAN, 1.3, NAN], [1.1, 1.1, 1.9]])
    pairs = [pair for row in labels for pair in itertools.permutations(row[np.isfinite(row)], 2)]
    found = grades_within(labels, name="x", resampling=RESAMPLING)
    assert found.pearson.n_total == len(pairs) / 2 == 7
    assert found.pearson.value == pytest.approx(np.corrcoef(*np.transpose(pairs))[0, 1])
    assert found.mean_difference.value == pytest.approx(np.mean([abs(x - y) for x, y in pairs]))


def test_the_interval_of_a_correlation_covers_it() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(40):
        x = rng.normal(size=150)
        y = 0.6 * x + 0.8 * rng.normal(size=150)
        first, second = (np.clip(1.5 + v / 10, 1, 2)[:, None] for v in (x, y))
        found = grades_between(first, second, name="x", resampling=RESAMPLING).pearson
        assert found.low is not None and found.high is not None
        covered += found.low < 0.6 < found.high
    assert covered >= 34


def test_a_constant_side_has_a_difference_and_no_correlation() -> None:
    first, second = np.full((3, 1), 1.6), np.array([[1.2], [1.4], [2.0]])
    found = grades_between(first, second, name="x", resampling=RESAMPLING)
    assert found.pearson.value is None and found.pearson.reason.startswith(
        "one of the two gives one and the same label"
    )
    assert found.mean_difference.value == pytest.approx((0.4 + 0.2 + 0.4) / 3)


def test_no_common_item_is_said() -> None:
    found = grades_between(np.array([[1.2], [NAN]]), np.array([[NAN], [1.2]]), name="x", resampling=RESAMPLING)
    assert found.pearson.reason == found.mean_difference.reason == "no item has a label of both"
    within = grades_within(np.array([[1.2, NAN]]), name="x", resampling=RESAMPLING)
    assert within.pearson.reason == "no item has two labels"
