"""The resamples of a ranking's comparisons where clusters of them, such as the pairs of one instruction, are drawn."""

from collections.abc import Iterator

from farm.stats.bootstrap import Resampling
from farm.stats.ranking.pair_counts import ClusterCounts, PairCounts, drawn_weights

CHUNK_BYTES = 2**26
"""Weights, and counts of pairs, held at once while resampling."""


def cluster_resamples(counts: ClusterCounts, *, resampling: Resampling) -> Iterator[PairCounts]:
    """Counts with clusters drawn n out of n, in portions; the same seed draws the same clusters in every table."""
    rng, n_resamples = resampling.rng("ranking bootstrap", "clusters"), resampling.n_resamples
    n = counts.n_clusters
    n_at_once = max(1, CHUNK_BYTES // (8 * max(n, 3 * counts.pairs.n_pairs, 1)))
    for low in range(0, n_resamples, n_at_once):
        yield counts.under(drawn_weights(n, n, min(n_at_once, n_resamples - low), rng))
