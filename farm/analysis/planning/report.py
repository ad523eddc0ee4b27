"""What `farm plan` prints: the smallest designs, what budgets buy, and everything that was assumed."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from farm.reports.page import Block, Bullets, Page, Picture, Section, Table, Text
from farm.reports.text import MISSING, PLAIN, interval, plus_minus
from farm.stats.bootstrap import Estimate
from farm.stats.planning.budgets import BudgetPoint
from farm.stats.planning.designs import Reached, Search
from farm.stats.planning.estimates import SourceEstimates
from farm.stats.planning.model import LabelSource, Question
from farm.stats.planning.search import SmallestDesign
from farm.wording import counted


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What `farm plan` found."""

    question: Question
    search: Search
    sources: dict[str, LabelSource]
    """Source name -> its settings, with what the tables say in place of what is configured."""
    estimates: dict[str, SourceEstimates]
    """Source name -> what the tables say; empty without tables."""
    smallest: tuple[SmallestDesign, ...]
    budgets: tuple[BudgetPoint, ...]
    notes: tuple[str, ...]
    """What was left out or changed when the tables were read."""


PLAN_PNG = "plan.png"
_COMPARED = {
    "paired": "both judged against the reference on the same instructions",
    "unpaired": "both judged against the reference, each on instructions of its own",
    "head_to_head": "judged against each other",
}
_WANTED = {
    "order": "the better one comes out ahead",
    "beyond_noise": "the better one comes out ahead by more than two standard errors",
}


def plan_page(plan: Plan, pictures: Collection[str] = ()) -> Page:
    """The report: the cheapest designs first.

    Args:
        plan: what was found.
        pictures: the names of the PNGs that were drawn.
    """
    cheapest = [row for row in (_cheapest(plan, name) for name in plan.sources) if row is not None]
    answers = [Bullets(lines=tuple(_cheapest_text(row) + _as_cheap(plan, row) for row in cheapest))] if cheapest else []
    drawn = [Picture(file=file, description="Confidence against the price of the labels") for file in pictures]
    budgets = plan.sources.items() if plan.budgets else ()
    return Page(
        title="Plan",
        sections=(
            Section(title="The question", blocks=(*_question_blocks(plan), *answers, *drawn)),
            _smallest_section(plan),
            *(_budget_section(plan, name, source) for name, source in budgets),
            Section(title="What was assumed", blocks=(*_assumptions(plan), _footnotes(plan))),
            *([_notes_section(plan)] if plan.notes else []),
        ),
    )


def _notes_section(plan: Plan) -> Section:
    return Section(title="What was left out", blocks=tuple(Text(text=note) for note in plan.notes))


def _question_blocks(plan: Plan) -> list[Block]:
    question = plan.question
    better, worse = question.rates
    text = (
        f"Two methods have true win rates of {100 * better:.4g}% and {100 * worse:.4g}% against the reference, "
        f"{100 * question.difference:.4g} points apart, and are {_COMPARED[question.design]}. What is needed so that "
        f"{_WANTED[question.criterion]} with probability {plan.search.confidence:g}?"
    )
    seen = [
        f"{name} {100 * _gap(question) * source.kept_by_labels * source.kept_by_verdicts:.2g}"
        for name, source in plan.sources.items()
    ]
    start = "Ties and mistakes shrink what the labels show of it"
    if question.design == "head_to_head":
        rate = 100 * question.head_to_head_rate
        start = f"By Bradley-Terry the better one wins {rate:.1f}% of them. Ties and mistakes shrink the lead over 50%"
    return [Text(text=text), Text(text=f"{start}, in points: {', '.join(seen)}.")]


def _gap(question: Question) -> float:
    return question.head_to_head_rate - 0.5 if question.design == "head_to_head" else question.difference


