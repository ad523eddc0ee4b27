from collections.abc import Sequence

import numpy as np
import pytest

from farm.stats.bootstrap import FloatArray, Resampling
from farm.stats.ranking.correlations import coefficients
from farm.stats.ranking.draws.ranking import RankingDraws, draws_of_win_rates
from farm.stats.ranking.draws.scores import draws_of_scores
from farm.stats.ranking.ranking_comparison import RankingComparison, compare_rankings

RESAMPLING = Resampling(seed=0, n_resamples=1000)
MODELS = ("a", "b", "c", "d")


def scores(rates: list[float], *, n_seeds: int = 2, n_items: int = 300, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    return (rng.random((len(rates), n_seeds, n_items)) < np.array(rates)[:, None, None]).astype(np.float64)


def compared(
    models: Sequence[str], first: FloatArray, second: FloatArray, *, resampling: Resampling
) -> RankingComparison:
    return compare_rankings(*draws_of_scores(models, first, second, resampling=resampling), names=("first", "second"))


def test_equal_win_rates_have_no_correlation_but_a_reason() -> None:
    flat = np.tile(np.array([1.0, 0.0]), (4, 1, 50))
    result = compared(MODELS, flat, scores([0.1, 0.3, 0.5, 0.7], n_items=100), resampling=RESAMPLING)
    assert result.on_win_rates.spearman.estimate.value is None and result.on_win_rates.pearson.estimate.value is None
    assert "first: all models are equal" in result.on_win_rates.spearman.estimate.reason


def test_two_models_are_too_few() -> None:
    result = compared(("a", "b"), scores([0.2, 0.8]), scores([0.2, 0.8]), resampling=RESAMPLING)
    assert result.on_win_rates.kendall.estimate.value is None
    assert "at least 3" in result.on_win_rates.kendall.estimate.reason


def test_a_ranking_agrees_with_itself() -> None:
    table = scores([0.1, 0.4, 0.6, 0.9])
    result = compared(MODELS, table, table, resampling=RESAMPLING)
    assert (
        result.on_win_rates.spearman.estimate.value,
        result.on_win_rates.kendall.estimate.value,
        result.on_win_rates.pearson.estimate.value,
    ) == pytest.approx((1, 1, 1))
    assert result.inversions == ()
    assert result.on_win_rates.spearman.estimate.n_total == 4


def test_swapping_the_rankings_changes_no_correlation() -> None:
    one, other = scores([0.3, 0.35, 0.5, 0.6]), scores([0.4, 0.3, 0.5, 0.55], seed=1)
    there, back = (
        compared(MODELS, one, other, resampling=RESAMPLING),
        compared(MODELS, other, one, resampling=RESAMPLING),
    )
    assert there.on_win_rates.spearman.estimate.value == pytest.approx(back.on_win_rates.spearman.estimate.value)
    assert there.on_win_rates.kendall.estimate.value == pytest.approx(back.on_win_rates.kendall.estimate.value)
    assert [(p.model, p.other) for p in there.inversions] == [(p.other, p.model) for p in back.inversions]


def test_the_order_and_the_names_of_models_change_nothing() -> None:
    one, other = scores([0.3, 0.35, 0.5, 0.6]), scores([0.4, 0.3, 0.5, 0.55], seed=1)
    order = [2, 0, 3, 1]
    plain = compared(MODELS, one, other, resampling=RESAMPLING)
    moved = compared([f"m-{MODELS[k]}" for k in order], one[order], other[order], resampling=RESAMPLING)
    for a, b in (
        (plain.on_win_rates.spearman.estimate, moved.on_win_rates.spearman.estimate),
        (plain.on_win_rates.pearson.estimate, moved.on_win_rates.pearson.estimate),
    ):
        assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high))


def test_a_real_inversion_is_found_and_larger_than_noise() -> None:
    one, other = scores([0.2, 0.4, 0.6, 0.8]), scores([0.2, 0.6, 0.4, 0.8], seed=1)
    result = compared(MODELS, one, other, resampling=RESAMPLING)
    (pair,) = result.inversions
    assert (pair.model, pair.other) == ("c", "b")
    assert pair.first_difference > 0
    assert pair.second_difference < 0
    assert pair.is_beyond_noise and pair.p_same_order < 0.01
    assert pair.p_value < 0.001 and pair.p_value_joint < 0.01


def test_an_inversion_by_chance_is_within_noise() -> None:
    one, other = scores([0.2, 0.5, 0.5, 0.8]), scores([0.2, 0.5, 0.5, 0.8], seed=3)
    result = compared(MODELS, one, other, resampling=RESAMPLING)
    assert all(not pair.is_beyond_noise for pair in result.inversions)
    assert result.expected_inversions < 1.2


def test_the_p_value_is_that_of_the_smaller_difference() -> None:
    # 100 items: 60 against 40 in the first ranking, 30 against 70 in the second, all items of different outcome.
    def pair(n_first: int) -> FloatArray:
        wins = np.r_[np.ones(n_first), np.zeros(100 - n_first)]
        return np.stack([wins, 1 - wins])[:, None, :]

    (found,) = compared(("a", "b"), pair(60), pair(30), resampling=RESAMPLING).inversions
    # Differences +-1: mean .2, sample variance (100 - 100 * .04) / 99; SE .098473; z 2.0310; upper tail .02113
    assert found.first_standard_error == pytest.approx(0.098473, abs=1e-6)
    assert found.p_value == pytest.approx(0.02113, abs=1e-5)


