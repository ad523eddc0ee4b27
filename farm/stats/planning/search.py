"""The smallest measurement that answers the question.

The instructions that are needed are the closed form's, and a simulation of just that design stands beside them. Where
the two differ by more than two standard errors of the simulation, and still do with more simulations, the normal
approximation is not good enough (few instructions, large shifts): then the simulations' own crossing counts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from farm.stats.planning.designs import DesignCost, Reached, Search, cost_of, reached_by
from farm.stats.planning.model import (
    Design,
    LabelSource,
    Question,
    closed_form_items,
    highest_confidence,
)
from farm.stats.planning.simulation import simulated_confidence
from farm.wording import counted

MORE_SIMULATIONS = 4
"""Times as many simulations decide where the first ones contradict the closed form."""
_ROUNDING = 1e-6
"""Of an instruction."""
_COIN = 0.5
"""The confidence that no instruction is needed for."""
GRID_POINTS = 240
"""Numbers of instructions looked at between a third and twice of the closed form's answer: steps of 0.75%."""


@dataclass(frozen=True, kw_only=True)
class SmallestDesign:
    """The least that one source needs with given numbers of seeds and annotators."""

    source: str
    n_seeds: int
    n_annotators: int
    design: Design | None
    """None if no design within the limits reaches the confidence; `reason` says why."""
    n_items_low: int | None
    """Instructions needed if the simulation errs by two of its standard errors one way; None without a design ..."""
    n_items_high: int | None
    """... and the other; None if more than there are."""
    reached: Reached | None
    cost: DesignCost | None
    ceiling: float
    """The confidence that no number of instructions exceeds."""
    reason: str = ""


def smallest_design(
    question: Question, name: str, source: LabelSource, n_seeds: int, n_annotators: int, search: Search
) -> SmallestDesign:
    """The fewest labels that reach the confidence.

    Args:
        question: what is asked.
        name: of the source.
        source: who labels.
        n_seeds: training runs of each method.
        n_annotators: of the source's.
        search: limits; the numbers of labels per comparison are tried in the closed form.
    """
    base = Design(n_seeds=n_seeds, n_annotators=n_annotators, n_items=1, labels_per_comparison=1)
    smallest = SmallestDesign(
        source=name,
        n_seeds=n_seeds,
        n_annotators=n_annotators,
        design=None,
        n_items_low=None,
        n_items_high=None,
        reached=None,
        cost=None,
        ceiling=highest_confidence(question, source, base),
    )
    candidates = _candidates(question, source, base, search)
    possible = [each for each in candidates if each.n_items <= search.max_items]
    if not possible:
        return replace(smallest, reason=_why_not(smallest, candidates, search))
    best = min(possible, key=lambda each: (each.n_items * each.design.labels_per_comparison, each.n_items))
    return _checked(question, source, best, smallest, search)


def not_more_for_more(
    question: Question, source: LabelSource, rows: Sequence[SmallestDesign], search: Search
) -> list[SmallestDesign]:
    """Designs that differ in their annotators alone, without the simulations' scatter: more of them never need more.

    Args:
        question: what is asked.
        source: who labels.
        rows: of one number of seeds, in any order.
        search: limits.
    """
    fewest: dict[int, SmallestDesign] = {}
    kept: dict[int, SmallestDesign] = {}
    for row in sorted(rows, key=lambda each: each.n_annotators):
        design = row.design
        known = None if design is None else fewest.get(design.labels_per_comparison)
        if design is not None and known is not None and known.design and known.design.n_items < design.n_items:
            design = replace(design, n_items=known.design.n_items)
            share = simulated_confidence(
                question, source, design, [design.n_items], n_simulations=search.n_simulations, seed=search.seed
            )
            row = replace(
                row,
                design=design,
                n_items_low=min(row.n_items_low or design.n_items, design.n_items),
                reached=reached_by(question, source, design, share, 0),
                cost=cost_of(question, source, design, usd_per_training_run=search.usd_per_training_run),
            )
        kept[row.n_annotators] = row
        if design is not None:
            fewest[design.labels_per_comparison] = row
    return [kept[row.n_annotators] for row in rows]


class _Candidate(NamedTuple):
    """A number of labels per comparison, and the instructions that the closed form asks for."""

    n_items: float
    design: Design


def _candidates(question: Question, source: LabelSource, base: Design, search: Search) -> list[_Candidate]:
    """The closed form's instructions for each possible number of labels per comparison."""
    candidates = []
    for labels in search.labels_per_comparison:
        design = replace(base, labels_per_comparison=labels)
        n_items = closed_form_items(question, source, design, search.confidence)
        if labels <= base.n_annotators and n_items is not None:
            candidates.append(_Candidate(n_items, design))
    return candidates


