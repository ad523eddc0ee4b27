import numpy as np
import pytest

from farm.stats.bootstrap import Resampling
from farm.stats.ranking.draws.strengths import held_strengths, jointly_known
from farm.stats.ranking.model_ranking import ModelRanking, Ranked, rank_models
from farm.stats.ranking.pair_counts import comparisons_of
from farm.stats.ranking.ranking_comparison import compare_rankings

RESAMPLING = Resampling(seed=0, n_resamples=400)


def against_reference(n_of: dict[str, int], *, gap: int = 0) -> Ranked:
    """Each model against "ref" on the first so many of 60 instructions; every other one is won, by each further model
    the first `gap` of the lost ones more."""
    rows = [(m, k, k % 2 or (k > 3 and k < 4 + gap * place)) for place, m in enumerate(n_of) for k in range(n_of[m])]
    return ranked([(model, k, float(is_won)) for model, k, is_won in rows])


def ranked(rows: list[tuple[str, int, float]]) -> Ranked:
    """Scores of models on instructions, against "ref"."""
    models, instructions, scores = zip(*rows, strict=True)
    table = comparisons_of(models, ["ref"] * len(rows), scores, [f"{k:02}" for k in instructions])
    return rank_models(table, tie_model="half_wins", resampling=RESAMPLING)


def strengths(ranking: ModelRanking) -> dict[str, tuple[float | None, float | None]]:
    return {row.model: (row.strength.low, row.strength.high) for row in ranking.models}


def test_a_rarely_compared_model_keeps_its_unknown_strength_to_itself() -> None:
    found = strengths(against_reference({"a": 60, "b": 60, "c": 4}).ranking)
    without = strengths(against_reference({"a": 60, "b": 60}).ranking)
    assert found["c"] == (None, None)
    # c is as strong as the mean of the others, so that the zero is the same with it and without.
    for model in ("a", "b"):
        assert found[model] == pytest.approx(without[model], abs=1e-6)


def test_what_is_compared_often_has_the_interval_that_it_always_had() -> None:
    """Rows in which all are finite are untouched, and those in which one is not are left out, if they are few."""
    draws = np.random.default_rng(0).normal(size=(100, 3))
    draws[:4, 1] = np.inf
    held = held_strengths(draws, np.zeros(3))
    assert np.isnan(held[:4]).all() and (held[4:] == draws[4:]).all()


def test_the_models_that_are_known_together_are_most_of_them() -> None:
    known = np.ones((100, 4), dtype=np.bool_)
    known[:30, 0] = known[20:26, 3] = False
    assert jointly_known(known).tolist() == [False, True, True, False]
    assert jointly_known(known[:, [1, 2]]).all()
    assert not jointly_known(known[:, [0, 1]]).any()


def test_a_model_that_hardly_ever_loses_is_still_the_best() -> None:
    """Its strength is infinite in a third of the resamples, but above all others in these."""
    rows = [("a", k, float(k > 0)) for k in range(60)] + [("b", k, float(k % 2)) for k in range(60)]
    best, other = ranked(rows).ranking.models
    assert best.strength.low is None and "undefined in" in best.strength.reason
    assert (best.rank_low, best.rank_high, other.rank_low, other.rank_high) == (1, 1, 2, 2)


def test_correlations_of_strengths_leave_out_whom_one_side_hardly_compared() -> None:
    first, second = (against_reference(dict.fromkeys("abde", 60) | {"c": n}, gap=4).draws for n in (4, 60))
    found = compare_rankings(first, second, names=("humans", "simulated"))
    assert found.on_strengths.spearman.estimate.n_total == 4
    assert found.on_strengths.spearman.estimate.low is not None
    assert "leave out c: too few comparisons" in found.without_strength
    assert not compare_rankings(second, second, names=("humans", "simulated")).without_strength
