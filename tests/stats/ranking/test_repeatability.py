import numpy as np
import pytest

from farm.stats.ranking.repeatability import repeat_variance


def of(*counts: tuple[float, float, float]) -> float | None:
    """Wins, ties and losses of each item."""
    return repeat_variance(*np.array(counts, dtype=np.float64).T)


def test_counts_say_the_same_as_labels() -> None:
    # Labels 1, 1/2, 0: mean 1/2, squares 1/4 + 0 + 1/4 over 2 = 1/4; labels 1, 1, 0: 1/3. Mean 7/24; three labels each
    # on two items: 7/24 / 6.
    assert of((1, 1, 1), (2, 0, 1)) == pytest.approx(7 / 24 / 6)


def test_items_without_a_label_do_not_count() -> None:
    assert of((1, 1, 1), (2, 0, 1), (0, 0, 0), (np.nan, np.nan, np.nan)) == pytest.approx(7 / 24 / 6)


def test_one_label_an_item_says_nothing_of_a_repetition() -> None:
    assert of((1, 0, 0)) is None
