"""How far two graded labels of an item agree: Pearson's correlation and the mean absolute difference.

Over all pairs of labels on the same item, as MT-Bench's S1 (`farm.stats.agreement.pair_agreement`): of one annotator
each of two groups, or of two annotators of one group. Grades run from 1 to 2, so that a difference of 1 is the largest.
With the consensus of several people it would be another figure: a judge is closer to their mean than any of them is to
another.
"""

from typing import NamedTuple

import numpy as np

from farm.stats.agreement.label_counts import labels_by_item
from farm.stats.bootstrap import Estimate, FloatArray, Resampling, estimate, resampled_sums
from farm.stats.shares import undefined

_CONSTANT = "one of the two gives one and the same label throughout"
_NO_VARIANCE = 1e-12
_TIE = 1.5


class GradeAgreement(NamedTuple):
    """n of each counts pairs of labels."""

    pearson: Estimate
    mean_difference: Estimate
    """Mean of |one label - the other|, in [0, 1]."""


def grades_between(
    first: FloatArray, second: FloatArray, *, name: str, resampling: Resampling, n_unparsed: int = 0
) -> GradeAgreement:
    """Of all pairs of one label by the first group and one by the second on the same item.

    Args:
        first: (I, A) labels from 1 to 2, NaN = no label.
        second: (I, B) of the other group on the same items.
        name: whose labels; keys the bootstrap.
        resampling: draws the items.
        n_unparsed: labels that are missing.
    """
    of_first, of_second = _moments(first), _moments(second)
    item, annotator = np.nonzero(np.isfinite(first))
    difference = np.zeros(len(first))
    for column in second.T:
        gap = np.nan_to_num(abs(first[item, annotator] - column[item]))
        difference += np.bincount(item, gap, len(first))
    per_item = np.column_stack(
        [
            of_first.n * of_second.n,
            of_second.n * of_first.total,
            of_first.n * of_second.total,
            of_second.n * of_first.squares,
            of_first.n * of_second.squares,
            of_first.total * of_second.total,
            difference,
        ]
    )
    return _agreement(per_item, f"grades of {name}", resampling, n_unparsed, "no item has a label of both")


def grades_within(labels: FloatArray, *, name: str, resampling: Resampling, n_unparsed: int = 0) -> GradeAgreement:
    """Of all pairs of labels by two annotators of one group on the same item, each pair in both orders.

    Args:
        labels: (I, A) from 1 to 2, NaN = no label.
        name: whose labels; keys the bootstrap.
        resampling: draws the items.
        n_unparsed: labels that are missing.

    Returns:
        n counts each pair once.
    """
    own = _moments(labels)
    item, annotator = np.nonzero(np.isfinite(labels))
    in_order = np.sort(labels_by_item(item, labels[item, annotator], len(labels)), axis=1)
    # The k-th smallest of n labels is subtracted from n - 1 - k others, and k others are subtracted from it.
    sign = 2 * np.arange(in_order.shape[1])[None, :] - (own.n[:, None] - 1)
    difference = np.nansum(sign * in_order, axis=1)
    others = np.maximum(own.n - 1, 0)
    per_item = np.column_stack(
        [
            own.n * others / 2,
            others * own.total / 2,
            others * own.total / 2,
            others * own.squares / 2,
            others * own.squares / 2,
            (own.total**2 - own.squares) / 2,
            difference,
        ]
    )
    return _agreement(per_item, f"grades among {name}", resampling, n_unparsed, "no item has two labels")


class _Moments(NamedTuple):
    """Of the labels of each item, (I,) each; 1.5 is taken off, for the sake of rounding."""

    n: FloatArray
    total: FloatArray
    squares: FloatArray


def _moments(labels: FloatArray) -> _Moments:
    centred = np.nan_to_num(labels - _TIE)
    return _Moments(np.isfinite(labels).sum(axis=1).astype(np.float64), centred.sum(axis=1), (centred**2).sum(axis=1))


def _agreement(
    per_item: FloatArray, purpose: str, resampling: Resampling, n_unparsed: int, nothing: str
) -> GradeAgreement:
    """(I, 7): pairs, sums of x, y, x^2, y^2, xy and |x - y|."""
    per_item = per_item[per_item[:, 0] > 0]
    if len(per_item) == 0:
        missing = undefined(nothing, n_unparsed=n_unparsed)
        return GradeAgreement(missing, missing)
    observed, drawn = per_item.sum(axis=0, keepdims=True), resampled_sums(per_item, resampling, purpose)
    n_total = round(float(observed[0, 0]))
    figures = [
        estimate(float(of(observed)[0]), of(drawn), n_total=n_total, n_unparsed=n_unparsed, reason=_CONSTANT)
        for of in (_pearson, _mean_difference)
    ]
    return GradeAgreement(*figures)


def _pearson(sums: FloatArray) -> FloatArray:
    """(R, 7) -> (R,); NaN where one of the two does not vary."""
    x, y, xx, yy, xy = (sums[:, 1:6] / sums[:, [0]]).T
    variances = np.stack([xx - x**2, yy - y**2])
    varies = (variances > _NO_VARIANCE).all(axis=0)
    product = np.where(varies, variances.prod(axis=0), 1.0)
    return np.where(varies, (xy - x * y) / np.sqrt(product), np.nan)


def _mean_difference(sums: FloatArray) -> FloatArray:
    means: FloatArray = sums[:, 6] / sums[:, 0]
    return means
