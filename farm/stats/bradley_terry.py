"""Bradley-Terry log-strengths by maximum likelihood (Bradley and Terry 1952); a tie counts as half a win for each.

P(first beats second) = sigmoid(strength_first - strength_second). Strengths are fixed to mean 0. The likelihood is
concave and has a finite maximum exactly when the graph "has won against" is strongly connected (Ford 1957); otherwise
there is no estimate, and the result says which models cannot be placed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse, special

from farm.stats.bootstrap import FloatArray

MAX_STEPS = 60
"""Newton steps; fits with a finite maximum take about ten."""


@dataclass(frozen=True, kw_only=True)
class Strengths:
    """Log-strength per model."""

    models: tuple[str, ...]
    """In alphabetical order."""
    strengths: tuple[float, ...] | None
    """Natural-log scale, mean 0, in the order of `models`; None if no finite maximum exists."""
    n_total: int
    """Comparisons that counted."""
    n_unparsed: int
    """Comparisons left out because the verdict is missing."""
    reason: str = ""
    """Why there are no strengths."""


def bradley_terry(first: Sequence[str], second: Sequence[str], scores: Sequence[float] | FloatArray) -> Strengths:
    """Fit the strengths.

    Args:
        first: name of output_1's model, one per comparison.
        second: name of output_2's model.
        scores: 1 if the first won, 1/2 tie, 0 if the second won, between for soft verdicts; NaN = unparsed.

    Raises:
        ValueError: lengths differ, or a model is compared with itself.
    """
    score = np.asarray(scores, dtype=np.float64)
    if not len(first) == len(second) == len(score):
        raise ValueError(f"one entry per comparison expected, got {len(first)}, {len(second)} and {len(score)}")
    models = tuple(sorted({*first, *second}))
    place = {model: index for index, model in enumerate(models)}
    wins = np.zeros((len(models), len(models)))
    for one, other, value in zip(first, second, score, strict=True):
        if one == other:
            raise ValueError(f"{one!r} is compared with itself: this says nothing about strengths")
        if np.isfinite(value):
            wins[place[one], place[other]] += value
            wins[place[other], place[one]] += 1 - value
    n_total = int(np.isfinite(score).sum())
    fitted = fit_wins(wins[None])[0] if len(models) > 1 else np.array([np.nan])
    reason = "" if np.isfinite(fitted).all() else _why_not(wins, models)
    return Strengths(
        models=models,
        strengths=None if reason else tuple(float(s) for s in fitted),
        n_total=n_total,
        n_unparsed=len(score) - n_total,
        reason=reason,
    )


def fit_wins(wins: FloatArray) -> FloatArray:
    """Maximum-likelihood log-strengths of many win tables at once (for the bootstrap).

    Newton's method; a step moves no strength by more than 1, so that a flat start cannot overshoot.

    Args:
        wins: (R, M, M), how often the row's model beat the column's; fractions are fine.

    Returns:
        (R, M) with mean 0 in each row; NaN in the rows that have no finite maximum.
    """
    fitted = np.full(wins.shape[:2], np.nan)
    has_maximum = np.array([_n_groups(table) == 1 for table in wins], dtype=bool)
    wins = wins[has_maximum]
    strengths = np.zeros(wins.shape[:2])
    for _ in range(MAX_STEPS if has_maximum.any() else 0):
        p_win = special.expit(strengths[:, :, None] - strengths[:, None, :])
        slope = (wins * (1 - p_win)).sum(axis=2) - (wins * (1 - p_win)).sum(axis=1)
        weight = (wins + wins.transpose(0, 2, 1)) * p_win * (1 - p_win)
        curvature = weight.sum(axis=2)[:, :, None] * np.eye(wins.shape[1]) - weight
        # The likelihood does not change when all strengths shift: 1/M fixes that direction, and the mean at 0.
        step = np.linalg.solve(curvature + 1 / wins.shape[1], slope[:, :, None])[:, :, 0]
        largest = np.abs(step).max(axis=1, keepdims=True)
        strengths += step / np.maximum(largest, 1.0)
        if (largest < 1e-10).all():
            break
    fitted[has_maximum] = strengths - strengths.mean(axis=1, keepdims=True)
    return fitted


def _n_groups(wins: FloatArray) -> int:
    return int(sparse.csgraph.connected_components(sparse.csr_matrix(wins), directed=True, connection="strong")[0])


def _why_not(wins: FloatArray, models: tuple[str, ...]) -> str:
    if len(models) < 2:
        return "fewer than two models"
    _, group = sparse.csgraph.connected_components(sparse.csr_matrix(wins), directed=True, connection="strong")
    apart = [model for model, g in zip(models, group, strict=True) if (group == g).sum() == 1] or list(models)
    return f"no finite strengths: some models always win, always lose or never meet the others ({', '.join(apart)})"
