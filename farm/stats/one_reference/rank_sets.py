"""Which ranks the data leave to each model, and how far each is from the next: gaps within noise are ties of rank.

A model is beyond another if the difference of their win rates is more than two of its standard errors
(`farm.stats.ranking.win_rates.Difference.is_beyond_noise`), which account for what the two share: instructions, and
seeds of one number. Its best rank is 1 + the number of models beyond it, its worst the number of models less those that
it is beyond. Pairs are looked at one by one, without a correction for their number: with many models a few of these
statements are wrong.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from farm.stats.bootstrap import FloatArray
from farm.stats.ranking.pair_counts import IntArray
from farm.stats.ranking.ranks import MIN_CLUSTERS
from farm.stats.ranking.win_rates import Difference, mean_influence, two_way_standard_error


class SeededScores(NamedTuple):
    """One model's scores against the reference."""

    seeds: Sequence[int]
    """(S,) of its training; seeds of one number are paired between models."""
    scores: FloatArray
    """(S, I) in [0, 1]; NaN = no parsed verdict. The same I instructions for every model."""


class RankSets(NamedTuple):
    """Of M models, in the order given; 0 for a model without a win rate."""

    low: IntArray
    """(M,) best rank."""
    high: IntArray
    """(M,) worst rank."""


class Gaps(NamedTuple):
    """Between every two of M models."""

    difference: FloatArray
    """(M, M) the row's win rate minus the column's; NaN where one has none."""
    standard_error: FloatArray
    n_items: IntArray
    """(M, M) instructions on which at least one of the two has a verdict."""


def rank_sets(models: Sequence[SeededScores]) -> RankSets:
    """Best and worst rank of each model."""
    gaps = gaps_between(models)
    is_ranked = np.isfinite(np.diagonal(gaps.difference))
    with np.errstate(invalid="ignore"):
        is_beyond = (gaps.difference > 2 * gaps.standard_error) & (gaps.n_items >= MIN_CLUSTERS)
    low = 1 + is_beyond.sum(axis=0)
    high = is_ranked.sum() - is_beyond.sum(axis=1)
    return RankSets(np.where(is_ranked, low, 0), np.where(is_ranked, high, 0))


def gaps_between(models: Sequence[SeededScores]) -> Gaps:
    """`seeded_difference` of every two models."""
    return _one_seed_gaps(models) if all(len(m.seeds) == 1 for m in models) else _gaps(models)


def seeded_difference(first: SeededScores, second: SeededScores) -> Difference:
    """First win rate minus second, each over its own parsed verdicts, as printed in a table.

    What the two share, instructions and seeds of one number, is taken out of the error; the models may have different
    seeds. With the same seeds it is `farm.stats.ranking.win_rates.win_rate_difference`.
    """
    n_total = int(np.isfinite(first.scores).sum() + np.isfinite(second.scores).sum())
    influences = mean_influence(first.scores), mean_influence(second.scores)
    difference, error = None, None
    if influences[0] is not None and influences[1] is not None:
        difference = _rate(first.scores) - _rate(second.scores)
        error = two_way_standard_error(_joined(first.seeds, influences[0], second.seeds, influences[1]))
    return Difference(
        difference=difference,
        standard_error=error,
        n_total=n_total,
        n_unparsed=first.scores.size + second.scores.size - n_total,
    )


def _joined(
    first_seeds: Sequence[int], first: FloatArray, second_seeds: Sequence[int], second: FloatArray
) -> FloatArray:
    """(seeds of either, I) what each cell adds to the error of the difference; NaN where neither has a verdict."""
    seeds = sorted({*first_seeds, *second_seeds})
    cells = np.zeros((len(seeds), first.shape[1]))
    is_used = np.zeros(cells.shape, dtype=np.bool_)
    for own, influence, sign in ((first_seeds, first, 1), (second_seeds, second, -1)):
        rows = [seeds.index(seed) for seed in own]
        cells[rows] += sign * np.nan_to_num(influence)
        is_used[rows] |= np.isfinite(influence)
    return np.where(is_used, cells, np.nan)


def _gaps(models: Sequence[SeededScores]) -> Gaps:
    """Pair by pair."""
    n = len(models)
    difference, error = np.full((n, n), np.nan), np.full((n, n), np.nan)
    items = np.array([np.isfinite(m.scores).any(axis=0) for m in models])
    for a in range(n):
        for b in range(a, n):
            gap = seeded_difference(models[a], models[b])
            if gap.difference is not None and gap.standard_error is not None:
                difference[a, b], difference[b, a] = gap.difference, -gap.difference
                error[a, b] = error[b, a] = gap.standard_error
    return Gaps(difference, error, (items[:, None] | items[None]).sum(axis=2))


def _one_seed_gaps(models: Sequence[SeededScores]) -> Gaps:
    """The same for models of one seed each, taken for one seed: all pairs by one product."""
    table = np.concatenate([m.scores for m in models]) if models else np.empty((0, 0))
    is_parsed = np.isfinite(table)
    n_parsed = is_parsed.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = np.where(is_parsed, table, 0.0).sum(axis=1, keepdims=True) / n_parsed
        influence = np.where(is_parsed, (table - rates) / n_parsed, 0.0)
    own = (influence**2).sum(axis=1)
    n_items = table.shape[1] - (~is_parsed).astype(np.int64) @ (~is_parsed).astype(np.int64).T
    squares = own[:, None] + own[None] - 2 * influence @ influence.T
    # What is left of two equal models is rounding.
    squares[squares < 1e-12 * (own[:, None] + own[None])] = 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(squares * n_items / (n_items - 1))
    return Gaps(rates - rates.T, error, n_items)


def _rate(scores: FloatArray) -> float:
    return float(np.nanmean(scores, axis=1).mean())
