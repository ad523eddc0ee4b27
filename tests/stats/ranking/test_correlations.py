import numpy as np
import pytest
from scipy import stats

from farm.leaderboard.human_tables import ALPACAFARM_TABLE_2
from farm.stats.bootstrap import FloatArray, Resampling
from farm.stats.ranking.correlations import compare_rankings, correlations, holm

RESAMPLING = Resampling(seed=0, n_resamples=1000)

MODELS = ("a", "b", "c", "d")


def scores(rates: list[float], *, n_seeds: int = 2, n_items: int = 300, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    return (rng.random((len(rates), n_seeds, n_items)) < np.array(rates)[:, None, None]).astype(np.float64)


def test_correlations_are_scipys_also_with_ties() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 5, (2, 20, 8)).astype(float)
    found = correlations(first, second)
    for row in range(20):
        assert found.spearman[row] == pytest.approx(stats.spearmanr(first[row], second[row]).statistic)
        assert found.kendall[row] == pytest.approx(stats.kendalltau(first[row], second[row]).statistic)
        assert found.pearson[row] == pytest.approx(stats.pearsonr(first[row], second[row]).statistic)


def test_alpacafarms_published_table_gives_its_published_correlation() -> None:
    rows = [row for row in ALPACAFARM_TABLE_2.rows if row.human_win_rate is not None]
    simulated, human = (
        np.array([[getattr(row, name) for row in rows]]) for name in ("simulated_win_rate", "human_win_rate")
    )
    found = correlations(simulated, human)
    assert len(rows) == 10
    assert round(float(found.spearman[0]), 2) == 0.98
    assert round(float(found.pearson[0]) ** 2, 2) == 0.87
    trained = np.array([row.is_trained_in_sandbox for row in rows])
    assert correlations(simulated[:, trained], human[:, trained]).spearman[0] == pytest.approx(0.943, abs=5e-4)


def test_equal_win_rates_have_no_correlation_but_a_reason() -> None:
    flat = np.tile(np.array([1.0, 0.0]), (4, 1, 50))
    result = compare_rankings(MODELS, flat, scores([0.1, 0.3, 0.5, 0.7], n_items=100), resampling=RESAMPLING)
    assert result.spearman.value is None and result.pearson.value is None
    assert "same win rate in the first" in result.spearman.reason


def test_two_models_are_too_few() -> None:
    result = compare_rankings(("a", "b"), scores([0.2, 0.8]), scores([0.2, 0.8]), resampling=RESAMPLING)
    assert result.kendall.value is None
    assert "at least 3" in result.kendall.reason


def test_a_ranking_agrees_with_itself() -> None:
    table = scores([0.1, 0.4, 0.6, 0.9])
    result = compare_rankings(MODELS, table, table, resampling=RESAMPLING)
    assert (result.spearman.value, result.kendall.value, result.pearson.value) == pytest.approx((1, 1, 1))
    assert result.inversions == ()
    assert result.spearman.n_total == 4


def test_swapping_the_rankings_changes_no_correlation() -> None:
    one, other = scores([0.3, 0.35, 0.5, 0.6]), scores([0.4, 0.3, 0.5, 0.55], seed=1)
    there, back = (
        compare_rankings(MODELS, one, other, resampling=RESAMPLING),
        compare_rankings(MODELS, other, one, resampling=RESAMPLING),
    )
    assert there.spearman.value == pytest.approx(back.spearman.value)
    assert there.kendall.value == pytest.approx(back.kendall.value)
    assert [(p.better_in_first, p.better_in_second) for p in there.inversions] == [
        (p.better_in_second, p.better_in_first) for p in back.inversions
    ]


def test_the_order_and_the_names_of_models_change_nothing() -> None:
    one, other = scores([0.3, 0.35, 0.5, 0.6]), scores([0.4, 0.3, 0.5, 0.55], seed=1)
    order = [2, 0, 3, 1]
    plain = compare_rankings(MODELS, one, other, resampling=RESAMPLING)
    moved = compare_rankings([f"m-{MODELS[k]}" for k in order], one[order], other[order], resampling=RESAMPLING)
    for a, b in ((plain.spearman, moved.spearman), (plain.pearson, moved.pearson)):
        assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high))


