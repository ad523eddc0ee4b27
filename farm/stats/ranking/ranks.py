"""Places of models, and the ranks that are not excluded.

A model is significantly better than another if at least 97.5% of the resamples order them so, which is the two-sided
95% bootstrap interval of their difference leaving out zero. Its best rank is 1 + the number of models that are
significantly better, its worst rank the number of models minus those that are significantly worse. Pairs are tested one
by one, without a correction for their number: with many models a few of these statements are wrong.

A bootstrap of verdicts that are all alike knows no noise, however few they are. No exact test at the 5% level can tell
a model on five clusters from another: five coins fall alike with probability 2 / 2^5 = 6.25% (six with 3.1%).
"""

from typing import NamedTuple

import numpy as np

from farm.stats.bootstrap import LEVEL, MIN_DEFINED, FloatArray
from farm.stats.ranking.pair_counts import IntArray

MIN_CLUSTERS = 6
"""Clusters from which on a model can be significantly better or worse."""


class Ranks(NamedTuple):
    """Of M models."""

    place: IntArray
    """(M,) 1 + the number of models with a higher value; equal values share a place."""
    low: IntArray
    """(M,) best rank: 1 + the number of models that are significantly better."""
    high: IntArray
    """(M,) worst rank: M - the number of models that are significantly worse."""


def ranks_from_draws(values: FloatArray, draws: FloatArray, n_clusters: IntArray) -> Ranks:
    """Ranks of models, the highest value first.

    Args:
        values: (M,)
        draws: (R, M) the same under resampling; inf and -inf stand above and below all others, NaN is not known. Of
            two models that are both known in too few resamples (`MIN_DEFINED`) neither is significantly better.
        n_clusters: (M,) that each model's values rest on.
    """
    n_models = len(values)
    place = 1 + (values[None, :] > values[:, None]).sum(axis=1)
    is_better = np.zeros((n_models, n_models), dtype=np.bool_)
    is_known = ~np.isnan(draws) & (n_clusters >= MIN_CLUSTERS)
    for k in range(n_models):
        # Of the column's model against the row's.
        n_known = (is_known & is_known[:, [k]]).sum(axis=0)
        n_better = (draws > draws[:, [k]]).sum(axis=0)
        is_better[k] = (n_known >= MIN_DEFINED * len(draws)) & (n_better >= (1 + LEVEL) / 2 * np.maximum(n_known, 1))
    return Ranks(place, 1 + is_better.sum(axis=1), n_models - is_better.sum(axis=0))
