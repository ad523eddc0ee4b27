"""Win rates with differences of style held at zero, and intervals that include the fit.

Of each model by itself: logit P(preferred) = sum_f theta_f x_f + theta_d difficulty + theta_m, where x_f are
differences between its output and the reference's (length, headings, ...), 0 where the two are alike. The controlled
win rate is the mean over instructions of sigmoid(theta_d difficulty + theta_m): what the fit says of outputs of the
same style (Dubois, Galambosi, Liang and Hashimoto 2024, "Length-Controlled AlpacaEval"). Every model is fitted by
itself, so that one model more moves nobody's figure, unless difficulty is estimated from all of them.

The prior is chosen once, for all data: coefficients of style and difficulty are N(0, PRIOR_SD^2), the intercept as good
as free. It keeps a separation (every longer output wins) finite, and moves a coefficient that the data know to within
0.15 by one percent.

The interval is the percentile bootstrap over instructions, and over training seeds where there are several, with the
model fitted anew in each resample. Scales of the features and difficulty stay as in the data. AlpacaEval's
`lc_standard_error` is that of the mean of the predictions: it takes the fit for known, and does not cover.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from farm.stats.bootstrap import Estimate, FloatArray, Resampling, estimate, item_weights, seed_weights
from farm.stats.length_control.logistic import fit_logistic, refit_logistic

PRIOR_SD = 1.5
"""Of a style's or difficulty's coefficient. The 200 published fits of AlpacaEval 2 have a root mean square of 1.56 for
the length's and 0.92 for the difficulty's (of sd 1.48)."""
INTERCEPT_SD = 1000.0
"""As good as free; finite even in a resample in which every score is 0."""
MIN_ITEMS_PER_COEFFICIENT = 10
"""Instructions with a parsed verdict for each coefficient; with fewer there is no figure."""
PURPOSE = "style-controlled win rates"
"""Keys the draws: the same instructions for every model of a track, so that their figures can be compared."""


@dataclass(frozen=True, kw_only=True)
class StyledScores:
    """One model's scores against the reference, with what tells its outputs' style from the reference's."""

    scores: FloatArray
    """(I,) or (S, I): training seeds by instructions, in [0, 1]; NaN = no parsed verdict."""
    features: FloatArray
    """(I, F) or (S, I, F): scaled differences of style, model minus reference, 0 = alike; NaN = not known."""
    reason: str = ""
    """Why style cannot be controlled for; empty if it can."""


@dataclass(frozen=True, kw_only=True)
class ControlledRate:
    """A win rate at equal style."""

    estimate: Estimate
    """In [0, 1]; the interval includes the fit. n_total counts parsed verdicts."""
    effects: tuple[Estimate, ...]
    """(F,) log-odds that one unit of each feature adds, mean over seeds; empty where there is no fit."""
    replicates: FloatArray
    """(R,) the win rate in each resample; the same instructions are drawn for every model. Empty without resampling."""


def controlled_rates(
    models: Sequence[StyledScores], *, difficulty: FloatArray | None, resampling: Resampling | None
) -> tuple[ControlledRate, ...]:
    """The controlled win rate of each model of a track.

    Args:
        models: position by position the same I instructions.
        difficulty: (I,) of the instructions, of about unit size; None leaves the term out.
        resampling: draws the instructions and seeds; None gives values without intervals.

    Raises:
        ValueError: the arrays are not about the same instructions, a score lies outside [0, 1], or a difficulty is not
            known.
    """
    if not models:
        return ()
    n_items = models[0].scores.shape[-1]
    if difficulty is not None and (difficulty.shape != (n_items,) or not np.isfinite(difficulty).all()):
        raise ValueError(f"difficulty must be one finite number for each of the {n_items} instructions")
    weights = None if resampling is None else item_weights(n_items, resampling, PURPOSE)
    rates = []
    for model in models:
        scores, features = _as_tables(model, n_items)
        n_coefficients = features.shape[2] + 1 + (difficulty is not None)
        reason = model.reason or _reason(scores, features, n_coefficients)
        rates.append(
            _refused(scores, reason) if reason else _controlled(scores, features, difficulty, weights, resampling)
        )
    return tuple(rates)


