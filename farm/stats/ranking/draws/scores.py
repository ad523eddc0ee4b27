"""Two rankings of trained methods from the verdicts on their outputs, resampled together.

Both are computed from scores (M, S, I): methods x training seeds x items, NaN where a method has no verdict. A method's
win rate is the mean over seeds of its mean over items. Resampled are items (the same items in both rankings, since both
judge the same instructions) and seeds (separately in each ranking, since each trains its own chain; within a ranking
all methods of a seed move together, since they share that seed's SFT model and labels). Standard errors of differences
are computed (`farm.stats.ranking.win_rates.win_rate_difference`), not resampled: two or three seeds cannot be.
"""

from collections.abc import Sequence

import numpy as np

from farm.stats.bootstrap import FloatArray, Resampling, item_weights, seed_weights
from farm.stats.ranking.draws.ranking import RankingDraws, draws_of_win_rates
from farm.stats.ranking.win_rates import win_rate_difference


def draws_of_scores(
    models: Sequence[str], first: FloatArray, second: FloatArray, *, resampling: Resampling
) -> tuple[RankingDraws, RankingDraws]:
    """Both rankings with their resamples.

    Args:
        models: M names, in alphabetical order.
        first: scores (M, S, I) in [0, 1] against one reference, NaN = no verdict.
        second: scores (M, S', I) on the same items; the number of seeds may differ.
        resampling: draws items and seeds.

    Raises:
        ValueError: shapes do not fit, or a model has no verdict in one of the rankings.
    """
    _check(models, first, second)
    items = item_weights(first.shape[2], resampling, "ranking bootstrap", "items")
    rankings = []
    for scores, key in ((first, "seeds of the first"), (second, "seeds of the second")):
        seeds = seed_weights(scores.shape[1], resampling, "ranking bootstrap", key)
        rankings.append(
            draws_of_win_rates(
                models,
                np.nanmean(scores, axis=2).mean(axis=1),
                _weighted_rates(scores, items, seeds),
                difference_errors=_difference_errors(scores),
                exact_models=frozenset(),
            )
        )
    return rankings[0], rankings[1]


def _weighted_rates(scores: FloatArray, items: FloatArray, seeds: FloatArray) -> FloatArray:
    """scores (M, S, I), item weights (R, I), seed weights (R, S) -> (R, M)."""
    n_models, n_seeds, n_items = scores.shape
    flat = scores.reshape(n_models * n_seeds, n_items)
    n_drawn = items @ np.isfinite(flat).T
    with np.errstate(invalid="ignore"):
        per_seed = (items @ np.nan_to_num(flat).T) / np.where(n_drawn > 0, n_drawn, np.nan)
    rates: FloatArray = np.einsum("rms,rs->rm", per_seed.reshape(-1, n_models, n_seeds), seeds)
    rates /= seeds.sum(axis=1, keepdims=True)
    return rates


def _difference_errors(scores: FloatArray) -> FloatArray:
    """(M, S, I) -> (M, M); NaN with fewer than two instructions."""
    errors = np.zeros((len(scores), len(scores)))
    for a, b in zip(*np.triu_indices(len(scores), k=1), strict=True):
        error = win_rate_difference(scores[a], scores[b]).standard_error
        errors[a, b] = errors[b, a] = np.nan if error is None else error
    return errors


def _check(models: Sequence[str], first: FloatArray, second: FloatArray) -> None:
    for scores in (first, second):
        if scores.ndim != 3 or scores.shape[0] != len(models) or scores.shape[2] != first.shape[2]:
            raise ValueError(
                f"expected scores (models, seeds, items) for {len(models)} models on the same items, "
                f"got {first.shape} and {second.shape}"
            )
        empty = [model for model, seeds in zip(models, scores, strict=True) if np.isnan(seeds).all(axis=1).any()]
        if empty:
            raise ValueError(f"no parsed verdict in some seed: {empty}")
