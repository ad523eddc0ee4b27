"""How often two labels of the same item are equal: among annotators of one group, and between two groups.

MT-Bench's agreement (Zheng et al. 2023, arXiv 2306.05685, section 4.2): the probability that two different annotators
agree on an item, over all pairs of labels on the same item. S1 has ties, and verdicts that change with the order, as a
class of their own; S2 keeps pairs of labels that both prefer one output. Relaxed agreement gives one half where exactly
one of the two labels is a tie (open-instruct's human evaluation).
"""

from typing import NamedTuple

import numpy as np

from farm.stats.agreement.by_annotator import CLASSES
from farm.stats.bootstrap import Estimate, FloatArray, Resampling
from farm.stats.shares import mean_of_ratios, ratio

_NOT_TWO = "no item has two labels"
_NO_COMMON = "no item has a label of both"
_ALL_TIES = "every pair of labels has a tie in it"


class PairAgreement(NamedTuple):
    """n of each counts pairs of labels."""

    s1: Estimate
    """Ties are a class; guessing at random agrees on a third."""
    s2: Estimate
    """Both prefer one output; guessing agrees on half."""
    relaxed: Estimate
    """S1, and one half for a tie against a preference."""


def agreement_within(counts: FloatArray, *, name: str, resampling: Resampling, n_unparsed: int = 0) -> PairAgreement:
    """Of all pairs of labels on the same item; an item with k labels has k (k - 1) / 2.

    Args:
        counts: (I, 3) labels per item in the order of `CLASSES` (tie, first, second).
        name: whose labels; keys the bootstrap.
        resampling: draws the items.
        n_unparsed: labels that are missing.
    """
    _check(counts)
    equal = counts * (counts - 1) / 2
    with_tie = counts[:, 0] * (counts[:, 1] + counts[:, 2])
    return _pair_agreement(
        equal, _pairs(counts), _pairs(counts[:, 1:]), with_tie, name, resampling, n_unparsed, _NOT_TWO
    )


def agreement_between(
    first: FloatArray, second: FloatArray, *, name: str, resampling: Resampling, n_unparsed: int = 0
) -> PairAgreement:
    """Of all pairs of one label by the first group and one by the second on the same item.

    Args:
        first: (I, 3) labels per item of one group.
        second: (I, 3) of the other.
        name: whose labels; keys the bootstrap.
        resampling: draws the items.
        n_unparsed: labels that are missing.
    """
    _check(first)
    _check(second)
    n_pairs = first.sum(axis=1) * second.sum(axis=1)
    n_decided = first[:, 1:].sum(axis=1) * second[:, 1:].sum(axis=1)
    with_tie = first[:, 0] * second[:, 1:].sum(axis=1) + second[:, 0] * first[:, 1:].sum(axis=1)
    return _pair_agreement(first * second, n_pairs, n_decided, with_tie, name, resampling, n_unparsed, _NO_COMMON)


def exact_agreement(counts: FloatArray, *, name: str, resampling: Resampling, n_unparsed: int = 0) -> Estimate:
    """Share of pairs of labels on the same item that are equal, over any number of classes: 5-way preference, say.

    Args:
        counts: (I, C) labels per item.
        name: whose labels; keys the bootstrap.
        resampling: draws the items.
        n_unparsed: labels that are missing.
    """
    equal = (counts * (counts - 1) / 2).sum(axis=1)
    return ratio(
        equal,
        _pairs(counts),
        purpose=f"exact agreement of {name}",
        resampling=resampling,
        n_unparsed=n_unparsed,
        nothing=_NOT_TWO,
    )


def leave_one_out_pooled(counts: FloatArray, *, name: str, resampling: Resampling, n_unparsed: int = 0) -> Estimate:
    """Agreement of one label with the most frequent of the others on its item, over all labels; n counts labels.

    For annotators that label different items: AlpacaFarm's figure for its 648 pairs with four labels each, whoever gave
    them. Where the others have several modes each counts its share (the expected value of a random tie-break). Equal to
    `farm.stats.agreement.by_annotator.leave_one_out` if everybody labels everything.

    Args:
        counts: (I, C) labels per item; items with one label do not count.
        name: whose labels; keys the bootstrap.
        resampling: draws the items.
        n_unparsed: labels that are missing.
    """
    n_labels = counts.sum(axis=1)
    agreed = np.zeros(len(counts))
    for own in range(counts.shape[1]):
        others = counts.copy()
        others[:, own] -= 1
        is_mode = others == others.max(axis=1, keepdims=True)
        agreed += counts[:, own] * is_mode[:, own] / is_mode.sum(axis=1)
    is_used = n_labels >= 2
    return ratio(
        np.where(is_used, agreed, 0.0),
        np.where(is_used, n_labels, 0.0),
        purpose=f"leave-one-out of {name}",
        resampling=resampling,
        n_unparsed=n_unparsed,
        nothing=_NOT_TWO,
    )


def mean_agreement_with_each(labels: FloatArray, own: FloatArray, *, name: str, resampling: Resampling) -> Estimate:
    """The agreement of one annotator with each of several others on their common items, averaged over these.

    Args:
        labels: (I, A) of the others, NaN = no label.
        own: (I,) of the one annotator.
        name: whose labels; keys the bootstrap.
        resampling: draws the items.
    """
    both = np.isfinite(labels) & np.isfinite(own)[:, None]
    return mean_of_ratios(
        (both & (labels == own[:, None])).astype(np.float64),
        both.astype(np.float64),
        purpose=f"agreement with each of {name}",
        resampling=resampling,
        n_unparsed=int(np.isnan(own).sum()),
        nothing=_NO_COMMON,
    )


def _pair_agreement(
    equal: FloatArray,
    n_pairs: FloatArray,
    n_decided: FloatArray,
    with_tie: FloatArray,
    name: str,
    resampling: Resampling,
    n_unparsed: int,
    nothing: str,
) -> PairAgreement:
    def share(part: FloatArray, whole: FloatArray, kind: str, reason: str) -> Estimate:
        return ratio(
            part,
            whole,
            purpose=f"{kind} of {name}",
            resampling=resampling,
            n_unparsed=n_unparsed,
            nothing=reason,
        )

    is_any = bool((n_pairs > 0).any())
    return PairAgreement(
        s1=share(equal.sum(axis=1), n_pairs, "s1", nothing),
        s2=share(equal[:, 1:].sum(axis=1), n_decided, "s2", _ALL_TIES if is_any else nothing),
        relaxed=share(equal.sum(axis=1) + with_tie / 2, n_pairs, "relaxed", nothing),
    )


def _pairs(counts: FloatArray) -> FloatArray:
    n = counts.sum(axis=1)
    pairs: FloatArray = n * (n - 1) / 2
    return pairs


def _check(counts: FloatArray) -> None:
    if counts.ndim != 2 or counts.shape[1] != len(CLASSES):
        raise ValueError(f"expected counts of tie, first and second, (I, 3); got the shape {counts.shape}")