def _controlled(
    scores: FloatArray,
    features: FloatArray,
    difficulty: FloatArray | None,
    weights: FloatArray | None,
    resampling: Resampling | None,
) -> ControlledRate:
    """Every seed fitted by itself; the figure is the mean over seeds."""
    n_seeds, n_features = len(scores), features.shape[2]
    values, drawn = [], []
    for of_seed, styles in zip(scores, features, strict=True):
        value, replicates = _one_seed(of_seed, styles, difficulty, weights)
        values.append(value)
        drawn.append(replicates)
    means = np.mean(values, axis=0)
    is_used = np.isfinite(scores)
    n_total, n_unparsed = int(is_used.sum()), int((~is_used).sum())
    if resampling is None:
        estimates = [_without_interval(value, n_total=n_total, n_unparsed=n_unparsed) for value in means]
        return ControlledRate(estimate=estimates[0], effects=tuple(estimates[1:]), replicates=np.empty(0))
    shares = seed_weights(n_seeds, resampling, f"{PURPOSE}, seeds")
    shares /= shares.sum(axis=1, keepdims=True)
    replicates = np.einsum("rs,srk->rk", shares, np.stack(drawn))
    estimates = [
        estimate(float(means[k]), replicates[:, k], n_total=n_total, n_unparsed=n_unparsed)
        for k in range(n_features + 1)
    ]
    return ControlledRate(estimate=estimates[0], effects=tuple(estimates[1:]), replicates=replicates[:, 0])


def _one_seed(
    scores: FloatArray, features: FloatArray, difficulty: FloatArray | None, weights: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Win rate and effects on the data, (1 + F,), and in each resample, (R, 1 + F)."""
    n_items, n_features = features.shape
    shared = np.ones((n_items, 1)) if difficulty is None else np.stack([difficulty, np.ones(n_items)], axis=1)
    design = np.concatenate([features, shared], axis=1)
    is_used = np.isfinite(scores) & np.isfinite(design).all(axis=1)
    precision = np.full(design.shape[1], PRIOR_SD**-2)
    precision[-1] = INTERCEPT_SD**-2
    found = fit_logistic(design[is_used], scores[is_used], precision)
    value = np.concatenate([[special.expit(shared @ found[n_features:]).mean()], found[:n_features]])
    if weights is None:
        return value, np.empty((0, 1 + n_features))
    refitted = refit_logistic(design[is_used], scores[is_used], weights[:, is_used], precision, found)
    if difficulty is None:
        rates = special.expit(refitted[:, -1])
    else:
        # The instructions themselves are drawn too: a set of easier ones has another mean.
        rates = (weights * special.expit(refitted[:, n_features:] @ shared.T)).sum(axis=1) / weights.sum(axis=1)
    return value, np.concatenate([rates[:, None], refitted[:, :n_features]], axis=1)


def _as_tables(model: StyledScores, n_items: int) -> tuple[FloatArray, FloatArray]:
    """(S, I) and (S, I, F), after checking."""
    scores = np.atleast_2d(np.asarray(model.scores, dtype=np.float64))
    features = np.asarray(model.features, dtype=np.float64)
    features = features[None] if features.ndim == 2 else features
    if scores.shape[1] != n_items or features.shape[:2] != scores.shape:
        raise ValueError(
            f"scores {scores.shape} and features {features.shape} must be about the same {n_items} instructions"
        )
    outside = scores[np.isfinite(scores) & ((scores < 0) | (scores > 1))]
    if outside.size:
        raise ValueError(f"scores must lie in [0, 1] (1 win, 0.5 tie, 0 loss), got {outside[0]}")
    return scores, features


def _reason(scores: FloatArray, features: FloatArray, n_coefficients: int) -> str:
    """Why the fit would say nothing; empty if it can be made."""
    is_used = np.isfinite(scores) & np.isfinite(features).all(axis=2)
    n_needed = MIN_ITEMS_PER_COEFFICIENT * n_coefficients
    for of_seed, is_in in zip(scores, is_used, strict=True):
        n_items = int(is_in.sum())
        if n_items < n_needed:
            return f"{n_items} parsed verdicts on outputs of known style, at least {n_needed} are needed for the fit"
        if np.ptp(of_seed[is_in]) == 0:
            return f"every score is {of_seed[is_in][0]:g}, so that nothing tells style from quality"
    return ""


def _refused(scores: FloatArray, reason: str) -> ControlledRate:
    is_parsed = np.isfinite(scores)
    missing = Estimate(
        value=None,
        low=None,
        high=None,
        n_total=int(is_parsed.sum()),
        n_unparsed=int((~is_parsed).sum()),
        reason=reason,
    )
    return ControlledRate(estimate=missing, effects=(), replicates=np.empty(0))


def _without_interval(value: float, *, n_total: int, n_unparsed: int) -> Estimate:
    return Estimate(
        value=float(value),
        low=None,
        high=None,
        n_total=n_total,
        n_unparsed=n_unparsed,
        reason="no interval: not resampled",
    )