def _smallest_section(plan: Plan) -> Section:
    cheapest = {name: _cheapest(plan, name) for name in plan.sources}
    rows = tuple(
        (
            f"{row.source} *" if row is cheapest[row.source] else row.source,
            str(row.n_seeds),
            str(row.n_annotators),
            *_design_cells(row),
            PLAIN.text(row.ceiling),
        )
        for row in plan.smallest
    )
    header = (
        "labels by",
        "seeds",
        "annotators",
        "instructions",
        "comparisons",
        "labels each",
        "labels",
        "US$",
        "hours",
    )
    about = (
        "Each seed of each method answers all instructions; labels each: per comparison, by different annotators. "
        "Instructions are those of the closed form, unless simulations contradict it; brackets: what two standard "
        "errors of the simulation leave open. At most: the confidence that no number of instructions exceeds. *: the "
        "least price in the table."
    )
    reasons = tuple(
        f"{row.source}, {counted(row.n_seeds, 'seed')}, {counted(row.n_annotators, 'annotator')}: {row.reason}"
        for row in plan.smallest
        if row.reason
    )
    return Section(
        title="The smallest design for each number of training seeds and annotators",
        blocks=(
            Table(header=(*header, "confidence", "closed form", "at most"), rows=rows),
            Text(text=about),
            *([Bullets(lines=reasons)] if reasons else []),
        ),
    )


def _design_cells(row: SmallestDesign) -> list[str]:
    if row.design is None or row.cost is None or row.reached is None:
        return [MISSING] * 8
    high = "more" if row.n_items_high is None else f"{row.n_items_high:,}"
    return [
        f"{row.design.n_items:,} [{row.n_items_low:,}, {high}]",
        f"{row.cost.n_comparisons:,}",
        str(row.design.labels_per_comparison),
        f"{row.cost.n_labels:,}",
        _money(row.cost.usd),
        _hours(row.cost.hours),
        _simulated(row.reached),
        f"{row.reached.closed_form:.3f}",
    ]


def _cheapest(plan: Plan, name: str) -> SmallestDesign | None:
    """The least price of the table; among equal ones the fewest labels, then seeds and annotators."""
    reached = [row for row in plan.smallest if row.source == name and row.cost is not None]
    return min(reached, key=_price, default=None)


def _price(row: SmallestDesign) -> tuple[float, int, int, int]:
    assert row.cost is not None
    return row.cost.usd, row.cost.n_labels, row.n_seeds, row.n_annotators


def _usd_range(row: SmallestDesign) -> tuple[float, float]:
    """The price at either end of the bracket of instructions; infinite if that is open."""
    assert row.cost is not None and row.design is not None and row.n_items_low is not None
    of_labels, high = row.cost.usd - row.cost.usd_training, row.n_items_high
    low_usd = of_labels * row.n_items_low / row.design.n_items + row.cost.usd_training
    return low_usd, math.inf if high is None else of_labels * high / row.design.n_items + row.cost.usd_training


def _as_cheap(plan: Plan, cheapest: SmallestDesign) -> str:
    """Which other designs could be cheaper, for all that the simulations can tell."""
    _, high = _usd_range(cheapest)
    others = [
        f"{counted(row.n_seeds, 'seed')} with {counted(row.n_annotators, 'annotator')}"
        for row in plan.smallest
        if row.source == cheapest.source and row.cost is not None and row is not cheapest and _usd_range(row)[0] <= high
    ]
    return f"; within the brackets no dearer: {', '.join(others)}" if others else ""


def _cheapest_text(row: SmallestDesign) -> str:
    assert row.cost is not None and row.design is not None
    return (
        f"Cheapest by {row.source} (*): "
        f"{counted(row.n_seeds, 'seed')} of each method, "
        f"{counted(row.n_annotators, 'annotator')}, {counted(row.design.n_items, 'instruction')}, "
        f"{row.cost.n_labels:,} labels, ${_money(row.cost.usd)}, {_hours(row.cost.hours)} h of labelling"
    )