def _why_not(smallest: SmallestDesign, candidates: Sequence[_Candidate], search: Search) -> str:
    if min(search.labels_per_comparison) > smallest.n_annotators:
        return (
            f"{min(search.labels_per_comparison)} labels per comparison need as many annotators, "
            f"there are {smallest.n_annotators}"
        )
    if not candidates:
        return (
            f"never: with {counted(smallest.n_seeds, 'seed')} and {counted(smallest.n_annotators, 'annotator')} "
            f"confidence cannot exceed {math.floor(smallest.ceiling * 1000) / 1000:.3f}"
        )
    least = min(each.n_items for each in candidates)
    return f"needs about {math.ceil(least):,} instructions, more than max_items = {search.max_items:,}"


def _checked(
    question: Question, source: LabelSource, best: _Candidate, smallest: SmallestDesign, search: Search
) -> SmallestDesign:
    """The closed form's instructions where simulations do not contradict it, else where these cross the confidence.

    The closed form is smooth, so that more annotators or seeds never need more; simulations alone scatter about it.
    """
    n_items = math.ceil(best.n_items - _ROUNDING)
    design = replace(best.design, n_items=n_items)
    for n_simulations in (search.n_simulations, MORE_SIMULATIONS * search.n_simulations):
        share = simulated_confidence(question, source, design, [n_items], n_simulations=n_simulations, seed=search.seed)
        reached = reached_by(question, source, design, share, 0)
        off, reach = reached.confidence - reached.closed_form, 2 * reached.standard_error
        if abs(off) <= reach:
            low, high = (_items_at(question, source, design, search.confidence - off + s * reach) for s in (-1, 1))
            return replace(
                smallest,
                design=design,
                n_items_low=min(n_items, math.floor(low)) if low is not None else n_items,
                n_items_high=None if high is None or high > search.max_items else max(n_items, math.ceil(high)),
                reached=reached,
                cost=cost_of(question, source, design, usd_per_training_run=search.usd_per_training_run),
            )
    return _searched(question, source, best, smallest, search)


def _items_at(question: Question, source: LabelSource, design: Design, confidence: float) -> float | None:
    """Where the closed form reaches a confidence; 1 for half and less."""
    if confidence <= _COIN:
        return 1.0
    return None if confidence >= 1 else closed_form_items(question, source, design, confidence)


def _searched(
    question: Question, source: LabelSource, best: _Candidate, smallest: SmallestDesign, search: Search
) -> SmallestDesign:
    """Look for the simulations' crossing around the closed form's answer, further away where it is not there."""
    low, top = max(1.0, best.n_items / 3), min(float(search.max_items), max(best.n_items * 2, 4.0))
    while True:
        grid = np.unique(np.geomspace(low, top, GRID_POINTS).round().astype(int))
        share = simulated_confidence(
            question,
            source,
            best.design,
            [int(n) for n in grid],
            n_simulations=MORE_SIMULATIONS * search.n_simulations,
            seed=search.seed,
        )
        crossing = _crossing(share.confidence, search.confidence)
        if crossing == 0 and low > 1:
            low = max(1.0, low / 4)
        elif crossing is None and top < search.max_items:
            top = min(float(search.max_items), top * 2)
        else:
            break
    if crossing is None:
        return replace(
            smallest,
            reason=f"needs more than max_items = {search.max_items:,} instructions: there the simulation reaches "
            f"{share.confidence[-1]:.3f} +- {share.standard_error[-1]:.3f}",
        )
    low_at = _crossing(share.confidence + 2 * share.standard_error, search.confidence)
    assert low_at is not None
    high_at = _crossing(share.confidence - 2 * share.standard_error, search.confidence)
    design = replace(best.design, n_items=int(grid[crossing]))
    return replace(
        smallest,
        design=design,
        n_items_low=int(grid[low_at]),
        n_items_high=None if high_at is None else int(grid[high_at]),
        reached=reached_by(question, source, design, share, crossing),
        cost=cost_of(question, source, design, usd_per_training_run=search.usd_per_training_run),
    )


def _crossing(curve: np.ndarray[tuple[int], np.dtype[np.float64]], level: float) -> int | None:
    """The first index from which the curve never falls below the level again; None if its last value is below."""
    below = np.flatnonzero(curve < level)
    first = int(below[-1]) + 1 if len(below) else 0
    return first if first < len(curve) else None
