"""What an amount of money for labels buys."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from farm.stats.planning.designs import DesignCost, Reached, Search, cost_of, reached_by
from farm.stats.planning.model import Design, LabelSource, Question, closed_form_confidence
from farm.stats.planning.simulation import simulated_confidence


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
            simulated[each] = reached_by(question, source, each, share, index)
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
