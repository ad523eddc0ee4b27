"""How two rankings order each pair of models: which pairs they invert, and whether that can be noise.

The probability that two models are ordered the same is the share of the resamples in which both rankings order them
alike, equal values counting one half. A resample adds noise to figures that are noisy already, which draws it towards
one half.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from farm.stats.bootstrap import FloatArray
from farm.stats.holm import holm
from farm.stats.ranking.draws.ranking import RankingDraws


@dataclass(frozen=True, kw_only=True)
class PairOrder:
    """How both rankings order two models; every difference is `model` minus `other`, of win rates."""

    model: str
    """The one that the first ranking puts higher (in alphabetical order if it does not separate them)."""
    other: str
    first_difference: float
    first_standard_error: float | None
    """None if it is not known; like the next one."""
    second_difference: float
    second_standard_error: float | None
    p_same_order: float | None
    """Share of the resamples in which the two rankings order the pair the same; None, like all that follows but
    `is_inverted`, where the noise of one of the four figures is not known."""
    is_inverted: bool
    """Whether the two rankings order the pair differently."""
    is_beyond_noise: bool | None
    """Inverted, and the difference is beyond two standard errors in both rankings."""
    p_value: float | None
    """Gail and Simon's (1985) test of opposite true differences: one-sided p of the smaller of the two |z|; 1 if the
    pair is not inverted."""
    p_value_joint: float | None
    """After Holm's correction for all pairs with a p-value."""


def pair_orders(first: RankingDraws, second: RankingDraws) -> tuple[PairOrder, ...]:
    """Every pair of models, in the order of the first ranking.

    Args:
        first: a ranking.
        second: another of the same models in the same order.
    """
    models = first.models
    if len(models) < 2:
        return ()
    ranked = np.array(sorted(range(len(models)), key=lambda k: (-first.win_rates[k], models[k])))
    i, j = (ranked[place] for place in np.triu_indices(len(models), k=1))
    gaps = [ranking.win_rates[i] - ranking.win_rates[j] for ranking in (first, second)]
    drawn = [ranking.win_rate_draws[:, i] - ranking.win_rate_draws[:, j] for ranking in (first, second)]
    errors = [
        _spread(draws) if ranking.difference_errors is None else ranking.difference_errors[i, j]
        for ranking, draws in zip((first, second), drawn, strict=True)
    ]
    product = drawn[0] * drawn[1]
    p_same = np.nanmean(np.where(np.isnan(product), np.nan, (product > 0) + 0.5 * (product == 0)), axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = [np.where(gap == 0, 0.0, gap / error) for gap, error in zip(gaps, errors, strict=True)]
    is_inverted = gaps[0] * gaps[1] < 0
    smaller = np.minimum(np.abs(z[0]), np.abs(z[1]))
    p_values = np.where(is_inverted & np.isfinite(errors[0]) & np.isfinite(errors[1]), stats.norm.sf(smaller), 1.0)
    unknown = first.exact_models | second.exact_models
    is_known = [models[a] not in unknown and models[b] not in unknown for a, b in zip(i, j, strict=True)]
    joint = iter(holm([float(p) for p, known in zip(p_values, is_known, strict=True) if known]))
    return tuple(
        PairOrder(
            model=models[i[k]],
            other=models[j[k]],
            first_difference=float(gaps[0][k]),
            first_standard_error=_known(errors[0][k], models, (i[k], j[k]), first.exact_models),
            second_difference=float(gaps[1][k]),
            second_standard_error=_known(errors[1][k], models, (i[k], j[k]), second.exact_models),
            p_same_order=float(p_same[k]) if is_known[k] else None,
            is_inverted=bool(is_inverted[k]),
            is_beyond_noise=bool(is_inverted[k] and smaller[k] > 2) if is_known[k] else None,
            p_value=float(p_values[k]) if is_known[k] else None,
            p_value_joint=next(joint) if is_known[k] else None,
        )
        for k in range(len(i))
    )


def _spread(draws: FloatArray) -> FloatArray:
    """(R, P) -> (P,); NaN where one resample tells nothing about it."""
    if len(draws) < 2:
        return np.full(draws.shape[1], np.nan)
    deviation: FloatArray = np.nanstd(draws, axis=0, ddof=1)
    return deviation


def _known(error: float, models: Sequence[str], pair: tuple[int, int], exact: Collection[str]) -> float | None:
    """None where one of the two has no standard error: the spread over the resamples is then the other's alone."""
    is_known = np.isfinite(error) and not any(models[k] in exact for k in pair)
    return float(error) if is_known else None