def test_one_seed_gives_a_narrower_interval_than_seeds_that_differ() -> None:
    rng = np.random.default_rng(0)
    base = scores([0.4, 0.45, 0.5, 0.55], n_seeds=1, n_items=2000)
    shifted = np.clip(0.5 * base + 0.25 + rng.normal(0, 0.08, (4, 4, 1)), 0, 1)
    one = compared(MODELS, base, base, resampling=RESAMPLING)
    several = compared(MODELS, shifted, base, resampling=RESAMPLING)
    assert one.on_win_rates.pearson.estimate.low is not None and several.on_win_rates.pearson.estimate.low is not None
    assert several.on_win_rates.pearson.estimate.low < one.on_win_rates.pearson.estimate.low


def test_the_interval_holds_the_correlation_without_noise() -> None:
    truth = np.array([0.25, 0.26, 0.27, 0.32, 0.35, 0.39]), np.array([0.27, 0.31, 0.30, 0.36, 0.40, 0.46])
    without_noise = coefficients(truth[0][None], truth[1][None])
    n_held = np.zeros(3)
    for repetition in range(60):
        tables = [scores(list(rates), n_seeds=3, seed=2 * repetition + k) for k, rates in enumerate(truth)]
        found = compared("abcdef", *tables, resampling=Resampling(seed=0, n_resamples=200))
        for k, (correlation, true) in enumerate(zip(found.on_win_rates, without_noise, strict=True)):
            low, high = correlation.estimate.low, correlation.estimate.high
            assert low is not None and high is not None
            n_held[k] += low - 1e-9 <= true[0] <= high + 1e-9
    assert (n_held >= 0.9 * 60).all()


def test_the_same_seed_gives_the_same_interval() -> None:
    one, other = scores([0.3, 0.35, 0.5, 0.6]), scores([0.4, 0.3, 0.5, 0.55], seed=1)
    assert compared(MODELS, one, other, resampling=Resampling(seed=5, n_resamples=1000)) == compared(
        MODELS, one, other, resampling=Resampling(seed=5, n_resamples=1000)
    )


def test_a_model_without_verdicts_is_named() -> None:
    table = scores([0.1, 0.4, 0.6, 0.9])
    broken = table.copy()
    broken[2, 1] = np.nan
    with pytest.raises(ValueError, match="'c'"):
        compared(MODELS, table, broken, resampling=RESAMPLING)


def ranking(models: Sequence[str], *, exact: Sequence[str] = ()) -> RankingDraws:
    rates = np.linspace(0.2, 0.8, len(models))
    draws = rates + np.random.default_rng(0).normal(0, 0.01, (100, len(models)))
    return draws_of_win_rates(models, rates, draws, difference_errors=None, exact_models=frozenset(exact))


def test_only_models_that_both_rank_are_compared() -> None:
    found = compare_rankings(ranking("abcd"), ranking("bcde"), names=("humans", "simulated"))
    assert found.models == ("b", "c", "d") and len(found.pairs) == 3
    narrowed = compare_rankings(ranking("abcd"), ranking("abcd"), names=("humans", "simulated"), only=("a", "d"))
    assert narrowed.models == ("a", "d")


def test_rankings_without_a_common_model_say_what_each_has() -> None:
    found = compare_rankings(ranking("ab"), ranking("cd"), names=("humans", "simulated"))
    assert found.reason == "the two rank no model in common: humans a, b, simulated c, d"
    assert found.on_strengths.kendall.estimate.reason == found.reason


def test_figures_without_errors_make_no_inversion_surely_real() -> None:
    backwards = draws_of_win_rates(
        "abc", *(ranking("abc").win_rates[::-1], ranking("abc").win_rate_draws[:, ::-1]),
        difference_errors=None, exact_models=frozenset(),
    )  # fmt: skip
    found = compare_rankings(ranking("abc"), backwards, names=("humans", "simulated"))
    assert [pair.is_beyond_noise for pair in found.inversions] == [True] * 3
    unknown = compare_rankings(ranking("abc", exact="a"), backwards, names=("humans", "simulated"))
    assert {(pair.model, pair.other): pair.is_beyond_noise for pair in unknown.inversions} == {
        ("c", "b"): True, ("c", "a"): None, ("b", "a"): None,
    }  # fmt: skip
    assert unknown.without_errors == "humans"


def test_without_all_errors_there_is_a_correlation_and_no_interval() -> None:
    found = compare_rankings(ranking("abcd", exact="ab"), ranking("abcd"), names=("humans", "simulated"))
    spearman = found.on_win_rates.spearman
    assert spearman.estimate.value == 1 and spearman.repeated_mean is None
    assert (spearman.estimate.low, spearman.estimate.high) == (None, None)
    assert spearman.estimate.reason == "no interval: the figures of humans come without standard errors"
    assert found.expected_inversions is None
    known = {(pair.model, pair.other) for pair in found.pairs if pair.p_same_order is not None}
    assert known == {("d", "c")}
    assert {pair.p_value for pair in found.pairs if (pair.model, pair.other) not in known} == {None}


def test_strengths_are_log_odds_of_win_rates() -> None:
    # log(.75 / .25) = log 3
    rates = np.array([0.5, 0.75])
    found = draws_of_win_rates("ab", rates, rates[None], difference_errors=None, exact_models=frozenset())
    assert found.strengths == pytest.approx([0, 1.0986123])
    certain = draws_of_win_rates(
        "ab", np.array([0.5, 1]), rates[None], difference_errors=None, exact_models=frozenset()
    )
    assert "no finite log odds" in certain.strength_reason and np.isnan(certain.strengths).all()
