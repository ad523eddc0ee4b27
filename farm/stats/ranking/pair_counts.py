"""Verdicts gathered by cluster and pair of models: what win rates, Bradley-Terry and their bootstrap are computed from.

A cluster is what the bootstrap draws as a whole, such as all pairs of one instruction. A tie gives half a win to each
model; a graded verdict is shared out (0.75 : 0.25). Beside these points whole wins and ties are counted, for
conventions that need them: a graded verdict is then a win of the model on whose side of the tie it lies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from farm.errors import UserError
from farm.stats.bootstrap import FloatArray

IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ComparisonTable:
    """Comparisons as arrays, one entry each; the order of the models is part of the meaning of a score."""

    models: tuple[str, ...]
    """M names, each once."""
    first: IntArray
    """(N,) index of output_1's model."""
    second: IntArray
    """(N,) index of output_2's model."""
    scores: FloatArray
    """(N,) 1 if the first won, 1/2 tie, 0 if the second won, between for graded verdicts; NaN = unparsed."""
    clusters: IntArray
    """(N,) which cluster the comparison belongs to, 0 to C - 1."""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """The pairs of models that met, as indices with first < second."""

    n_models: int
    first: IntArray
    """(E,)"""
    second: IntArray
    """(E,)"""

    @property
    def n_pairs(self) -> int:
        return len(self.first)

    @cached_property
    def to_first(self) -> sparse.csr_array:
        """(E, M): 1 at the pair's first model."""
        return _one_per_row(self.first, self.n_models)

    @cached_property
    def to_second(self) -> sparse.csr_array:
        """(E, M): 1 at the pair's second model."""
        return _one_per_row(self.second, self.n_models)

    @cached_property
    def to_both(self) -> sparse.csr_array:
        """(E, M): 1 at each of the pair's models."""
        both: sparse.csr_array = self.to_first + self.to_second
        return both


@dataclass(frozen=True, kw_only=True)
class PairCounts:
    """How the pairs fared, (R, E) each: one row per resample."""

    wins: FloatArray
    """Points of the pair's first model: a tie counts one half, a graded verdict its share."""
    losses: FloatArray
    """Points of the second."""
    whole_wins: FloatArray
    """Verdicts on the side of the first model."""
    ties: FloatArray

    @property
    def whole_losses(self) -> FloatArray:
        """Verdicts on the side of the second model."""
        return self.wins + self.losses - self.ties - self.whole_wins

    def between(self, is_counted: BoolArray) -> "PairCounts":
        """The same with nothing between pairs that do not count, (R, E)."""
        return PairCounts(
            wins=self.wins * is_counted,
            losses=self.losses * is_counted,
            whole_wins=self.whole_wins * is_counted,
            ties=self.ties * is_counted,
        )

    def of_rows(self, rows: IntArray | BoolArray) -> "PairCounts":
        """Some of the resamples."""
        return PairCounts(
            wins=self.wins[rows],
            losses=self.losses[rows],
            whole_wins=self.whole_wins[rows],
            ties=self.ties[rows],
        )


def comparisons_of(
    first: Sequence[str], second: Sequence[str], scores: Sequence[float] | FloatArray, clusters: Sequence[str]
) -> ComparisonTable:
    """Index names and clusters; models in alphabetical order, clusters in the order of their names.

    Raises:
        UserError: a model is compared with itself, or a score lies outside [0, 1].
        ValueError: lengths differ.
    """
    score = np.asarray(scores, dtype=np.float64)
    if not len(first) == len(second) == len(score) == len(clusters):
        raise ValueError(
            f"one entry per comparison expected, got {len(first)}, {len(second)}, {len(score)} and {len(clusters)}"
        )
    outside = score[np.isfinite(score) & ((score < 0) | (score > 1))]
    if outside.size:
        raise UserError(f"scores must lie in [0, 1] (1 win, 0.5 tie, 0 loss); {outside.size} do not, e.g. {outside[0]}")
    models, index = np.unique(np.r_[np.asarray(first, dtype=str), np.asarray(second, dtype=str)], return_inverse=True)
    of_first, of_second = index[: len(first)], index[len(first) :]
    is_itself = of_first == of_second
    if is_itself.any():
        name = models[of_first[is_itself][0]]
        raise UserError(
            f"{int(is_itself.sum())} comparisons pit a model against itself, e.g. {str(name)!r}; "
            "they say nothing about a ranking: leave them out"
        )
    # Not numpy's unique: its array of texts takes four bytes for each character of the longest name.
    cluster, _ = pd.factorize(np.asarray(clusters, dtype=object), sort=True)
    return ComparisonTable(
        models=tuple(str(m) for m in models),
        first=of_first,
        second=of_second,
        scores=score,
        clusters=cluster.astype(np.intp),
    )


