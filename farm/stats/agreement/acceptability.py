"""Whether single outputs are acceptable: per model, and how well annotators agree about it (TULU's human evaluation).

Wang et al. 2023 (arXiv 2306.04751, section 5.4) ask for each of two outputs whether it is acceptable by itself.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from farm.stats.agreement.label_counts import counts_of
from farm.stats.bootstrap import Estimate, Resampling
from farm.stats.shares import clustered_share, ratio

BoolArray = npt.NDArray[np.bool_]


def acceptability(
    models: Sequence[str], item: Sequence[str], is_acceptable: BoolArray, *, resampling: Resampling
) -> dict[str, Estimate]:
    """Share of a model's outputs that are acceptable, for each model in alphabetical order; n counts labels.

    Args:
        models: (N,) who wrote the output.
        item: (N,) which pair or instruction; labels of one are drawn together.
        is_acceptable: (N,) the labels.
        resampling: draws the items.
    """
    of_model = np.asarray(models)
    return {
        str(model): clustered_share(
            np.asarray(item)[of_model == model],
            is_acceptable[of_model == model],
            np.ones(int((of_model == model).sum()), dtype=np.bool_),
            purpose="acceptability",
            resampling=resampling,
        )
        for model in sorted(set(models))
    }


def acceptability_agreement(
    output: Sequence[str], item: Sequence[str], is_acceptable: BoolArray, *, resampling: Resampling
) -> Estimate:
    """Share of pairs of labels on the same output that are equal; n counts pairs.

    Args:
        output: (N,) which output, unique over items.
        item: (N,) which pair it belongs to; the outputs of one pair are drawn together.
        is_acceptable: (N,) the labels.
        resampling: draws the items.
    """
    names, place = np.unique(np.asarray(output), return_inverse=True)
    clusters, cluster = np.unique(np.asarray(item), return_inverse=True)
    counts = counts_of(place, is_acceptable.astype(np.float64), (0.0, 1.0), len(names))
    n_labels = counts.sum(axis=1)
    cluster_of = np.zeros(len(names), dtype=np.int64)
    cluster_of[place] = cluster
    equal, pairs = (counts * (counts - 1)).sum(axis=1) / 2, n_labels * (n_labels - 1) / 2
    return ratio(
        np.bincount(cluster_of, equal, len(clusters)).astype(np.float64),
        np.bincount(cluster_of, pairs, len(clusters)).astype(np.float64),
        purpose="acceptability agreement",
        resampling=resampling,
        nothing="no output has two labels",
    )
