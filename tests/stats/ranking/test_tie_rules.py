import numpy as np
import pandas as pd
import pytest

from farm.stats.ranking.pair_counts import ClusterCounts, comparisons_of
from farm.stats.ranking.tie_rules import TIE_RULES, model_totals, rates_of_counts, rates_with_errors
from farm.stats.ranking.win_rates import win_rate

# a against b: 3 wins, 2 ties, 1 loss.
SCORES = [1.0, 1.0, 1.0, 0.5, 0.5, 0.0]
COMPARISONS = comparisons_of(["a"] * 6, ["b"] * 6, SCORES, [str(k) for k in range(6)])


@pytest.mark.parametrize(
    ("rule", "first", "second"),
    [("ties_half", 4 / 6, 2 / 6), ("ties_dropped", 3 / 4, 1 / 4), ("ties_as_losses", 3 / 6, 1 / 6)],
)
def test_the_three_conventions_by_hand(rule: str, first: float, second: float) -> None:
    assert rule in TIE_RULES
    found = rates_with_errors(model_totals(COMPARISONS), rule)  # type: ignore[arg-type]
    assert found.win_rates == pytest.approx([first, second])


def test_resampled_counts_give_the_same_rates() -> None:
    counts = ClusterCounts(COMPARISONS)
    for rule in TIE_RULES:
        expected = rates_with_errors(model_totals(COMPARISONS), rule).win_rates
        assert rates_of_counts(counts.pairs, counts.observed(), rule)[0] == pytest.approx(expected)


def test_one_comparison_a_cluster_gives_pandas_standard_error_of_the_mean() -> None:
    found = rates_with_errors(model_totals(COMPARISONS), "ties_half").standard_errors
    assert found[0] == pytest.approx(pd.Series(SCORES).sem())
    dropped = rates_with_errors(model_totals(COMPARISONS), "ties_dropped").standard_errors
    assert dropped[0] == pytest.approx(pd.Series([1.0, 1.0, 1.0, 0.0]).sem())


def test_comparisons_of_one_cluster_count_as_one() -> None:
    # Every comparison twice, in the same cluster: the error stays that of the single ones.
    twice = comparisons_of(["a"] * 12, ["b"] * 12, SCORES * 2, [str(k) for k in range(6)] * 2)
    found = rates_with_errors(model_totals(twice), "ties_half").standard_errors
    assert found[0] == pytest.approx(pd.Series(SCORES).sem())


def test_nothing_but_ties_has_no_rate_without_them() -> None:
    ties = model_totals(comparisons_of(["a", "a"], ["b", "b"], [0.5, 0.5], ["x", "y"]))
    assert np.isnan(rates_with_errors(ties, "ties_dropped").win_rates).all()
    assert rates_with_errors(ties, "ties_half").win_rates.tolist() == [0.5, 0.5]


def test_one_cluster_has_no_standard_error() -> None:
    one = model_totals(comparisons_of(["a", "a"], ["b", "b"], [1, 0], ["x", "x"]))
    assert np.isnan(rates_with_errors(one, "ties_half").standard_errors).all()


@pytest.mark.parametrize(
    ("rule", "first", "second"),
    # Points .6 + .6 + .5 + .1; on a's side of the tie lie two verdicts, on b's one, and one is a tie.
    [("ties_half", 1.8 / 4, 2.2 / 4), ("ties_dropped", 2 / 3, 1 / 3), ("ties_as_losses", 2 / 4, 1 / 4)],
)
def test_grades_are_points_with_ties_half_and_wins_where_wins_are_counted(
    rule: str, first: float, second: float
) -> None:
    # The last one names the models the other way round.
    graded = comparisons_of(["a"] * 3 + ["b"], ["b"] * 3 + ["a"], [0.6, 0.6, 0.5, 0.9], list("wxyz"))
    found = rates_with_errors(model_totals(graded), rule)  # type: ignore[arg-type]
    assert found.win_rates == pytest.approx([first, second])
    counts = ClusterCounts(graded)
    assert rates_of_counts(counts.pairs, counts.observed(), rule)[0] == pytest.approx([first, second])  # type: ignore[arg-type]


def test_win_rate_and_error_are_the_leaderboards() -> None:
    # `win_rates.win_rate` is what a row of the leaderboard is made of: scores by instruction, unparsed left out.
    rng = np.random.default_rng(0)
    scores = np.r_[np.round(rng.beta(0.3, 4, 400), 9), [0.5, 1.0, 0.0], np.full(5, np.nan)]
    names = [str(k) for k in range(len(scores))]
    found = rates_with_errors(
        model_totals(comparisons_of(["m"] * len(scores), ["ref"] * len(scores), scores, names)), "ties_half"
    )
    expected = win_rate(scores)
    assert found.win_rates[0] == pytest.approx(expected.win_rate, rel=1e-14)
    assert found.standard_errors[0] == pytest.approx(expected.standard_error, rel=1e-14)


def test_equal_grades_have_no_error() -> None:
    equal = comparisons_of(["a"] * 3, ["b"] * 3, [0.4] * 3, list("xyz"))
    assert rates_with_errors(model_totals(equal), "ties_half").standard_errors == pytest.approx([0, 0], abs=1e-15)


def test_the_standard_error_of_grades_is_pandas() -> None:
    scores = [0.6, 0.93, 0.02, 0.5, 1.0]
    found = rates_with_errors(model_totals(comparisons_of(["a"] * 5, ["b"] * 5, scores, list("vwxyz"))), "ties_half")
    assert found.standard_errors == pytest.approx([pd.Series(scores).sem()] * 2)