def _budget_section(plan: Plan, name: str, source: LabelSource) -> Section:
    points = [point for point in plan.budgets if point.source == name]
    seeds = sorted({point.n_seeds for point in points})
    rows = []
    for usd in dict.fromkeys(point.usd for point in points):
        of_seed = {point.n_seeds: point for point in points if point.usd == usd}
        labels = [point.cost.n_labels for point in of_seed.values() if point.cost is not None]
        hours = [point.cost.hours for point in of_seed.values() if point.cost is not None]
        rows.append(
            (
                _money(usd),
                _range([f"{n:,}" for n in (min(labels), max(labels))] if labels else []),
                _range([_hours(h) for h in (min(hours), max(hours))] if hours else []),
                *(_budget_cell(of_seed[n]) for n in seeds),
            )
        )
    header = ("US$", "labels", "hours", *(counted(n, "seed") for n in seeds))
    about = (
        f"Confidence with {counted(max(source.n_annotators), 'annotator')}: simulated (closed form). ^: all "
        "instructions are used, and money is left over."
    )
    return Section(
        title=f"What a budget for labels by {name} buys",
        blocks=(Table(header=header, rows=tuple(rows), n_text_columns=0), Text(text=about)),
    )


def _budget_cell(point: BudgetPoint) -> str:
    if point.reached is None:
        return MISSING
    return f"{_simulated(point.reached)} ({point.reached.closed_form:.3f}){'^' if point.is_all_items else ''}"


def _assumptions(plan: Plan) -> list[Block]:
    names = ["flip_prob", "shared_flip_prob", "tie_prob", "annotator_sd", "bias_sd"]
    prices = ["usd_per_1000_labels", "hours_per_1000_labels"]
    rows = [
        (name, *(_assumed(source, plan.estimates.get(key), name) for key, source in plan.sources.items()))
        for name in names
    ]
    rows += [(name, *(f"{vars(source)[name]:g}" for source in plan.sources.values())) for name in prices]
    shared = (
        f"Both: seed_sd {plan.question.seed_sd:g}, item_correlation {plan.question.item_correlation:g}, "
        f"at most {plan.search.max_items:,} instructions, ${plan.search.usd_per_training_run:g} per training run, "
        f"{plan.search.n_simulations:,} simulations, seed {plan.search.seed}."
    )
    return [Table(header=("setting", *plan.sources), rows=tuple(rows)), Text(text=shared)]


def _assumed(source: LabelSource, estimates: SourceEstimates | None, name: str) -> str:
    if estimates is None:
        return f"{vars(source)[name]:g}"
    estimate: Estimate = vars(estimates)[name]
    if estimate.value is None:
        return f"{vars(source)[name]:g} (configured: {estimate.reason})"
    n_rows = f"n = {estimate.n_total:,}"
    if estimate.low is None or estimate.high is None:
        return f"{interval(estimate)} ({estimate.reason or n_rows})"
    return f"{interval(estimate)}, {n_rows}"


def _footnotes(plan: Plan) -> Text:
    source = "estimated from the tables given" if plan.estimates else "as configured (conf/plan.yaml says from where)"
    return Text(
        text=f"Label noise is {source}. Confidence is the share of simulated measurements +- the simulation's standard "
        "error; the closed form is the normal approximation of the same model (farm/stats/planning/model.py). What the "
        "model leaves out: labels that are missing, and instructions that favour one method in all of its seeds."
    )


def _simulated(reached: Reached) -> str:
    return plus_minus(reached.confidence, reached.standard_error)


def _money(usd: float) -> str:
    return f"{usd:,.2f}" if usd < 10 else f"{usd:,.0f}"


def _hours(hours: float) -> str:
    return f"{hours:.2f}" if hours < 1 else f"{hours:,.1f}" if hours < 100 else f"{hours:,.0f}"


def _range(ends: Sequence[str]) -> str:
    return MISSING if not ends else ends[0] if ends[0] == ends[-1] else f"{ends[0]} to {ends[-1]}"
