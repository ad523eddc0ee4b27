"""Bradley-Terry ratings of models that were each compared with one reference only.

Then the maximum of the likelihood has a closed form: strength = logit(win rate), ties one half, whoever else is in the
table. On the Elo scale that is 400 / ln 10 times as much, and the reference is 0: 100 points are odds of 1.78, the
fourth root of 10.
A model that wins or loses every comparison has no finite rating, and is said to have none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from farm.stats.bootstrap import Estimate, FloatArray, Resampling, estimate, item_weights, seed_weights

ELO_PER_LOGIT = 400 / np.log(10)
PURPOSE = "win rates against one reference"
"""Keys the draws: the same instructions for every model."""


@dataclass(frozen=True, kw_only=True)
class RatedModel:
    """One model against the reference."""

    win_rate: Estimate
    """In [0, 1], ties one half; the interval is the bootstrap's over instructions and seeds."""
    rating: Estimate
    """Elo scale; the reference is 0."""


def rate_models(scores: Sequence[FloatArray], resampling: Resampling | None) -> tuple[RatedModel, ...]:
    """Win rate and rating of each model of a track.

    Args:
        scores: of each model (I,) or (S, I): training seeds by the same instructions, in [0, 1]; NaN = not parsed.
        resampling: draws instructions and seeds; None gives values without intervals.
    """
    if not scores:
        return ()
    n_items = np.atleast_2d(scores[0]).shape[1]
    weights = None if resampling is None else item_weights(n_items, resampling, PURPOSE)
    return tuple(_rated(np.atleast_2d(table), weights, resampling) for table in scores)


def _rated(table: FloatArray, weights: FloatArray | None, resampling: Resampling | None) -> RatedModel:
    is_parsed = np.isfinite(table)
    points, counts = np.where(is_parsed, table, 0.0), is_parsed.astype(np.float64)
    n_total = int(is_parsed.sum())
    n_unparsed = table.size - n_total
    with np.errstate(invalid="ignore"):
        value = float((points.sum(axis=1) / counts.sum(axis=1)).mean())
    if not np.isfinite(value):
        missing = _missing("no parsed verdict", n_total, n_unparsed)
        return RatedModel(win_rate=missing, rating=missing)
    if weights is None or resampling is None:
        win_rate = _alone(value, n_total, n_unparsed, "no interval: not resampled")
    else:
        with np.errstate(invalid="ignore"):
            by_seed = (weights @ points.T) / (weights @ counts.T)
        shares = seed_weights(len(table), resampling, f"{PURPOSE}, seeds")
        replicates = (by_seed * shares).sum(axis=1) / shares.sum(axis=1)
        replicates = replicates if is_parsed.any(axis=0).sum() > 1 else np.full(len(replicates), np.nan)
        win_rate = estimate(value, replicates, n_total=n_total, n_unparsed=n_unparsed)
    return RatedModel(win_rate=win_rate, rating=_rating(win_rate))


def _rating(win_rate: Estimate) -> Estimate:
    """A monotone function of the win rate: the ends of its interval are those of the rating's."""
    value, n_total, n_unparsed = win_rate.value, win_rate.n_total, win_rate.n_unparsed
    if value is None or not 0 < value < 1:
        return _missing(
            f"no finite rating: the model {'wins' if value else 'loses'} every comparison", n_total, n_unparsed
        )
    if win_rate.low is None or win_rate.high is None:
        return _alone(_elo(value), n_total, n_unparsed, win_rate.reason)
    if win_rate.low <= 0 or win_rate.high >= 1:
        side = "loses" if win_rate.low <= 0 else "wins"
        why = f"no interval: in more than 2.5% of the resamples the model {side} every comparison"
        return _alone(_elo(value), n_total, n_unparsed, why)
    return Estimate(
        value=_elo(value), low=_elo(win_rate.low), high=_elo(win_rate.high), n_total=n_total, n_unparsed=n_unparsed
    )


def _elo(win_rate: float) -> float:
    return float(ELO_PER_LOGIT * special.logit(win_rate))


def _alone(value: float, n_total: int, n_unparsed: int, reason: str) -> Estimate:
    return Estimate(value=value, low=None, high=None, n_total=n_total, n_unparsed=n_unparsed, reason=reason)


def _missing(reason: str, n_total: int, n_unparsed: int) -> Estimate:
    return Estimate(value=None, low=None, high=None, n_total=n_total, n_unparsed=n_unparsed, reason=reason)
