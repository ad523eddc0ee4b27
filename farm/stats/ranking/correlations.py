"""How far two rankings of the same models agree: correlations with intervals, and which pairs of models are inverted.

Both rankings are computed from scores (M, S, I): models x training seeds x items, NaN where a model has no verdict. A
model's win rate is the mean over seeds of its mean over items. The interval resamples items (the same items in both
rankings, since both judge the same instructions) and seeds (separately in each ranking, since each trains its own
chain; within a ranking all models of a seed move together, since they share that seed's SFT model and labels).

Resampling adds noise to both rankings, so resampled correlations lie below the value, and the value below the
noise-free one. The interval therefore reaches as far up as down: value +- the larger distance to the two percentiles,
within [-1, 1]. In a simulation (7 methods of win rates .25 to .46, 500 instructions, 200 repetitions) it held the
noise-free Spearman, Kendall and Pearson in at least 99% of the cases with three seeds and 91% with one; plain
percentiles held the noise-free Pearson in 2%.

What such an interval says: how the correlation would vary over other items and other seeds *for these models*. It says
nothing about other models. With one seed the seeds' share is missing, with two or three it is rough; with fewer than
five models a rank correlation takes only a handful of values.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy import stats

from farm.stats.bootstrap import Estimate, FloatArray, Resampling, estimate, item_weights, seed_weights
from farm.stats.ranking.win_rates import Difference, win_rate_difference

MIN_MODELS = 3
"""Two models are ranked alike or not: a correlation of +1 or -1 that means nothing."""


class Coefficients(NamedTuple):
    """Correlations of two vectors; NaN where undefined."""

    spearman: FloatArray
    kendall: FloatArray
    """tau-b."""
    pearson: FloatArray


@dataclass(frozen=True, kw_only=True)
class Inversion:
    """Two models that the two rankings order differently."""

    better_in_first: str
    """The model that the first ranking puts higher."""
    better_in_second: str
    first: Difference
    """better_in_first minus better_in_second in the first ranking: positive."""
    second: Difference
    """The same difference in the second ranking: negative."""
    probability: float
    """Share of the resamples in which the two rankings order the pair differently (equal rates count one half)."""
    is_beyond_noise: bool
    """Whether the difference is beyond two standard errors in both rankings, in opposite directions."""
    p_value: float
    """Gail and Simon's (1985) test of opposite true differences: one-sided p of the smaller of the two |z|."""
    p_value_joint: float
    """The same after Holm's correction for all pairs of models that could have been inverted."""


@dataclass(frozen=True, kw_only=True)
class RankingAgreement:
    """Two rankings of the same models compared."""

    models: tuple[str, ...]
    spearman: Estimate
    kendall: Estimate
    """tau-b."""
    pearson: Estimate
    inversions: tuple[Inversion, ...]
    """Most probable first."""
    n_pairs: int
    """Pairs of models that could be inverted."""
    expected_inversions: float
    """Sum over all pairs of the share of resamples in which the pair is inverted."""


def correlations(first: FloatArray, second: FloatArray) -> Coefficients:
    """Spearman, Kendall tau-b and Pearson of each row; all rows at once, for the bootstrap has thousands.

    Args:
        first: (R, M), one row per resample, one column per model.
        second: the same shape.
    """
    ranks = stats.rankdata(first, axis=1), stats.rankdata(second, axis=1)
    i, j = np.triu_indices(first.shape[1], k=1)
    signs = np.sign(first[:, i] - first[:, j]), np.sign(second[:, i] - second[:, j])
    return Coefficients(
        spearman=_row_correlation(_centred(ranks[0]), _centred(ranks[1])),
        kendall=_row_correlation(*signs),
        pearson=_row_correlation(_centred(first), _centred(second)),
    )


def correlation_estimate(value: float, replicates: FloatArray, *, n_models: int, reason: str = "") -> Estimate:
    """A correlation with its interval, symmetric about the value (the module's docstring says why).

    Args:
        value: the correlation; NaN if undefined.
        replicates: of the bootstrap, (n_resamples,).
        n_models: what it rests on.
        reason: what to say if the value is undefined.
    """
    found = estimate(value, replicates, n_total=n_models, reason=reason)
    if found.value is None or found.low is None or found.high is None:
        return found
    reach = max(found.value - found.low, found.high - found.value)
    return replace(found, low=max(-1.0, found.value - reach), high=min(1.0, found.value + reach))


