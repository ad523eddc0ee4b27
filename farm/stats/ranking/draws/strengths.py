"""Bradley-Terry strengths under resampling, where some models have no finite one in too many of the resamples.

A model that is hardly ever compared wins or loses everything in many resamples, or is not in them. That is no reason to
say nothing of the others: their strengths in such a resample are those among themselves, for the likelihood's limit as
the one strength grows is that of the other comparisons. What differs is the zero: strengths have mean 0 over all
models, and here the resampled ones are moved so that the models that are known keep the mean that they have in the
data.
"""

import numpy as np

from farm.stats.bootstrap import MIN_DEFINED, FloatArray
from farm.stats.ranking.pair_counts import BoolArray


def jointly_known(is_known: BoolArray) -> BoolArray:
    """(R, M) -> (M,): models that are known together in enough resamples for an interval; the least known are left out.

    None where that leaves fewer than two.
    """
    kept: BoolArray = np.ones(is_known.shape[1], dtype=np.bool_)
    share: FloatArray = is_known.mean(axis=0)
    while kept.sum() > 1 and float(np.mean(np.all(is_known[:, kept], axis=1))) < MIN_DEFINED:
        # Equally rare models go together: which of them comes first is a matter of names.
        kept &= share > share[kept].min()
    return kept if kept.sum() > 1 else np.zeros_like(kept)


def held_strengths(draws: FloatArray, strengths: FloatArray) -> FloatArray:
    """Resampled strengths for intervals.

    Args:
        draws: (R, M) as `bradley_terry.Fit` has them.
        strengths: (M,) of the data.

    Returns:
        (R, M); NaN where a strength is not finite, and in resamples in which one of the jointly known is not. Where all
        models are known in enough resamples these are their strengths with mean 0.
    """
    is_known: BoolArray = np.isfinite(draws)
    # A strength beside no other is no strength.
    is_known &= is_known.sum(axis=1, keepdims=True) > 1
    anchors = jointly_known(is_known)
    rows: BoolArray = np.all(is_known[:, anchors] if anchors.any() else is_known, axis=1)
    held = np.where(is_known & rows[:, None], draws, np.nan)
    if anchors.any() and not anchors.all():
        held += strengths[anchors].mean() - held[:, anchors].mean(axis=1, keepdims=True)
    return held
