"""Which annotators a bootstrap draws, where not everybody judges the same models.

Annotators are drawn A out of A, with replacement, within groups that share models (other than a reference, which is in
every item), directly or through others: only such annotators can stand for each other. Whoever alone judged some model
is in every resample, once, and so is a group of one; what that leaves out of an interval, other annotators of these
models, no data can tell. A draw that would still leave a model without any label is made again.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from farm.stats.bootstrap import FloatArray
from farm.stats.ranking.pair_counts import BoolArray, IntArray, drawn_weights

MAX_TRIES = 100
"""Draws of one resample that lost a model; after so many everybody is taken once."""


@dataclass(frozen=True, kw_only=True)
class AnnotatorDraws:
    """How often each of A annotators was drawn in each of R resamples."""

    weights: FloatArray
    """(R, A)"""
    is_fixed: BoolArray
    """(A,) in every resample, because nobody can stand for them; False of those without a label."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Of which models each of A annotators labelled an output."""

    models: BoolArray
    """(A, M)"""
    is_reference: BoolArray
    """(M,) the model that is part of every item, if there is one: it links nobody."""


def judged(labels: FloatArray, first: IntArray, second: IntArray) -> Judged:
    """What each annotator labelled.

    Args:
        labels: (I, A), NaN = no label.
        first: (I,) the model of output_1.
        second: (I,) the model of output_2.
    """
    n_items, n_models = len(first), int(max(first.max(), second.max())) + 1
    cells = (np.tile(np.arange(n_items), 2), np.concatenate([first, second]))
    holds = sparse.csr_array((np.ones(2 * n_items), cells), shape=(n_items, n_models))
    given = sparse.csr_array(np.isfinite(labels).T.astype(np.float64))
    models = np.asarray((given @ holds).toarray() > 0)
    n_there = int(models.any(axis=0).sum())
    is_everywhere = np.asarray(holds.sum(axis=0)).ravel() == n_items
    return Judged(models=models, is_reference=is_everywhere & (n_there > 2))


def draw_annotators(who: Judged, *, n_resamples: int, rng: np.random.Generator) -> AnnotatorDraws:
    """Draw annotators.

    Args:
        who: which models they judged.
        n_resamples: R.
        rng: the same one gives the same draws.
    """
    is_needed = (who.models & (who.models.sum(axis=0) == 1)[None, :]).any(axis=1)
    weights = np.ones((n_resamples, len(who.models)))
    is_fixed = is_needed.copy()
    for group in _groups(who):
        free = group[~is_needed[group]]
        if len(free) < 2:
            is_fixed[free] = who.models[free].any(axis=1)
            continue
        weights[:, free] = drawn_weights(len(free), len(free), n_resamples, rng)
    _draw_again(weights, who, is_fixed, rng)
    return AnnotatorDraws(weights=weights, is_fixed=is_fixed)


def _draw_again(weights: FloatArray, who: Judged, is_fixed: BoolArray, rng: np.random.Generator) -> None:
    """Replace the draws, in place, in which a model has no label."""
    has_label = who.models[:, who.models.any(axis=0)].astype(np.float64)
    groups = [group[~is_fixed[group]] for group in _groups(who)]
    for _ in range(MAX_TRIES):
        lost = np.flatnonzero((weights @ has_label == 0).any(axis=1))
        if len(lost) == 0:
            return
        for free in groups:
            if len(free):
                weights[np.ix_(lost, free)] = drawn_weights(len(free), len(free), len(lost), rng)
    lost = np.flatnonzero((weights @ has_label == 0).any(axis=1))
    weights[lost] = 1.0


def _groups(who: Judged) -> list[IntArray]:
    """Annotators who are linked by models that they share; whoever labelled nothing is a group of one."""
    n_annotators, n_models = who.models.shape
    annotator, model = np.nonzero(who.models & ~who.is_reference)
    n_nodes = n_annotators + n_models
    graph = sparse.csr_array((np.ones(len(model)), (annotator, n_annotators + model)), shape=(n_nodes, n_nodes))
    _, group = sparse.csgraph.connected_components(graph, directed=False)
    return [np.flatnonzero(group[:n_annotators] == g) for g in np.unique(group[:n_annotators])]
