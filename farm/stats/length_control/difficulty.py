"""How hard each instruction is to win for all models of a track, estimated from their scores.

One logistic model of all scores: logit P(m wins on i) = theta_m + theta_length,m x_mi + difficulty_i, with
difficulty ~ N(0, DIFFICULTY_SD^2) and N(0, PRIOR_SD^2) on the lengths' coefficients, maximised in turn over models and
over instructions. AlpacaEval made its difficulties for its 805 instructions in this manner, once, and ships them
(Dubois et al. 2024, section 3); where a track has such a file, take that. Higher means easier for the model, as there.

An estimate is only as good as the number of models behind it, and every model added moves it a little: a leaderboard
whose figures must not move keeps the difficulties that it once had in a file.
"""

from collections.abc import Sequence

import numpy as np
from scipy import special

from farm.errors import UnfitError
from farm.stats.bootstrap import FloatArray
from farm.stats.length_control.controlled import INTERCEPT_SD, PRIOR_SD
from farm.stats.length_control.length import length_feature

DIFFICULTY_SD = 1.5
"""Prior; the published difficulties of AlpacaEval 2 have a standard deviation of 1.48."""
MIN_MODELS = 3
"""With fewer a difficulty is the noise of the verdicts that it is to explain. Where there is one, 95% intervals
cover in 68% of the cases without the term, 88% with three models, 93% with ten (experiments/length_control.md)."""
TOLERANCE = 1e-6
MAX_ROUNDS = 500


def difficulty_among(scores: Sequence[FloatArray], length_differences: Sequence[FloatArray]) -> FloatArray | None:
    """Difficulty of each instruction, (I,), from all models of a table; None where that cannot be told.

    Args:
        scores: of each model (I,) or (S, I): training seeds by instructions, in [0, 1]; NaN = no parsed verdict.
        length_differences: of each model the same shape: characters, model minus reference; NaN = not known.
    """
    models = [length_feature(s, d) for s, d in zip(scores, length_differences, strict=True)]
    usable = [model for model in models if not model.reason and np.isfinite(model.scores).any()]
    if len(usable) < MIN_MODELS:
        return None
    return fit_difficulty(
        np.concatenate([model.scores for model in usable]),
        np.concatenate([model.features[:, :, 0] for model in usable]),
    )


def fit_difficulty(scores: FloatArray, features: FloatArray) -> FloatArray:
    """Difficulty of each instruction, (I,), mean 0 over instructions with a verdict; 0 of those without.

    Args:
        scores: (M, I) of M models in [0, 1]; NaN = no parsed verdict.
        features: (M, I) length feature of each output (`farm.stats.length_control.length.length_feature`); NaN = not
            known.

    Raises:
        UnfitError: fewer than MIN_MODELS models, or the iterations do not end.
    """
    n_models, n_items = scores.shape
    if n_models < MIN_MODELS:
        raise UnfitError(f"difficulty of instructions: {n_models} models, at least {MIN_MODELS} are needed")
    is_used = np.isfinite(scores) & np.isfinite(features)
    y, x, used = np.where(is_used, scores, 0.0), np.where(is_used, features, 0.0), is_used.astype(np.float64)
    has_verdict = is_used.any(axis=0)
    of_models, difficulty = np.zeros((n_models, 2)), np.zeros(n_items)
    precision = np.array([INTERCEPT_SD**-2, PRIOR_SD**-2])
    for _ in range(MAX_ROUNDS):
        step_models = _model_step(y, x, used, of_models, difficulty, precision)
        of_models += step_models
        step_items = _item_step(y, x, used, of_models, difficulty)
        # The level belongs to the models: left to the prior alone, the two would creep towards each other.
        shift = float((difficulty + step_items)[has_verdict].mean()) if has_verdict.any() else 0.0
        step_items[has_verdict] -= shift
        of_models[:, 0] += shift
        difficulty += step_items
        if max(np.abs(step_models[:, 1]).max(), np.abs(step_items).max()) < TOLERANCE:
            return difficulty
    raise UnfitError(f"difficulty of instructions: the fit did not end within {MAX_ROUNDS} rounds")


def _model_step(
    y: FloatArray, x: FloatArray, used: FloatArray, at: FloatArray, difficulty: FloatArray, precision: FloatArray
) -> FloatArray:
    """A Newton step of each model's intercept and length coefficient, (M, 2), at most 1 in each."""
    p = special.expit(at[:, [0]] + at[:, [1]] * x + difficulty)
    residual, curvature = used * (y - p), used * p * (1 - p)
    slope = np.stack([residual.sum(axis=1), (residual * x).sum(axis=1)], axis=1) - precision * at
    cross = (curvature * x).sum(axis=1)
    matrix = np.empty((len(at), 2, 2))
    matrix[:, 0, 0] = curvature.sum(axis=1) + precision[0]
    matrix[:, 1, 1] = (curvature * x**2).sum(axis=1) + precision[1]
    matrix[:, 0, 1] = matrix[:, 1, 0] = cross
    step: FloatArray = np.clip(np.linalg.solve(matrix, slope[:, :, None])[:, :, 0], -1, 1)
    return step


def _item_step(y: FloatArray, x: FloatArray, used: FloatArray, of_models: FloatArray, at: FloatArray) -> FloatArray:
    """A Newton step of each instruction's difficulty, (I,), at most 1."""
    p = special.expit(of_models[:, [0]] + of_models[:, [1]] * x + at)
    slope = (used * (y - p)).sum(axis=0) - at / DIFFICULTY_SD**2
    curvature = (used * p * (1 - p)).sum(axis=0) + DIFFICULTY_SD**-2
    step: FloatArray = np.clip(slope / curvature, -1, 1)
    return step
