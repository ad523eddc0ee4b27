"""Bradley-Terry log-strengths by maximum likelihood (Bradley and Terry 1952), for many resamples at once.

P(first beats second) = sigmoid(strength_first - strength_second). Strengths are fixed to mean 0. A graded verdict is a
fraction of a win for each side (.7 and .3). Ties are half a win for each side ("half_wins"), or an outcome of their own
with Davidson's (1970) parameter ("davidson"):

    P(first) : P(second) : P(tie)  =  exp(s_1) : exp(s_2) : tie_strength * exp((s_1 + s_2) / 2)

Both likelihoods are concave in the strengths and log tie_strength. The maximum is finite exactly when the graph "has
won against or tied with" is strongly connected (Ford 1957); otherwise there is no estimate, and the result says which
models cannot be placed (`farm.stats.ranking.finite_strengths`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy import sparse, special

from farm.stats.bootstrap import FloatArray
from farm.stats.ranking.finite_strengths import disconnected, one_sided, strength_limits
from farm.stats.ranking.pair_counts import (
    BoolArray,
    ClusterCounts,
    PairCounts,
    Pairs,
    comparisons_of,
)

TieModel = Literal["half_wins", "davidson"]

MAX_STEPS = 100
"""Newton steps; fits with a finite maximum take about ten."""
TOLERANCE = 1e-4
"""A fit ends with the step that moves no strength by more. A step changes a logistic curvature by a factor of exp(step)
at most, so that what is left then is below 2e-8."""
FARTHEST = 15.0
"""Parameter of Davidson's model beyond which its likelihood is taken to have no maximum: double precision hardly tells
the probabilities there from 0."""
CHUNK_BYTES = 2**26
"""Curvature matrices held at once."""


class Fit(NamedTuple):
    """Strengths of R resamples."""

    strengths: FloatArray
    """(R, M), mean 0 in each row. Where not all are finite, those are that are finite beside the most compared model's;
    above them stands inf, below -inf, and NaN where the comparisons do not say. For Davidson's model NaN in a row of
    ties only, or without any."""
    log_tie_strength: FloatArray
    """(R,) Davidson's parameter; NaN for half wins."""


@dataclass(frozen=True, kw_only=True)
class Strengths:
    """Log-strength per model."""

    models: tuple[str, ...]
    """In alphabetical order."""
    strengths: tuple[float, ...] | None
    """Natural-log scale, mean 0, in the order of `models`; None if no finite maximum exists."""
    tie_strength: float | None
    """Davidson's parameter: P(tie) between equals is tie_strength / (2 + tie_strength); None for half wins."""
    n_total: int
    """Comparisons that counted."""
    n_unparsed: int
    """Comparisons left out because the verdict is missing."""
    reason: str = ""
    """Why there are no strengths."""


def bradley_terry(
    first: Sequence[str],
    second: Sequence[str],
    scores: Sequence[float] | FloatArray,
    *,
    tie_model: TieModel = "half_wins",
) -> Strengths:
    """Fit the strengths to one set of comparisons.

    Args:
        first: name of output_1's model, one per comparison.
        second: name of output_2's model.
        scores: 1 if the first won, 1/2 tie, 0 if the second won, between for soft verdicts; NaN = unparsed.
        tie_model: what a tie is.

    Raises:
        ValueError: lengths differ.
        UserError: a model is compared with itself, or a score lies outside [0, 1].
    """
    comparisons = comparisons_of(first, second, scores, ["all"] * len(first))
    counts = ClusterCounts(comparisons)
    n_total = int(np.isfinite(comparisons.scores).sum())
    fit, reason = fit_observed(comparisons.models, counts.pairs, counts.observed(), tie_model)
    return Strengths(
        models=comparisons.models,
        strengths=None if fit is None else tuple(float(s) for s in fit.strengths[0]),
        tie_strength=None if fit is None or tie_model == "half_wins" else float(np.exp(fit.log_tie_strength[0])),
        n_total=n_total,
        n_unparsed=len(comparisons.scores) - n_total,
        reason=reason,
    )


