"""The consensus of several annotators, and its resampling: clusters of items and annotators are both drawn.

The consensus of an item is the most frequent of its labels, a tie where several are equally frequent. In a table with
grades it is their mean instead, of plain labels in it too: of 1.1 and 1.2 neither is the more frequent one, and what a
grade says beyond its side of the tie would be lost.

Clusters are drawn n out of n and annotators A out of A, each independently of the other. In every resample the
consensus of an item is that of the annotators that were drawn, and the item counts as often as its annotators were
drawn on average: not at all where none of them was.
Drawing both at once errs on the wide side (Owen 2007), few annotators on the narrow one. (A - 1 out of A, as training
seeds are drawn, would leave two of three annotators, and every disagreement between them a tie.) A single annotator
cannot be resampled: the interval then says nothing about other annotators.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from farm.stats.agreement.by_annotator import is_plain, majority
from farm.stats.bootstrap import FloatArray, Resampling
from farm.stats.ranking.pair_counts import ComparisonTable, PairCounts, drawn_weights, pairs_of, place_of

CHUNK_CELLS = 2**21
"""Item x resample cells held at once; about ten arrays of this size are alive."""
_SAME = 1e-9
"""A mean that differs from the tie by rounding only is one."""


@dataclass(frozen=True, kw_only=True)
class Votes:
    """What A annotators said about I items."""

    labels: FloatArray
    """(I, A) 1 = output_1 better, 2 = output_2, 1.5 = tie, between: graded, NaN = no label."""


def consensus(labels: FloatArray) -> FloatArray:
    """The label that annotators give an item together: the most frequent one, or in a table with grades the mean.

    Args:
        labels: (I, A) from 1 to 2, NaN = no label.

    Returns:
        (I,); NaN where nobody labelled the item.
    """
    if is_plain(labels):
        return majority(labels)
    n_labels = np.isfinite(labels).sum(axis=1)
    mean = np.nansum(labels, axis=1) / np.where(n_labels > 0, n_labels, np.nan)
    return np.where(abs(mean - 1.5) < _SAME, 1.5, mean)


def consensus_resamples(
    comparisons: ComparisonTable, votes: Votes, *, name: str, resampling: Resampling
) -> Iterator[PairCounts]:
    """Counts of the consensus under resampling, in portions.

    Args:
        comparisons: one per item, scored by the consensus of all annotators.
        votes: the labels behind it, item by item.
        name: whose annotators these are; two groups are drawn independently.
        resampling: draws both; the same seed draws the same clusters in every table.
    """
    pairs = pairs_of(comparisons)
    kept = np.flatnonzero(np.isfinite(comparisons.scores))
    first, second, cluster = comparisons.first[kept], comparisons.second[kept], comparisons.clusters[kept]
    cells = (np.arange(len(kept)), place_of(pairs, first, second))
    to_pair = sparse.csr_array((np.ones(len(kept)), cells), shape=(len(kept), pairs.n_pairs))
    drawn_consensus = _drawn_consensus(votes.labels[kept])
    n_clusters, n_annotators = int(comparisons.clusters.max()) + 1, votes.labels.shape[1]
    n_resamples, rng = resampling.n_resamples, resampling.rng("ranking bootstrap", "clusters")
    annotator_rng = resampling.rng("ranking bootstrap", f"{name} annotators")
    drawn_annotators = drawn_weights(n_annotators, n_annotators, n_resamples, annotator_rng)
    n_labels = np.isfinite(votes.labels[kept]).sum(axis=1, keepdims=True)
    n_at_once = max(1, CHUNK_CELLS // max(len(kept), n_clusters))
    for low in range(0, n_resamples, n_at_once):
        weights = drawn_weights(n_clusters, n_clusters, min(n_at_once, n_resamples - low), rng)
        annotators = drawn_annotators[low : low + n_at_once]
        drawn = drawn_consensus(annotators)
        score = np.where((first < second)[:, None], drawn.scores, 1 - drawn.scores)
        weight = weights.T[cluster] * drawn.n_labels / n_labels
        yield PairCounts(
            wins=np.asarray(to_pair.T @ (weight * score)).T,
            losses=np.asarray(to_pair.T @ (weight * (1 - score))).T,
            whole_wins=np.asarray(to_pair.T @ (weight * (score > 0.5))).T,
            ties=np.asarray(to_pair.T @ (weight * (score == 0.5))).T,
        )


class _Drawn(NamedTuple):
    """I items under R draws of their annotators, (I, R) each."""

    scores: FloatArray
    """Of output_1, by the consensus of those who were drawn."""
    n_labels: FloatArray
    """Labels drawn; where there are none the score means nothing."""


def _drawn_consensus(labels: FloatArray) -> Callable[[FloatArray], _Drawn]:
    """The consensus (`consensus`) of labels (I, A) as a function of how often each annotator was drawn, (R, A)."""
    if is_plain(labels):
        by_class = [sparse.csr_array((labels == label).astype(np.float64)) for label in (1.0, 1.5, 2.0)]

        def most_frequent(annotators: FloatArray) -> _Drawn:
            first, tie, second = (np.asarray(table @ annotators.T) for table in by_class)
            score = np.full(first.shape, 0.5)
            score[(first > tie) & (first > second)] = 1.0
            score[(second > tie) & (second > first)] = 0.0
            return _Drawn(score, first + tie + second)

        return most_frequent
    points = sparse.csr_array(np.nan_to_num(2 - labels))
    is_given = sparse.csr_array(np.isfinite(labels).astype(np.float64))

    def mean(annotators: FloatArray) -> _Drawn:
        n_labels = np.asarray(is_given @ annotators.T)
        score = np.asarray(points @ annotators.T) / np.maximum(n_labels, 1)
        return _Drawn(np.where(abs(score - 0.5) < _SAME, 0.5, score), n_labels)

    return mean
