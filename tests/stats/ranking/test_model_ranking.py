import numpy as np
import pytest
from scipy import special

from farm.stats.bootstrap import Resampling
from farm.stats.ranking.model_ranking import ModelRanking, rank_models
from farm.stats.ranking.pair_counts import ComparisonTable, comparisons_of


def made(n: int = 600, *, seed: int = 0, names: str = "abcd", tie: float = 0.1) -> ComparisonTable:
    """Verdicts of models of strengths 0, .4, .8, 1.2, a tenth of them ties."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 4, n)
    second = (first + rng.integers(1, 4, n)) % 4
    won = rng.random(n) < special.expit(0.4 * (first - second))
    score = np.where(rng.random(n) < tie, 0.5, won.astype(float))
    return comparisons_of([names[k] for k in first], [names[k] for k in second], score, [f"{k:04}" for k in range(n)])


def ranked(comparisons: ComparisonTable, *, n_resamples: int = 200) -> ModelRanking:
    return rank_models(
        comparisons, tie_model="half_wins", resampling=Resampling(seed=0, n_resamples=n_resamples)
    ).ranking


def test_models_come_best_first_with_everything_about_them() -> None:
    ranking = ranked(made(3000))
    assert [m.model for m in ranking.models] == ["d", "c", "b", "a"]
    assert [m.place for m in ranking.models] == [1, 2, 3, 4]
    best = ranking.models[0]
    assert [r.tie_rule for r in best.win_rates] == ["ties_half", "ties_dropped", "ties_as_losses"]
    for estimate in (best.strength, best.elo, *(r.estimate for r in best.win_rates)):
        assert estimate.low is not None and estimate.high is not None and estimate.value is not None
        assert estimate.low < estimate.value < estimate.high and estimate.n_total > 1000
    assert (best.rank_low, best.rank_high) == (1, 1)


def test_renaming_the_models_changes_nothing() -> None:
    # The new names sort the other way round.
    plain, renamed = ranked(made()), ranked(made(names="zyxw"))
    back = dict(zip("zyxw", "abcd", strict=True))
    assert [back[m.model] for m in renamed.models] == [m.model for m in plain.models]
    for one, other in zip(plain.models, renamed.models, strict=True):
        assert (one.place, one.rank_low, one.rank_high) == (other.place, other.rank_low, other.rank_high)
        for a, b in ((one.strength, other.strength), (one.elo, other.elo)):
            assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high))


def test_the_interval_holds_the_true_strength() -> None:
    truth = 0.4 * (np.arange(4) - 1.5)
    n_held = 0
    for repetition in range(60):
        for row in ranked(made(300, seed=repetition, tie=0.0), n_resamples=120).models:
            true = truth["abcd".index(row.model)]
            assert row.strength.low is not None and row.strength.high is not None
            n_held += row.strength.low <= true <= row.strength.high
    assert 0.89 <= n_held / 240 <= 0.99


def test_a_model_in_every_comparison_is_the_reference() -> None:
    comparisons = comparisons_of(["r"] * 6, list("abcabc"), [1, 0, 0.5, 0, 1, 0.5], list("uvwxyz"))
    ranking = ranked(comparisons)
    assert ranking.reference == "r"
    assert {m.model for m in ranking.models} == {"a", "b", "c"}


def test_two_models_have_no_reference() -> None:
    assert ranked(comparisons_of(["a", "b"], ["b", "a"], [1, 1], ["x", "y"])).reference == ""


def test_groups_that_never_meet_are_refused_by_name() -> None:
    ranking = ranked(comparisons_of(list("abcd"), list("badc"), [1] * 4, list("wxyz")))
    assert ranking.is_refused and "a, b | c, d" in ranking.reason
    assert all(m.place is None and m.strength.value is None and m.strength.reason for m in ranking.models)


def test_without_a_finite_maximum_models_are_ranked_by_win_rate() -> None:
    comparisons = comparisons_of(list("aabbc"), list("bccab"), [1, 1, 1, 0, 0], list("vwxyz"))
    ranking = ranked(comparisons)
    assert not ranking.is_refused and ranking.ranked_by == "win_rate"
    assert "a wins every comparison" in ranking.reason
    assert [m.model for m in ranking.models] == ["a", "b", "c"]
    assert all(m.strength.value is None and m.strength.reason for m in ranking.models)


def test_one_model_and_all_ties_say_so() -> None:
    ties = ranked(comparisons_of(["a", "b", "c"], ["b", "c", "a"], [0.5] * 3, list("xyz")))
    assert [m.strength.value for m in ties.models] == pytest.approx([0, 0, 0])
    assert all(m.under("ties_dropped").estimate.reason == "nothing but ties" for m in ties.models)
    assert {m.place for m in ties.models} == {1}


def test_davidson_estimates_its_tie_parameter() -> None:
    ranking = rank_models(
        made(2000, tie=0.25), tie_model="davidson", resampling=Resampling(seed=0, n_resamples=100)
    ).ranking
    found = ranking.tie_strength
    assert found is not None and found.value is not None and found.low is not None and found.high is not None
    # A quarter of ties between equals: t / (2 + t) = 1/4, t = 2/3.
    assert found.value == pytest.approx(2 / 3, rel=0.15)
    assert found.low < found.value < found.high


def test_the_same_seed_gives_the_same_ranking() -> None:
    assert ranked(made()) == ranked(made())


def test_one_instruction_gives_no_interval_and_no_rank() -> None:
    for row in ranked(comparisons_of(["a"], ["b"], [0.7], ["x"])).models:
        for estimate in (row.strength, row.elo, *(rate.estimate for rate in row.win_rates)):
            assert estimate.value is not None and (estimate.low, estimate.high) == (None, None)
            assert "cannot be resampled" in estimate.reason
        assert (row.rank_low, row.rank_high) == (None, None) and row.place is not None


def test_two_wins_of_two_do_not_make_a_model_the_best() -> None:
    rows = ranked(comparisons_of(["a", "a"], ["b", "b"], [1, 1], ["x", "y"])).models
    assert [(row.place, row.rank_low, row.rank_high) for row in rows] == [(1, 1, 2), (2, 1, 2)]