def pairs_of(comparisons: ComparisonTable) -> Pairs:
    """The pairs of models with at least one parsed verdict."""
    parsed = np.isfinite(comparisons.scores)
    low, high = (f(comparisons.first, comparisons.second)[parsed] for f in (np.minimum, np.maximum))
    n_models = len(comparisons.models)
    met = np.unique(low * n_models + high)
    return Pairs(n_models=n_models, first=met // n_models, second=met % n_models)


class ClusterCounts:
    """Pair counts under any weights of the clusters, from one sparse table (C, 4E)."""

    def __init__(self, comparisons: ComparisonTable) -> None:
        self.pairs = pairs_of(comparisons)
        self.n_clusters = int(comparisons.clusters.max()) + 1 if len(comparisons.clusters) else 0
        parsed = np.isfinite(comparisons.scores)
        score, cluster = comparisons.scores[parsed], comparisons.clusters[parsed]
        first, second = comparisons.first[parsed], comparisons.second[parsed]
        won = np.where(first < second, score, 1 - score)
        column = place_of(self.pairs, first, second)
        n = self.pairs.n_pairs
        values = np.concatenate([won, 1 - won, won > 0.5, won == 0.5])
        cells = (np.tile(cluster, 4), np.concatenate([column + k * n for k in range(4)]))
        self._table = sparse.csr_array((values, cells), shape=(self.n_clusters, 4 * n))

    def under(self, weights: FloatArray) -> PairCounts:
        """Counts with each cluster taken as often as its weight, (R, C) -> (R, E) each."""
        wins, losses, whole_wins, ties = np.split(np.asarray((self._table.T @ weights.T).T), 4, axis=1)
        return PairCounts(wins=wins, losses=losses, whole_wins=whole_wins, ties=ties)

    def observed(self) -> PairCounts:
        """Counts of the data themselves, (1, E) each."""
        return self.under(np.ones((1, self.n_clusters)))


def place_of(pairs: Pairs, first: IntArray, second: IntArray) -> IntArray:
    """Which of the pairs each two models are, whatever their order."""
    code = np.minimum(first, second) * pairs.n_models + np.maximum(first, second)
    return np.asarray(np.searchsorted(pairs.first * pairs.n_models + pairs.second, code), dtype=np.intp)


def drawn_weights(n_clusters: int, n_draws: int, n_resamples: int, rng: np.random.Generator) -> FloatArray:
    """How often each cluster was drawn, (R, C). By counting indices: a multinomial is ten times slower for large C."""
    weights = np.empty((n_resamples, n_clusters))
    for row in range(n_resamples):
        weights[row] = np.bincount(rng.integers(0, n_clusters, n_draws), minlength=n_clusters)
    return weights


def components(pairs: Pairs) -> list[IntArray]:
    """The groups of models that are linked by comparisons, the largest first."""
    cells = (np.ones(pairs.n_pairs), (pairs.first, pairs.second))
    graph = sparse.csr_array(cells, shape=(pairs.n_models, pairs.n_models))
    n_groups, group = sparse.csgraph.connected_components(graph, directed=False)
    groups = [np.flatnonzero(group == g) for g in range(n_groups)]
    return sorted(groups, key=lambda members: (-len(members), int(members[0])))


def _one_per_row(columns: IntArray, n_columns: int) -> sparse.csr_array:
    rows = np.arange(len(columns))
    return sparse.csr_array((np.ones(len(columns)), (rows, columns)), shape=(len(columns), n_columns))
