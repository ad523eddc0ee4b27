"""Agreement beyond chance of any number of annotators: Fleiss' kappa and Krippendorff's alpha for unordered labels.

Both depend on the counts of labels per item only, so that annotators may label different items. Cohen's kappa, for two
annotators, is in `farm.stats.agreement.by_annotator`.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from farm.stats.bootstrap import Estimate, FloatArray, Resampling, estimate, resampled_sums
from farm.stats.shares import undefined

_NOT_TWO = "no item has two labels"
_ONE_CLASS = "all labels are one and the same, so that there is nothing to agree about"


def fleiss_kappa(counts: FloatArray, *, name: str, resampling: Resampling, n_unparsed: int = 0) -> Estimate:
    """Fleiss' kappa (1971): (mean agreement of two labels of an item - chance) / (1 - chance).

    Chance is the sum of the squared shares of the labels. Fleiss has the same number of labels on every item; where the
    numbers differ, items with two or more labels count equally for the agreement and labels equally for the chance.

    Args:
        counts: (I, C) labels per item.
        name: whose labels; keys the bootstrap.
        resampling: draws the items.
        n_unparsed: labels that are missing.

    Returns:
        n counts items with two or more labels.
    """
    n = counts.sum(axis=1)
    used, n = counts[n >= 2], n[n >= 2]
    if len(used) == 0:
        return undefined(_NOT_TWO, n_unparsed=n_unparsed)
    agreement = (used * (used - 1)).sum(axis=1) / (n * (n - 1))
    per_item = np.column_stack([agreement, np.ones(len(used)), used])
    return _chance_corrected(per_item, _fleiss, f"fleiss kappa of {name}", resampling, n_unparsed)


def krippendorff_alpha(counts: FloatArray, *, name: str, resampling: Resampling, n_unparsed: int = 0) -> Estimate:
    """Krippendorff's alpha for nominal labels (Krippendorff 2011): 1 - observed / expected disagreement.

    Every pair of different labels of an item counts 1 / (labels of the item - 1); expected is the share of different
    pairs among all labels of all such items.

    Args:
        counts: (I, C) labels per item; items with one label do not count.
        name: whose labels; keys the bootstrap.
        resampling: draws the items.
        n_unparsed: labels that are missing.

    Returns:
        n counts items with two or more labels.
    """
    n = counts.sum(axis=1)
    used, n = counts[n >= 2], n[n >= 2]
    if len(used) == 0:
        return undefined(_NOT_TWO, n_unparsed=n_unparsed)
    disagreement = (n**2 - (used**2).sum(axis=1)) / (n - 1)
    per_item = np.column_stack([disagreement, used])
    return _chance_corrected(per_item, _alpha, f"krippendorff alpha of {name}", resampling, n_unparsed)


def _fleiss(sums: FloatArray) -> FloatArray:
    """(R, 2 + C) -> (R,)"""
    labels = sums[:, 2:]
    chance = ((labels / labels.sum(axis=1, keepdims=True)) ** 2).sum(axis=1)
    kappa: FloatArray = (sums[:, 0] / sums[:, 1] - chance) / np.where(_is_one_class(labels), np.nan, 1 - chance)
    return kappa


def _alpha(sums: FloatArray) -> FloatArray:
    """(R, 1 + C) -> (R,)"""
    labels = sums[:, 1:]
    n = labels.sum(axis=1)
    expected = (n**2 - (labels**2).sum(axis=1)) / (n - 1)
    alpha: FloatArray = 1 - sums[:, 0] / np.where(_is_one_class(labels), np.nan, expected)
    return alpha


def _is_one_class(labels: FloatArray) -> npt.NDArray[np.bool_]:
    return np.asarray((labels > 0).sum(axis=1) == 1)


def _chance_corrected(
    per_item: FloatArray,
    statistic: Callable[[FloatArray], FloatArray],
    purpose: str,
    resampling: Resampling,
    n_unparsed: int,
) -> Estimate:
    value = float(statistic(per_item.sum(axis=0, keepdims=True))[0])
    drawn = statistic(resampled_sums(per_item, resampling, purpose))
    return estimate(value, drawn, n_total=len(per_item), n_unparsed=n_unparsed, reason=_ONE_CLASS)
