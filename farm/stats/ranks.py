"""Ranks that say how well they are known: between which places a model lies, given the resamples.

A model is significantly better than another if at least 97.5% of the resamples order them so, which is the two-sided
95% bootstrap interval of their difference leaving out zero. Its best rank is 1 + the number of models that are
significantly better, its worst rank the number of models minus those that are significantly worse. Pairs are tested one
by one, without a correction for their number: with many models a few of these statements are wrong.
"""

from typing import NamedTuple

import numpy as np

from farm.stats.bootstrap import LEVEL, FloatArray
from farm.stats.ranking.pair_counts import IntArray


class Ranks(NamedTuple):
    """Of M models."""

    place: IntArray
    """(M,) 1 + the number of models with a higher value; equal values share a place."""
    low: IntArray
    """(M,) best rank: 1 + the number of models that are significantly better."""
    high: IntArray
    """(M,) worst rank: M - the number of models that are significantly worse."""


def ranks_from_draws(values: FloatArray, draws: FloatArray) -> Ranks:
    """Ranks of models, the highest value first.

    Args:
        values: (M,)
        draws: (R, M) the same under resampling; resamples in which a value is missing are left out.
    """
    known = draws[np.isfinite(draws).all(axis=1)]
    n_models = len(values)
    place = 1 + (values[None, :] > values[:, None]).sum(axis=1)
    if len(known) == 0:
        return Ranks(place, np.ones(n_models, dtype=np.intp), np.full(n_models, n_models, dtype=np.intp))
    # (M, M): share of resamples in which the column's model is better than the row's.
    better = np.stack([(known > known[:, [k]]).mean(axis=0) for k in range(n_models)])
    is_better = better >= (1 + LEVEL) / 2
    return Ranks(place, 1 + is_better.sum(axis=1), n_models - is_better.sum(axis=0))
