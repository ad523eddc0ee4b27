"""Resampling a consensus of several annotators: clusters of items and annotators are both drawn.

Clusters are drawn n out of n and annotators A out of A, each independently of the other. In every resample the
consensus of an item is the most frequent label among the annotators that were drawn, a tie where several are equally
frequent, and the item counts as often as its annotators were drawn on average: not at all where none of them was.
Drawing both at once errs on the wide side (Owen 2007), few annotators on the narrow one. (A - 1 out of A, as training
seeds are drawn, would leave two of three annotators, and every disagreement between them a tie.) A single annotator
cannot be resampled: the interval then says nothing about other annotators.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from farm.stats.bootstrap import FloatArray, Resampling
from farm.stats.ranking.pair_counts import ComparisonTable, PairCounts, drawn_weights, pairs_of, place_of

CHUNK_CELLS = 2**21
"""Item x resample cells held at once; about ten arrays of this size are alive."""


@dataclass(frozen=True, kw_only=True)
class Votes:
    """What A annotators said about I items."""

    labels: FloatArray
    """(I, A) 1 = output_1 better, 2 = output_2, 1.5 = tie, NaN = no label."""


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
    by_class = [sparse.csr_array((votes.labels[kept] == label).astype(np.float64)) for label in (1.0, 1.5, 2.0)]
    n_clusters, n_annotators = int(comparisons.clusters.max()) + 1, votes.labels.shape[1]
    n_resamples, rng = resampling.n_resamples, resampling.rng("ranking bootstrap", "clusters")
    annotator_rng = resampling.rng("ranking bootstrap", f"{name} annotators")
    drawn_annotators = drawn_weights(n_annotators, n_annotators, n_resamples, annotator_rng)
    n_labels = np.isfinite(votes.labels[kept]).sum(axis=1, keepdims=True)
    n_at_once = max(1, CHUNK_CELLS // max(len(kept), n_clusters))
    for low in range(0, n_resamples, n_at_once):
        weights = drawn_weights(n_clusters, n_clusters, min(n_at_once, n_resamples - low), rng)
        annotators = drawn_annotators[low : low + n_at_once]
        first_tie_second = [np.asarray(table @ annotators.T) for table in by_class]
        score = _consensus(*first_tie_second)
        score = np.where((first < second)[:, None], score, 1 - score)
        weight = weights.T[cluster] * sum(first_tie_second) / n_labels
        yield PairCounts(
            wins=np.asarray(to_pair.T @ (weight * score)).T,
            losses=np.asarray(to_pair.T @ (weight * (1 - score))).T,
            ties=np.asarray(to_pair.T @ (weight * (score == 0.5))).T,
        )


def _consensus(first: FloatArray, tie: FloatArray, second: FloatArray) -> FloatArray:
    """Score of output_1, (I, R)."""
    score = np.full(first.shape, 0.5)
    score[(first > tie) & (first > second)] = 1.0
    score[(second > tie) & (second > first)] = 0.0
    return score
