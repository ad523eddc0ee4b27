"""Shares and means over labels, with intervals that draw whole items.

Every figure here is a ratio of two sums over items: what counts of the item, and how much could have counted.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from farm.stats.bootstrap import Estimate, FloatArray, Resampling, estimate, resampled_sums

IntArray = npt.NDArray[np.int64]


def undefined(reason: str, *, n_unparsed: int = 0) -> Estimate:
    """A figure that does not exist for these data, and why."""
    return Estimate(value=None, low=None, high=None, n_total=0, n_unparsed=n_unparsed, reason=reason)


def ratio(
    part: FloatArray,
    whole: FloatArray,
    *,
    purpose: str,
    resampling: Resampling,
    n_unparsed: int = 0,
    nothing: str = "nothing to count",
) -> Estimate:
    """sum(part) / sum(whole); n counts `whole`.

    Args:
        part: (I,) per item, NaN nowhere.
        whole: (I,) per item; items with 0 are not part of the resampling.
        purpose: keys the draws together with the seed of `resampling`.
        resampling: draws the items.
        n_unparsed: reported beside it.
        nothing: the reason if `whole` is 0 throughout.
    """
    used = whole > 0
    total = float(whole[used].sum())
    if total == 0:
        return undefined(nothing, n_unparsed=n_unparsed)
    sums = resampled_sums(np.stack([part[used], whole[used]], axis=1), resampling, purpose)
    return estimate(
        float(part[used].sum()) / total,
        sums[:, 0] / sums[:, 1],
        n_total=round(total),
        n_unparsed=n_unparsed,
    )


def mean_of_ratios(
    parts: FloatArray,
    wholes: FloatArray,
    *,
    purpose: str,
    resampling: Resampling,
    n_unparsed: int = 0,
    nothing: str = "nothing to count",
) -> Estimate:
    """The mean over columns of sum(parts) / sum(wholes); n counts all `wholes`. Columns with nothing are left out.

    Args:
        parts: (I, S).
        wholes: (I, S).
        purpose: keys the draws together with the seed of `resampling`.
        resampling: draws the items.
        n_unparsed: reported beside it.
        nothing: the reason if every column is 0 throughout.
    """
    columns, used = (wholes > 0).any(axis=0), (wholes > 0).any(axis=1)
    if not columns.any():
        return undefined(nothing, n_unparsed=n_unparsed)
    part, whole = parts[used][:, columns], wholes[used][:, columns]
    n_columns = int(columns.sum())
    sums = resampled_sums(np.concatenate([part, whole], axis=1), resampling, purpose)
    return estimate(
        float((part.sum(axis=0) / whole.sum(axis=0)).mean()),
        _column_means(sums[:, :n_columns], sums[:, n_columns:]),
        n_total=round(float(whole.sum())),
        n_unparsed=n_unparsed,
    )


def clustered_share(
    item: Sequence[str] | npt.NDArray[np.int64],
    is_hit: npt.NDArray[np.bool_],
    counts: npt.NDArray[np.bool_],
    *,
    purpose: str,
    resampling: Resampling,
    n_unparsed: int = 0,
    nothing: str = "nothing to count",
) -> Estimate:
    """The share of labels with some property, labels of one item drawn together.

    Args:
        item: (N,) which item each label belongs to.
        is_hit: (N,) whether the label has the property.
        counts: (N,) whether it could have had it.
        purpose: keys the draws together with the seed of `resampling`.
        resampling: draws the items.
        n_unparsed: reported beside it.
        nothing: the reason if no label counts.
    """
    _, place = np.unique(np.asarray(item), return_inverse=True)
    n_items = int(place.max()) + 1 if len(place) else 0
    return ratio(
        np.bincount(place, is_hit & counts, n_items).astype(np.float64),
        np.bincount(place, counts, n_items).astype(np.float64),
        purpose=purpose,
        resampling=resampling,
        n_unparsed=n_unparsed,
        nothing=nothing,
    )


def _column_means(parts: FloatArray, wholes: FloatArray) -> FloatArray:
    """(R, S), (R, S) -> (R,); NaN where some column has nothing."""
    means: FloatArray = (parts / np.where(wholes > 0, wholes, np.nan)).mean(axis=1)
    return means