class ObservedFit(NamedTuple):
    """A fit of one row, or why there is none."""

    fit: Fit | None
    reason: str
    """Empty if there is a fit."""


def fit_observed(models: Sequence[str], pairs: Pairs, counts: PairCounts, tie_model: TieModel) -> ObservedFit:
    """Fit the observed counts (1, E), or say why they have no finite maximum."""
    reason = why_no_strengths(models, pairs, counts, tie_model)
    if reason:
        return ObservedFit(None, reason)
    fit = fit_strengths(pairs, counts, tie_model)
    if np.isfinite(fit.strengths).all():
        return ObservedFit(fit, "")
    return ObservedFit(
        None,
        "Davidson's model has no finite strengths: some models only win against or tie with the others, and a growing "
        "tie parameter explains the ties; use half wins",
    )


def why_no_strengths(models: Sequence[str], pairs: Pairs, counts: PairCounts, tie_model: TieModel) -> str:
    """Why the observed counts (1, E) have no finite maximum; empty if they have one."""
    if len(models) < 2:
        return f"a ranking needs at least two models, got {len(models)}"
    if pairs.n_pairs == 0:
        return "no comparison has a parsed verdict"
    apart = disconnected(models, pairs)
    if apart:
        return apart
    apart = one_sided(models, pairs, counts)
    if apart:
        return f"no finite strengths: {apart}"
    if tie_model == "davidson" and not 0 < counts.ties.sum() < (counts.wins + counts.losses).sum():
        kind = "no tie" if counts.ties.sum() == 0 else "nothing but ties"
        return f"Davidson's tie parameter has no finite estimate: there is {kind}; use half wins"
    return ""


