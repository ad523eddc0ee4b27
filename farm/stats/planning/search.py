"""The smallest measurement that answers the question, and what a budget buys.

The closed form says where to look; what is reported is the simulation's own answer, with its Monte Carlo error, and the
closed form beside it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from farm.stats.planning.model import (
    Design,
    LabelSource,
    Question,
    closed_form_confidence,
    closed_form_items,
    highest_confidence,
)
from farm.stats.planning.simulation import SimulatedConfidence, simulated_confidence
from farm.wording import counted

GRID_POINTS = 240
"""Numbers of instructions looked at between a third and twice of the closed form's answer: steps of 0.75%."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """What may be varied, and how carefully it is simulated."""

    confidence: float
    """To be reached; above 1/2 and below 1."""
    labels_per_comparison: tuple[int, ...]
    """Numbers to choose from."""
    max_items: int
    """Instructions that there are."""
    usd_per_training_run: float
    """US dollars."""
    n_simulations: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class DesignCost:
    """What a design costs."""

    n_comparisons: int
    n_labels: int
    usd: float
    """Labels and training runs."""
    usd_training: float
    """Training runs alone."""
    hours: float
    """Of labelling."""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """How sure a design makes the order."""

    confidence: float
    """Share of the simulations."""
    standard_error: float
    """Of the simulation."""
    closed_form: float
    """The normal approximation."""


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


@dataclass(frozen=True, kw_only=True)
class BudgetPoint:
    """What an amount of money buys from one source."""

    source: str
    n_seeds: int
    usd: float
    """The budget, for labels alone."""
    design: Design | None
    """None if it does not pay for one label of each comparison on one instruction."""
    reached: Reached | None
    cost: DesignCost | None
    is_all_items: bool
    """Whether the instructions ran out before the money."""


def cost_of(question: Question, source: LabelSource, design: Design, *, usd_per_training_run: float) -> DesignCost:
    """Labels at the source's price, and two methods' training runs."""
    n_labels = design.n_labels(question)
    usd_training = 2 * design.n_seeds * usd_per_training_run
    return DesignCost(
        n_comparisons=n_labels // design.labels_per_comparison,
        n_labels=n_labels,
        usd=n_labels * source.usd_per_1000_labels / 1000 + usd_training,
        usd_training=usd_training,
        hours=n_labels * source.hours_per_1000_labels / 1000,
    )


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
    return _simulated(question, source, best, smallest, search)


def budget_points(
    question: Question,
    name: str,
    source: LabelSource,
    n_seeds: int,
    budgets_usd: Sequence[float],
    search: Search,
) -> list[BudgetPoint]:
    """What each budget buys with the most annotators that the source has, by the best number of labels per comparison.

    Args:
        question: what is asked.
        name: of the source.
        source: who labels.
        n_seeds: training runs of each method.
        budgets_usd: US dollars, for labels alone.
        search: limits.
    """
    chosen = [_affordable(question, source, n_seeds, usd, search) for usd in budgets_usd]
    simulated: dict[Design, Reached] = {}
    kinds = sorted({each.labels_per_comparison for each in chosen if each is not None})
    for labels in kinds:
        designs = sorted(
            {each for each in chosen if each is not None and each.labels_per_comparison == labels},
            key=lambda each: each.n_items,
        )
        share = simulated_confidence(
            question,
            source,
            designs[0],
            [each.n_items for each in designs],
            n_simulations=search.n_simulations,
            seed=search.seed,
        )
        for index, each in enumerate(designs):
            simulated[each] = _reached(question, source, each, share, index)
    return [
        BudgetPoint(
            source=name,
            n_seeds=n_seeds,
            usd=usd,
            design=each,
            reached=None if each is None else simulated[each],
            cost=None if each is None else cost_of(question, source, each, usd_per_training_run=0.0),
            is_all_items=each is not None and each.n_items == search.max_items,
        )
        for usd, each in zip(budgets_usd, chosen, strict=True)
    ]


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


def _simulated(
    question: Question, source: LabelSource, best: _Candidate, smallest: SmallestDesign, search: Search
) -> SmallestDesign:
    """Look for the crossing around the closed form's answer, further away where it is not there."""
    low, top = max(1.0, best.n_items / 3), min(float(search.max_items), max(best.n_items * 2, 4.0))
    while True:
        grid = np.unique(np.geomspace(low, top, GRID_POINTS).round().astype(int))
        share = simulated_confidence(
            question,
            source,
            best.design,
            [int(n) for n in grid],
            n_simulations=search.n_simulations,
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
        reached=_reached(question, source, design, share, crossing),
        cost=cost_of(question, source, design, usd_per_training_run=search.usd_per_training_run),
    )


def _crossing(curve: np.ndarray[tuple[int], np.dtype[np.float64]], level: float) -> int | None:
    """The first index from which the curve never falls below the level again; None if its last value is below."""
    below = np.flatnonzero(curve < level)
    first = int(below[-1]) + 1 if len(below) else 0
    return first if first < len(curve) else None


def _affordable(question: Question, source: LabelSource, n_seeds: int, usd: float, search: Search) -> Design | None:
    """The design of the highest confidence that the budget pays for."""
    n_labels = usd * 1000 / source.usd_per_1000_labels if source.usd_per_1000_labels > 0 else math.inf
    designs = []
    for labels in search.labels_per_comparison:
        base = Design(n_seeds=n_seeds, n_annotators=max(source.n_annotators), n_items=1, labels_per_comparison=labels)
        n_items = min(search.max_items, n_labels // base.n_labels(question))
        if n_items >= 1 and labels <= base.n_annotators:
            designs.append(replace(base, n_items=int(n_items)))
    return max(designs, key=lambda each: closed_form_confidence(question, source, each), default=None)


def _reached(
    question: Question, source: LabelSource, design: Design, share: SimulatedConfidence, index: int
) -> Reached:
    return Reached(
        confidence=float(share.confidence[index]),
        standard_error=float(share.standard_error[index]),
        closed_form=closed_form_confidence(question, source, design),
    )