def test_a_real_inversion_is_found_and_larger_than_noise() -> None:
    one, other = scores([0.2, 0.4, 0.6, 0.8]), scores([0.2, 0.6, 0.4, 0.8], seed=1)
    result = compare_rankings(MODELS, one, other, resampling=RESAMPLING)
    (pair,) = result.inversions
    assert (pair.better_in_first, pair.better_in_second) == ("c", "b")
    assert pair.first.difference is not None and pair.first.difference > 0
    assert pair.second.difference is not None and pair.second.difference < 0
    assert pair.is_beyond_noise and pair.probability > 0.99
    assert pair.p_value < 0.001 and pair.p_value_joint < 0.01


def test_an_inversion_by_chance_is_within_noise() -> None:
    one, other = scores([0.2, 0.5, 0.5, 0.8]), scores([0.2, 0.5, 0.5, 0.8], seed=3)
    result = compare_rankings(MODELS, one, other, resampling=RESAMPLING)
    assert all(not pair.is_beyond_noise for pair in result.inversions)
    assert result.expected_inversions < 1.2


def test_the_p_value_is_that_of_the_smaller_difference() -> None:
    # 100 items: 60 against 40 in the first ranking, 30 against 70 in the second, all items of different outcome.
    def pair(n_first: int) -> FloatArray:
        wins = np.r_[np.ones(n_first), np.zeros(100 - n_first)]
        return np.stack([wins, 1 - wins])[:, None, :]

    (found,) = compare_rankings(("a", "b"), pair(60), pair(30), resampling=RESAMPLING).inversions
    # Differences +-1: mean .2, sample variance (100 - 100 * .04) / 99; SE .098473; z 2.0310; upper tail .02113
    assert found.first.standard_error == pytest.approx(0.098473, abs=1e-6)
    assert found.p_value == pytest.approx(0.02113, abs=1e-5)


def test_one_seed_gives_a_narrower_interval_than_seeds_that_differ() -> None:
    rng = np.random.default_rng(0)
    base = scores([0.4, 0.45, 0.5, 0.55], n_seeds=1, n_items=2000)
    shifted = np.clip(0.5 * base + 0.25 + rng.normal(0, 0.08, (4, 4, 1)), 0, 1)
    one = compare_rankings(MODELS, base, base, resampling=RESAMPLING)
    several = compare_rankings(MODELS, shifted, base, resampling=RESAMPLING)
    assert one.pearson.low is not None and several.pearson.low is not None
    assert several.pearson.low < one.pearson.low


def test_the_interval_holds_the_correlation_without_noise() -> None:
    truth = np.array([0.25, 0.26, 0.27, 0.32, 0.35, 0.39]), np.array([0.27, 0.31, 0.30, 0.36, 0.40, 0.46])
    without_noise = correlations(truth[0][None], truth[1][None])
    n_held = np.zeros(3)
    for repetition in range(60):
        tables = [scores(list(rates), n_seeds=3, seed=2 * repetition + k) for k, rates in enumerate(truth)]
        found = compare_rankings("abcdef", *tables, resampling=Resampling(seed=0, n_resamples=200))
        for k, (one, true) in enumerate(
            zip((found.spearman, found.kendall, found.pearson), without_noise, strict=True)
        ):
            assert one.low is not None and one.high is not None
            n_held[k] += one.low - 1e-9 <= true[0] <= one.high + 1e-9
    assert (n_held >= 0.9 * 60).all()


def test_the_same_seed_gives_the_same_interval() -> None:
    one, other = scores([0.3, 0.35, 0.5, 0.6]), scores([0.4, 0.3, 0.5, 0.55], seed=1)
    assert compare_rankings(MODELS, one, other, resampling=Resampling(seed=5, n_resamples=1000)) == compare_rankings(
        MODELS, one, other, resampling=Resampling(seed=5, n_resamples=1000)
    )


def test_holms_correction_by_hand() -> None:
    # Sorted .01 .03 .04: times 3, 2, 1 = .03, .06, .04, never falling: .03, .06, .06
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_a_model_without_verdicts_is_named() -> None:
    table = scores([0.1, 0.4, 0.6, 0.9])
    broken = table.copy()
    broken[2, 1] = np.nan
    with pytest.raises(ValueError, match="'c'"):
        compare_rankings(MODELS, table, broken, resampling=RESAMPLING)
