"""Two rankings of the same models held against each other, whatever they were made from: values and their resamples.

The correlations' intervals are those of `farm.stats.ranking.correlations`. Besides them stands what a repetition would
show: the mean and the percentiles over the resamples. It lies lower, because a repetition adds noise to numbers that
are noisy already (AlpacaFarm's six fine-tunes: 0.94 as published, 0.80 on average when its own standard errors are
played again).

The probability that two models are ordered the same is the share of the resamples in which both rankings order them
alike, equal values counting one half; for the same reason it is drawn towards one half.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from farm.stats.bootstrap import LEVEL, Estimate, FloatArray
from farm.stats.ranking.correlations import MIN_MODELS, correlation_estimate, correlations, holm

COEFFICIENTS = ("spearman", "kendall", "pearson")


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """A correlation between two rankings."""

    estimate: Estimate
    """n_total counts models."""
    repeated_mean: float | None
    """Mean over the resamples; None if it is undefined in too many of them."""
    repeated_low: float | None
    """2.5% quantile over the resamples."""
    repeated_high: float | None


@dataclass(frozen=True, kw_only=True)
class Correlations:
    """The three coefficients on one scale of the models."""

    spearman: Correlation
    kendall: Correlation
    """tau-b."""
    pearson: Correlation


@dataclass(frozen=True, kw_only=True)
class PairOrder:
    """How both rankings order two models; every difference is `model` minus `other`."""

    model: str
    """The one that the first ranking puts higher (in alphabetical order if it does not separate them)."""
    other: str
    first_difference: float
    first_standard_error: float
    """Standard deviation over the resamples, like the next one."""
    second_difference: float
    second_standard_error: float
    p_same_order: float
    is_inverted: bool
    """Whether the two rankings order the pair differently."""
    is_beyond_noise: bool
    """Inverted, and the difference is beyond two standard errors in both rankings."""
    p_value: float
    """Gail and Simon's (1985) test of opposite true differences; 1 if the pair is not inverted."""
    p_value_joint: float
    """After Holm's correction for all pairs."""


def correlate(
    first: FloatArray,
    second: FloatArray,
    first_draws: FloatArray,
    second_draws: FloatArray,
    *,
    names: tuple[str, str],
    reason: str = "",
) -> Correlations:
    """Correlations of two rankings with intervals.

    Args:
        first: (M,) values of the models; NaN if there are none.
        second: (M,)
        first_draws: (R, M) the same under resampling, row by row drawn with the other's.
        second_draws: (R, M)
        names: whose rankings they are.
        reason: why values are missing.
    """
    n_models = len(first)
    why = reason or _why_undefined(first, second, names)
    point = correlations(first[None], second[None])
    drawn = correlations(first_draws, second_draws)
    made = []
    for name in COEFFICIENTS:
        value = np.nan if why else float(getattr(point, name)[0])
        replicates = getattr(drawn, name)
        found = correlation_estimate(value, replicates, n_models=n_models, reason=why)
        mean, low, high = (None, None, None) if found.low is None else _repeated(replicates)
        made.append(Correlation(estimate=found, repeated_mean=mean, repeated_low=low, repeated_high=high))
    return Correlations(spearman=made[0], kendall=made[1], pearson=made[2])


def pair_orders(
    models: Sequence[str], first: FloatArray, second: FloatArray, first_draws: FloatArray, second_draws: FloatArray
) -> tuple[PairOrder, ...]:
    """Every pair of models, in the order of the first ranking; arguments as in `correlate`."""
    if len(models) < 2:
        return ()
    ranked = sorted(range(len(models)), key=lambda k: (-first[k], models[k]))
    i, j = (np.array(ranked)[side] for side in np.triu_indices(len(models), k=1))
    gaps = first[i] - first[j], second[i] - second[j]
    drawn = first_draws[:, i] - first_draws[:, j], second_draws[:, i] - second_draws[:, j]
    errors = [np.nanstd(d, axis=0, ddof=1) for d in drawn]
    product = drawn[0] * drawn[1]
    p_same = np.nanmean(np.where(np.isnan(product), np.nan, (product > 0) + 0.5 * (product == 0)), axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = [np.where(gap == 0, 0.0, gap / error) for gap, error in zip(gaps, errors, strict=True)]
    is_inverted = gaps[0] * gaps[1] < 0
    smaller = np.minimum(np.abs(z[0]), np.abs(z[1]))
    p_values = np.where(is_inverted, stats.norm.sf(smaller), 1.0)
    joint = holm([float(p) for p in p_values])
    return tuple(
        PairOrder(
            model=models[i[k]],
            other=models[j[k]],
            first_difference=float(gaps[0][k]),
            first_standard_error=float(errors[0][k]),
            second_difference=float(gaps[1][k]),
            second_standard_error=float(errors[1][k]),
            p_same_order=float(p_same[k]),
            is_inverted=bool(is_inverted[k]),
            is_beyond_noise=bool(is_inverted[k] and smaller[k] > 2),
            p_value=float(p_values[k]),
            p_value_joint=joint[k],
        )
        for k in range(len(i))
    )


def _why_undefined(first: FloatArray, second: FloatArray, names: tuple[str, str]) -> str:
    if len(first) < MIN_MODELS:
        return f"{len(first)} models: a rank correlation needs at least {MIN_MODELS}"
    for name, values in zip(names, (first, second), strict=True):
        if np.ptp(values) == 0:
            return f"{name}: all models are equal"
    return ""


def _repeated(replicates: FloatArray) -> tuple[float, float, float]:
    known = replicates[np.isfinite(replicates)]
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(known.mean()), float(low), float(high)