def fit_strengths(pairs: Pairs, counts: PairCounts, tie_model: TieModel, start: Fit | None = None) -> Fit:
    """Maximum-likelihood strengths of every row of counts.

    Args:
        pairs: the pairs of models that met.
        counts: (R, E) each; fractions are fine.
        tie_model: what a tie is.
        start: a fit of one row to start all rows from, such as the one to the data that were resampled.
    """
    n_rows, n_models = len(counts.wins), pairs.n_models
    strengths, log_tie = np.full((n_rows, n_models), np.nan), np.full(n_rows, np.nan)
    n_at_once = max(1, CHUNK_BYTES // (8 * (n_models + 1) ** 2))
    for low in range(0, n_rows, n_at_once):
        rows = np.arange(low, min(low + n_at_once, n_rows))
        part = counts.of_rows(rows)
        limits = strength_limits(pairs, part)
        is_finite = limits == 0
        if not is_finite.all():
            part = part.between(is_finite[:, pairs.first] & is_finite[:, pairs.second])
        if tie_model == "davidson":
            n_ties = part.ties.sum(axis=1)
            has_both = (n_ties > 0) & (n_ties < (part.wins + part.losses).sum(axis=1))
            rows, part = rows[has_both], part.of_rows(has_both)
            limits, is_finite = limits[has_both], is_finite[has_both]
        if len(rows):
            finite, log_tie[rows] = _newton(pairs, part, is_finite, tie_model, start)
            strengths[rows] = np.where(is_finite, finite, limits)
    return Fit(strengths, log_tie)


def _newton(pairs: Pairs, counts: PairCounts, is_finite: BoolArray, tie_model: TieModel, start: Fit | None) -> Fit:
    """A step moves no parameter by more than 1, so that a flat start cannot overshoot.

    Models without a finite strength, (R, M), have no counts; what stands for them means nothing.
    """
    n_rows, n_models = len(counts.wins), pairs.n_models
    diagonal = np.arange(n_models)
    has_ties = tie_model == "davidson"
    at = np.zeros((n_rows, n_models + has_ties))
    if start is not None and np.isfinite(start.strengths).all():
        at[:, :n_models] = start.strengths
        if has_ties:
            at[:, n_models] = start.log_tie_strength
    incidence = pairs.to_first - pairs.to_second
    is_moving = np.ones(n_rows, dtype=np.bool_)
    for _ in range(MAX_STEPS):
        rows = np.flatnonzero(is_moving)
        part = counts if len(rows) == n_rows else counts.of_rows(rows)
        gaps = at[rows][:, pairs.first] - at[rows][:, pairs.second]
        if has_ties:
            slope, curvature = _davidson(pairs, incidence, part, gaps, at[rows, n_models])
        else:
            slope, curvature = _half_wins(pairs, incidence, part, gaps)
        # The likelihood does not change when all strengths shift: 1/M fixes that direction.
        curvature[:, :n_models, :n_models] += 1 / n_models
        if not is_finite.all():
            curvature[:, diagonal, diagonal] += ~is_finite[rows]
        step = np.linalg.solve(curvature, slope[:, :, None])[:, :, 0]
        largest = np.abs(step).max(axis=1)
        at[rows] += step / np.maximum(largest, 1.0)[:, None]
        is_moving[rows] = largest > TOLERANCE
        if has_ties:
            # Wins and ties without a loss: strengths and tie parameter grow together, and the likelihood with them.
            far = rows[abs(at[rows]).max(axis=1) > FARTHEST]
            at[far], is_moving[far] = np.nan, False
        if not is_moving.any():
            break
    strengths = at[:, :n_models] - at[:, :n_models].mean(axis=1, keepdims=True, where=is_finite)
    return Fit(strengths, at[:, n_models] if has_ties else np.full(n_rows, np.nan))


class _Slope(NamedTuple):
    slope: FloatArray
    """(R, K) derivative of the log-likelihood."""
    curvature: FloatArray
    """(R, K, K) minus its second derivative."""


def _half_wins(pairs: Pairs, incidence: sparse.csr_array, counts: PairCounts, gaps: FloatArray) -> _Slope:
    p_win = special.expit(gaps)
    total = counts.wins + counts.losses
    return _Slope((counts.wins - total * p_win) @ incidence, _laplacian(pairs, total * p_win * (1 - p_win), extra=0))


def _davidson(
    pairs: Pairs, incidence: sparse.csr_array, counts: PairCounts, gaps: FloatArray, log_tie: FloatArray
) -> _Slope:
    """With u = exp(gap / 2): weights u, 1 / u and tie_strength of win, loss and tie."""
    logits = np.stack([gaps / 2, -gaps / 2, np.broadcast_to(log_tie[:, None], gaps.shape)])
    p_win, p_loss, p_tie = special.softmax(logits, axis=0)
    total, lead = counts.wins + counts.losses, p_win - p_loss
    by_pair = (counts.wins - counts.losses - total * lead) / 2
    slope = np.concatenate([by_pair @ incidence, (counts.ties - total * p_tie).sum(axis=1, keepdims=True)], axis=1)
    curvature = _laplacian(pairs, total * (p_win + p_loss - lead**2) / 4, extra=1)
    with_tie = -(total * p_tie * lead / 2) @ incidence
    curvature[:, :-1, -1] = curvature[:, -1, :-1] = with_tie
    curvature[:, -1, -1] = (total * p_tie * (1 - p_tie)).sum(axis=1)
    return _Slope(slope, curvature)


def _laplacian(pairs: Pairs, weight: FloatArray, *, extra: int) -> FloatArray:
    """(R, E) pair weights -> (R, M + extra, M + extra), the weighted graph's Laplacian in the first M places."""
    n = pairs.n_models
    matrix = np.zeros((len(weight), n + extra, n + extra))
    matrix[:, pairs.first, pairs.second] = -weight
    matrix[:, pairs.second, pairs.first] = -weight
    diagonal = np.arange(n)
    matrix[:, diagonal, diagonal] = weight @ pairs.to_both
    return matrix