def compare_rankings(
    models: Sequence[str], first: FloatArray, second: FloatArray, *, resampling: Resampling
) -> RankingAgreement:
    """Compare two rankings of the same models.

    Args:
        models: M names.
        first: scores (M, S, I) in [0, 1], NaN = no verdict.
        second: scores (M, S', I) on the same items; the number of seeds may differ.
        resampling: draws items and seeds.

    Raises:
        ValueError: shapes do not fit, or a model has no verdict in one of the rankings.
    """
    _check(models, first, second)
    rates = _rates(first), _rates(second)
    replicates = _replicates(first, second, resampling=resampling)
    point, drawn = correlations(rates[0][None], rates[1][None]), correlations(*replicates)
    reason = _why_undefined(rates, len(models))

    def with_interval(value: FloatArray, resampled: FloatArray) -> Estimate:
        known = np.nan if reason else float(value[0])
        return correlation_estimate(known, resampled, n_models=len(models), reason=reason)

    inverted, expected = _inversions(models, (first, second), replicates)
    return RankingAgreement(
        models=tuple(models),
        spearman=with_interval(point.spearman, drawn.spearman),
        kendall=with_interval(point.kendall, drawn.kendall),
        pearson=with_interval(point.pearson, drawn.pearson),
        inversions=inverted,
        n_pairs=len(models) * (len(models) - 1) // 2,
        expected_inversions=expected,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) adjusted p-values, in the order given."""
    order = np.argsort(p_values, kind="stable")
    adjusted, running = np.empty(len(p_values)), 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return [float(p) for p in adjusted]


def _inversions(
    models: Sequence[str], scores: tuple[FloatArray, FloatArray], replicates: tuple[FloatArray, FloatArray]
) -> tuple[tuple[Inversion, ...], float]:
    """The inverted pairs, most probable first, and the expected number of inversions over the resamples."""
    pairs = [(a, b) for a in range(len(models)) for b in range(a + 1, len(models))]
    gaps = [(win_rate_difference(s[a], s[b]), win_rate_difference(t[a], t[b])) for s, t in [scores] for a, b in pairs]
    p_values = [_gail_simon(*gap) for gap in gaps]
    joint = holm(p_values)
    found, expected = [], 0.0
    for (a, b), (one, other), p_value, p_joint in zip(pairs, gaps, p_values, joint, strict=True):
        product = (replicates[0][:, a] - replicates[0][:, b]) * (replicates[1][:, a] - replicates[1][:, b])
        probability = float(np.mean((product < 0) + 0.5 * (product == 0)))
        expected += probability
        assert one.difference is not None and other.difference is not None
        if one.difference * other.difference >= 0:
            continue
        is_ahead = one.difference > 0
        found.append(
            Inversion(
                better_in_first=models[a] if is_ahead else models[b],
                better_in_second=models[b] if is_ahead else models[a],
                first=one if is_ahead else _reversed(one),
                second=other if is_ahead else _reversed(other),
                probability=probability,
                is_beyond_noise=one.is_beyond_noise and other.is_beyond_noise,
                p_value=p_value,
                p_value_joint=p_joint,
            )
        )
    return tuple(sorted(found, key=lambda pair: -pair.probability)), expected


def _gail_simon(one: Difference, other: Difference) -> float:
    """p of "the true differences do not have opposite signs"; 1 if the observed ones do not either."""
    if one.z is None or other.z is None or one.z * other.z >= 0:
        return 1.0
    return float(stats.norm.sf(min(abs(one.z), abs(other.z))))


def _reversed(gap: Difference) -> Difference:
    assert gap.difference is not None
    return Difference(
        difference=-gap.difference, standard_error=gap.standard_error, n_total=gap.n_total, n_unparsed=gap.n_unparsed
    )


def _replicates(first: FloatArray, second: FloatArray, *, resampling: Resampling) -> tuple[FloatArray, FloatArray]:
    """Win rates under each resample, (R, M) for each ranking; items drawn together, seeds separately."""
    items = item_weights(first.shape[2], resampling, "ranking bootstrap", "items")
    drawn = [
        _weighted_rates(s, items, seed_weights(s.shape[1], resampling, "ranking bootstrap", name))
        for s, name in ((first, "seeds of the first"), (second, "seeds of the second"))
    ]
    return drawn[0], drawn[1]


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


def _rates(scores: FloatArray) -> FloatArray:
    rates: FloatArray = np.nanmean(scores, axis=2).mean(axis=1)
    return rates


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


def _why_undefined(rates: tuple[FloatArray, FloatArray], n_models: int) -> str:
    if n_models < MIN_MODELS:
        return f"{n_models} models: a rank correlation needs at least {MIN_MODELS}"
    for name, rate in zip(("first", "second"), rates, strict=True):
        if np.ptp(rate) == 0:
            return f"all models have the same win rate in the {name} ranking"
    return ""


def _centred(rows: FloatArray) -> FloatArray:
    centred: FloatArray = rows - rows.mean(axis=1, keepdims=True)
    return centred


def _row_correlation(first: FloatArray, second: FloatArray) -> FloatArray:
    """Cosine of each row pair; NaN where a row is zero."""
    norm = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    cosine: FloatArray = (first * second).sum(axis=1) / np.where(norm > 1e-12, norm, np.nan)
    return np.clip(cosine, -1.0, 1.0)
