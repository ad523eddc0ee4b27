"""Logistic regression of soft labels with a Gaussian prior, for one data set or for many resamples of it at once.

Maximises sum_i w_i [y_i log p_i + (1 - y_i) log(1 - p_i)] - 1/2 sum_k precision_k theta_k^2 with
p_i = sigmoid(features_i . theta), by Newton's method (iteratively reweighted least squares). Steps are at most 1 in
each coefficient, which keeps Newton from leaping over the solution where the likelihood is flat.
"""

import numpy as np
from scipy import special

from farm.stats.bootstrap import MAX_WEIGHTS, FloatArray

TOLERANCE = 1e-6
"""Largest last step of a fit; Newton's method squares it, so that coefficients are good to about 1e-12."""
REFIT_TOLERANCE = 1e-3
"""The same in a resample: good to about 1e-6, where its own noise is 0.1 and more."""
MAX_STEPS = 100


def fit_logistic(features: FloatArray, scores: FloatArray, precision: FloatArray) -> FloatArray:
    """The coefficients, (K,); NaN where the iterations did not end.

    Args:
        features: (I, K)
        scores: (I,) in [0, 1], how far each row is a success.
        precision: (K,) of the Gaussian prior around 0; 0 for none.
    """
    weights, start = np.ones((1, len(scores))), np.zeros((1, features.shape[1]))
    found: FloatArray = _newton(features, scores, weights, precision, start, TOLERANCE)[0]
    return found


def refit_logistic(
    features: FloatArray, scores: FloatArray, weights: FloatArray, precision: FloatArray, start: FloatArray
) -> FloatArray:
    """The coefficients in each of R resamples, (R, K).

    Args:
        features: (I, K)
        scores: (I,) in [0, 1].
        weights: (R, I) how often each row was drawn.
        precision: (K,) of the prior.
        start: (K,) where to begin: the coefficients of the data themselves.
    """
    n_at_once = max(1, MAX_WEIGHTS // max(1, len(scores)))
    parts = [
        _newton(features, scores, part, precision, np.tile(start, (len(part), 1)), REFIT_TOLERANCE)
        for part in (weights[k : k + n_at_once] for k in range(0, len(weights), n_at_once))
    ]
    return np.concatenate(parts) if parts else np.empty((0, len(start)))


def _newton(
    features: FloatArray,
    scores: FloatArray,
    weights: FloatArray,
    precision: FloatArray,
    start: FloatArray,
    tolerance: float,
) -> FloatArray:
    """All rows of `weights` at once, those that have arrived left out; (R, K), NaN of those that never do."""
    n_features = features.shape[1]
    rows, columns = np.triu_indices(n_features)
    products = features[:, rows] * features[:, columns]
    target = weights @ (scores[:, None] * features)
    at, moving = start.copy(), np.arange(len(weights))
    for _ in range(MAX_STEPS):
        part = weights if len(moving) == len(weights) else weights[moving]
        p = special.expit(at[moving] @ features.T)
        weighted = part * p
        slope = target[moving] - weighted @ features - precision * at[moving]
        p *= weighted
        weighted -= p
        upper = weighted @ products
        curvature = np.empty((len(moving), n_features, n_features))
        curvature[:, rows, columns] = upper
        curvature[:, columns, rows] = upper
        curvature[:, np.arange(n_features), np.arange(n_features)] += precision
        step = np.linalg.solve(curvature, slope[:, :, None])[:, :, 0]
        largest = np.abs(step).max(axis=1)
        at[moving] += step / np.maximum(largest, 1.0)[:, None]
        moving = moving[largest > tolerance]
        if len(moving) == 0:
            return at
    at[moving] = np.nan
    return at
