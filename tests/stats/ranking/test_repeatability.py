import pytest

from farm.stats.ranking.repeatability import LabelCounts, gaps_within_repeats, repeat_variance


def test_counts_say_the_same_as_labels() -> None:
    # Labels 1, 1/2, 0: mean 1/2, squares 1/4 + 0 + 1/4 over 2 = 1/4; labels 1, 1, 0: 1/3. Mean 7/24; three labels each
    # on two items: 7/24 / 6.
    counts = [LabelCounts(n_wins=1, n_ties=1, n_losses=1), LabelCounts(n_wins=2, n_ties=0, n_losses=1)]
    assert repeat_variance(counts) == pytest.approx(7 / 24 / 6)
    assert repeat_variance([*counts, LabelCounts(n_wins=0, n_ties=0, n_losses=0)]) == pytest.approx(7 / 24 / 6)
    assert repeat_variance([LabelCounts(n_wins=1, n_ties=0, n_losses=0)]) is None


def test_only_gaps_below_their_own_deviation_are_marked() -> None:
    # Deviation of a gap between two rates of variance .0002: .02.
    rates = [0.50, 0.485, 0.46, None, 0.45]
    assert gaps_within_repeats(rates, [0.0002] * 5) == [True, False, False, False, False]
    assert gaps_within_repeats([0.5, 0.49], [0.0002, None]) == [False, False]
    assert gaps_within_repeats([], []) == []
