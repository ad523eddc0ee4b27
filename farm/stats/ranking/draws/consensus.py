"""The labels of several annotators, and their resampling: clusters of items and annotators are both drawn.

The consensus of an item is the most frequent of its labels, a tie where several are equally frequent. In a table with
grades it is their mean instead, of plain labels in it too: of 1.1 and 1.2 neither is the more frequent one, and what a
grade says beyond its side of the tie would be lost.

Clusters are drawn n out of n and annotators A out of A, each independently of the other, annotators within groups that
can stand for each other (`farm.stats.ranking.draws.annotators`). In every resample the consensus of an item is that of
the annotators that were drawn, and the item counts as often as its annotators were drawn on average: not at all where
none of them was. Pooled votes have no consensus: every label counts as often as its annotator and its cluster.
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
from farm.stats.ranking.draws.annotators import draw_annotators, judged
from farm.stats.ranking.pair_counts import (
    BoolArray,
    ComparisonTable,
    IntArray,
    PairCounts,
    drawn_weights,
    pairs_of,
    place_of,
)

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


def label_resamples(
    comparisons: ComparisonTable, votes: Votes, *, is_pooled: bool, name: str, resampling: Resampling
) -> "LabelResamples":
    """Counts of several annotators' labels under resampling.

    Args:
        comparisons: one per item, scored by the consensus of all annotators.
        votes: the labels behind it, item by item.
        is_pooled: whether every label counts, and not the consensus of an item.
        name: whose annotators these are; two groups are drawn independently.
        resampling: draws both; the same seed draws the same clusters in every table.
    """
    pairs = pairs_of(comparisons)
    kept = np.flatnonzero(np.isfinite(comparisons.scores))
    first, second = comparisons.first[kept], comparisons.second[kept]
    pair = place_of(pairs, first, second)
    annotators = draw_annotators(
        judged(votes.labels[kept], first, second),
        n_resamples=resampling.n_resamples,
        rng=resampling.rng("ranking bootstrap", f"{name} annotators"),
    )
    items = _Items(
        is_in_order=(first < second)[:, None],
        to_pair=sparse.csr_array((np.ones(len(kept)), (np.arange(len(kept)), pair)), shape=(len(kept), pairs.n_pairs)),
        clusters=comparisons.clusters[kept],
        n_clusters=int(comparisons.clusters.max()) + 1,
    )
    points = _drawn_votes(votes.labels[kept]) if is_pooled else _drawn_consensus(votes.labels[kept])
    return LabelResamples(annotators.is_fixed, _portions(items, points, annotators.weights, resampling))


class LabelResamples(NamedTuple):
    """Resampled labels."""

    is_fixed: BoolArray
    """(A,) annotators that are in every resample (`farm.stats.ranking.draws.annotators`)."""
    counts: Iterator[PairCounts]
    """In portions."""


class _Items(NamedTuple):
    """I items with a label."""

    is_in_order: BoolArray
    """(I, 1) whether output_1 is by the pair's first model."""
    to_pair: sparse.csr_array
    """(I, E)"""
    clusters: IntArray
    n_clusters: int


class _Points(NamedTuple):
    """What the labels of I items come to in R resamples, (I, R) each."""

    first: FloatArray
    """Points of output_1."""
    second: FloatArray
    whole_first: FloatArray
    """Verdicts on the side of output_1."""
    whole_second: FloatArray
    ties: FloatArray


_Draw = Callable[[FloatArray, FloatArray], _Points]
"""How often each annotator was drawn, (R, A), and each item's cluster, (I, R) -> what the labels come to."""


def _portions(
    items: _Items, points_of: _Draw, drawn_annotators: FloatArray, resampling: Resampling
) -> Iterator[PairCounts]:
    n_resamples, rng = resampling.n_resamples, resampling.rng("ranking bootstrap", "clusters")
    n_at_once = max(1, CHUNK_CELLS // max(len(items.clusters), items.n_clusters))
    for low in range(0, n_resamples, n_at_once):
        n_drawn = min(n_at_once, n_resamples - low)
        weights = drawn_weights(items.n_clusters, items.n_clusters, n_drawn, rng)
        points = points_of(drawn_annotators[low : low + n_at_once], weights.T[items.clusters])

        def by_pair(same: FloatArray, turned: FloatArray) -> FloatArray:
            return np.asarray(items.to_pair.T @ np.where(items.is_in_order, same, turned)).T

        yield PairCounts(
            wins=by_pair(points.first, points.second),
            losses=by_pair(points.second, points.first),
            whole_wins=by_pair(points.whole_first, points.whole_second),
            ties=by_pair(points.ties, points.ties),
        )


def _drawn_consensus(labels: FloatArray) -> _Draw:
    """The consensus (`consensus`) of labels (I, A); an item counts as often as its annotators on average."""
    score_of = _most_frequent(labels) if is_plain(labels) else _mean(labels)
    n_given = np.isfinite(labels).sum(axis=1, keepdims=True)

    def points(annotators: FloatArray, clusters: FloatArray) -> _Points:
        score, n_labels = score_of(annotators)
        weight = clusters * n_labels / n_given
        return _Points(
            first=weight * score,
            second=weight * (1 - score),
            whole_first=weight * (score > 0.5),
            whole_second=weight * (score < 0.5),
            ties=weight * (score == 0.5),
        )

    return points


def _drawn_votes(labels: FloatArray) -> _Draw:
    """Every label of (I, A), as often as its annotator."""
    scores = 2 - labels
    is_given = np.isfinite(labels)
    tables = [
        sparse.csr_array(np.where(is_given, values, 0.0))
        for values in (scores, 1 - scores, scores > 0.5, scores < 0.5, scores == 0.5)
    ]

    def points(annotators: FloatArray, clusters: FloatArray) -> _Points:
        return _Points(*(clusters * np.asarray(table @ annotators.T) for table in tables))

    return points


class _Scores(NamedTuple):
    """I items under R draws of their annotators, (I, R) each."""

    scores: FloatArray
    """Of output_1, by the consensus of those who were drawn."""
    n_labels: FloatArray
    """Labels drawn; where there are none the score means nothing."""


def _most_frequent(labels: FloatArray) -> Callable[[FloatArray], _Scores]:
    by_class = [sparse.csr_array((labels == label).astype(np.float64)) for label in (1.0, 1.5, 2.0)]

    def drawn(annotators: FloatArray) -> _Scores:
        first, tie, second = (np.asarray(table @ annotators.T) for table in by_class)
        score = np.full(first.shape, 0.5)
        score[(first > tie) & (first > second)] = 1.0
        score[(second > tie) & (second > first)] = 0.0
        return _Scores(score, first + tie + second)

    return drawn


def _mean(labels: FloatArray) -> Callable[[FloatArray], _Scores]:
    points = sparse.csr_array(np.nan_to_num(2 - labels))
    is_given = sparse.csr_array(np.isfinite(labels).astype(np.float64))

    def drawn(annotators: FloatArray) -> _Scores:
        n_labels = np.asarray(is_given @ annotators.T)
        score = np.asarray(points @ annotators.T) / np.maximum(n_labels, 1)
        return _Scores(np.where(abs(score - 0.5) < _SAME, 0.5, score), n_labels)

    return drawn
