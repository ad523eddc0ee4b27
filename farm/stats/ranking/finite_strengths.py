"""Which models have a finite Bradley-Terry strength, and which cannot be placed and why.

The likelihood has a finite maximum exactly when the graph "has won against or tied with" is strongly connected (Ford
1957). Groups of models that never meet are a case of their own: they are named.
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from farm.stats.bootstrap import FloatArray
from farm.stats.ranking.pair_counts import BoolArray, IntArray, PairCounts, Pairs, components
from farm.wording import listed

MAX_NAMED = 12
"""Models that a message spells out."""


def disconnected(models: Sequence[str], pairs: Pairs) -> str:
    """The groups of models that never meet, named; empty if all are linked."""
    groups = components(pairs)
    if len(groups) == 1:
        return ""
    named = " | ".join(listed([models[k] for k in group], MAX_NAMED) for group in groups[:MAX_NAMED])
    more = f" | and {len(groups) - MAX_NAMED} more groups" if len(groups) > MAX_NAMED else ""
    return (
        f"the comparisons fall apart into {len(groups)} groups of models that never meet, so that no ranking covers "
        f"them all: {named}{more}; rank each group by itself, or add comparisons between them"
    )


def one_sided(models: Sequence[str], pairs: Pairs, counts: PairCounts) -> str:
    """Who wins or loses everything, or else who never loses to the others; empty if all strengths are finite.

    Args:
        models: their names.
        pairs: the pairs that met, in one group (`disconnected`).
        counts: (1, E).
    """
    graph = _won_graph(pairs, counts)
    n_groups, group = sparse.csgraph.connected_components(graph, directed=True, connection="strong")
    if n_groups == 1:
        return ""
    won, lost = (_model_totals(pairs, counts, is_won=is_won) for is_won in (True, False))
    parts = []
    for chosen, verb in (((lost == 0) & (won > 0), "win"), ((won == 0) & (lost > 0), "lose")):
        names = _chosen(models, chosen)
        if names:
            parts.append(f"{listed(names, MAX_NAMED)} {verb}{'s' if len(names) == 1 else ''} every comparison")
    if not parts:
        heads, tails = graph.nonzero()
        is_between = group[heads] != group[tails]
        top = np.setdiff1d(group[heads[is_between]], group[tails[is_between]])[0]
        names = _chosen(models, group == top)
        parts.append(f"{listed(names, MAX_NAMED)} win every comparison with the others")
    return "; ".join(parts)


def strength_limits(pairs: Pairs, counts: PairCounts) -> FloatArray:
    """(R, M) 0 for models whose strength is finite beside the most compared model's, else inf, -inf or NaN.

    Args:
        pairs: the pairs that met.
        counts: (R, E).
    """
    start = ((counts.wins + counts.losses) @ pairs.to_both).argmax(axis=1)
    won, lost = counts.wins > 0, counts.losses > 0
    beaten, beating = _reached(pairs, start, won, lost), _reached(pairs, start, lost, won)
    return np.select([beaten & beating, beating, beaten], [0.0, np.inf, -np.inf], default=np.nan)


def _won_graph(pairs: Pairs, counts: PairCounts) -> sparse.csr_array:
    """Edge from each model to those it won against or tied with."""
    won, lost = counts.wins[0] > 0, counts.losses[0] > 0
    heads, tails = np.r_[pairs.first[won], pairs.second[lost]], np.r_[pairs.second[won], pairs.first[lost]]
    return sparse.csr_array((np.ones(len(heads)), (heads, tails)), shape=(pairs.n_models, pairs.n_models))


def _reached(pairs: Pairs, start: IntArray, forth: BoolArray, back: BoolArray) -> BoolArray:
    """(R, M) the models to which a path leads in each row's graph, by breadth-first search in all rows at once.

    Args:
        pairs: the possible edges.
        start: (R,) where the paths begin.
        forth: (R, E) whether there is an edge from the pair's first model to its second.
        back: (R, E) whether there is one from the second to the first.
    """
    reached = np.zeros((len(start), pairs.n_models), dtype=np.bool_)
    reached[np.arange(len(start)), start] = True
    n_before = 0
    while n_before < (n_reached := int(reached.sum())) < reached.size:
        n_before = n_reached
        reached |= (reached[:, pairs.first] & forth) @ pairs.to_second > 0
        reached |= (reached[:, pairs.second] & back) @ pairs.to_first > 0
    return reached


def _model_totals(pairs: Pairs, counts: PairCounts, *, is_won: bool) -> FloatArray:
    first, second = (counts.wins[0], counts.losses[0]) if is_won else (counts.losses[0], counts.wins[0])
    totals: FloatArray = first @ pairs.to_first + second @ pairs.to_second
    return totals


def _chosen(models: Sequence[str], is_chosen: BoolArray) -> list[str]:
    return [model for model, is_in in zip(models, is_chosen, strict=True) if is_in]
