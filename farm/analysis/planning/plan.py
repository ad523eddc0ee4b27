"""How many comparisons, annotators and seeds order two methods, in labels and in money."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from farm.analysis.planning.report import Plan
from farm.config.objects import ConfigError, Problem
from farm.data.files.column_mapping import ColumnMapping
from farm.errors import UserError
from farm.labels.annotation_source import Kind
from farm.labels.annotation_table import notes_of
from farm.labels.presented_orders import one_verdict_each, orders_folded
from farm.labels.row_filter import check_condition
from farm.progress import progress
from farm.stats.bootstrap import Resampling
from farm.stats.planning.budgets import BudgetPoint, budget_points
from farm.stats.planning.designs import Search
from farm.stats.planning.estimates import SourceEstimates, estimate_humans, estimate_judges
from farm.stats.planning.model import Criterion, DesignKind, LabelSource, Question
from farm.stats.planning.search import SmallestDesign, not_more_for_more, smallest_design

MIN_SIMULATIONS = 100
MIN_FAILURES = 10
"""Simulations expected to miss the confidence; fewer do not tell it from a higher one."""


@dataclass(frozen=True, kw_only=True)
class PlanSettings:
    """conf/plan.yaml"""

    columns: ColumnMapping
    """Columns of tables in a layout of one's own."""
    difference: float
    """True win rate of the better method minus the other's."""
    confidence: float
    """To be reached."""
    criterion: Criterion
    """What is to happen with this confidence."""
    design: DesignKind
    """What is compared with what."""
    win_rate: float
    """Mean true win rate of the two methods."""
    item_correlation: float
    """How alike two outputs fare on one instruction."""
    seed_sd: float
    """Standard deviation of a method's win rate over training seeds."""
    n_seeds: tuple[int, ...]
    """Numbers of training seeds to plan for."""
    labels_per_comparison: tuple[int, ...]
    """Numbers of labels to choose from."""
    max_items: int
    """Instructions that there are."""
    usd_per_training_run: float
    """US dollars."""
    budgets_usd: tuple[float, ...]
    """US dollars, for labels alone."""
    humans: Path | None
    """Table or folder with human labels."""
    simulated: Path | None
    """Table or folder with judges' labels."""
    annotator: str | None
    """Narrows the simulated rows to one annotator."""
    where: str | None
    """A condition on the columns of the human labels."""
    simulated_where: str | None
    """The same for the simulated labels."""
    human_labels: LabelSource
    """Labels by people."""
    simulated_labels: LabelSource
    """Labels by simulated annotators."""
    n_resamples: int
    """Of what the labels say of themselves."""
    n_simulations: int
    """Repetitions of each simulated measurement."""
    seed: int
    """Keys all draws."""
    output: Path
    """Folder of the report."""

    def __post_init__(self) -> None:
        check_condition("where", self.where)
        check_condition("simulated_where", self.simulated_where)


def make_plan(settings: PlanSettings, humans: pd.DataFrame | None, simulated: pd.DataFrame | None) -> Plan:
    """Search the smallest design for every source, number of seeds and number of annotators; price the budgets.

    Args:
        settings: the question, and what is assumed of labels.
        humans: an annotation table whose human rows say what human labels are like; None: as the settings say.
        simulated: one whose llm rows say what simulated labels are like; needs `humans`.

    Raises:
        UserError: a table that is to tell the sources' settings does not.
    """
    question = Question(
        difference=settings.difference,
        win_rate=settings.win_rate,
        design=settings.design,
        criterion=settings.criterion,
        item_correlation=settings.item_correlation,
        seed_sd=settings.seed_sd,
    )
    search = Search(
        confidence=settings.confidence,
        labels_per_comparison=settings.labels_per_comparison,
        max_items=settings.max_items,
        usd_per_training_run=settings.usd_per_training_run,
        n_simulations=settings.n_simulations,
        seed=settings.seed,
    )
    estimates = _estimates(settings, humans, simulated)
    given = {"humans": settings.human_labels, "simulator": settings.simulated_labels}
    sources = {name: _told(source, estimates.get(name)) for name, source in given.items()}
    smallest: list[SmallestDesign] = []
    budgets: list[BudgetPoint] = []
    searches = sum(len(source.n_annotators) + 1 for source in sources.values()) * len(settings.n_seeds)
    with progress("simulating", total=searches, unit="designs") as bar:
        for name, source in sources.items():
            for n_seeds in settings.n_seeds:
                rows = []
                for n_annotators in source.n_annotators:
                    rows.append(smallest_design(question, name, source, n_seeds, n_annotators, search))
                    bar.advance()
                smallest += not_more_for_more(question, source, rows, search)
                budgets += budget_points(question, name, source, n_seeds, settings.budgets_usd, search)
                bar.advance()
    return Plan(
        question=question,
        search=search,
        sources=sources,
        estimates=estimates,
        smallest=tuple(smallest),
        budgets=tuple(budgets),
        notes=tuple(
            f"{name}: {note}"
            for name, table in (("humans", humans), ("simulated", simulated))
            if table is not None
            for note in notes_of(table)
        ),
    )


def _estimates(
    settings: PlanSettings, humans: pd.DataFrame | None, simulated: pd.DataFrame | None
) -> dict[str, SourceEstimates]:
    if humans is None:
        return {}
    resampling = Resampling(seed=settings.seed, n_resamples=settings.n_resamples)
    people = _of_kind(humans, "human")
    estimates = {"humans": estimate_humans(people, resampling=resampling)}
    if simulated is not None:
        judges = _of_kind(simulated, "llm")
        if settings.annotator is not None:
            names = sorted(set(judges["annotator"]))
            if settings.annotator not in names:
                judges = one_verdict_each(judges)
            judges = judges[judges["annotator"] == settings.annotator]
            if judges.empty:
                raise UserError(f"{settings.simulated}: no llm row by {settings.annotator!r}; there are {names}")
        judges = orders_folded(judges).frame
        estimates["simulator"] = estimate_judges(judges, people, resampling=resampling)
    return estimates


def _of_kind(table: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    return table[table["annotator_kind"] == kind]


def _told(source: LabelSource, estimates: SourceEstimates | None) -> LabelSource:
    """The source with what its labels tell in place of what the configuration says."""
    if estimates is None:
        return source
    told = {name: estimate.value for name, estimate in vars(estimates).items() if estimate.value is not None}
    return LabelSource(**(vars(source) | told))


def check_plan(settings: PlanSettings) -> None:
    """Refuse questions without an answer.

    Raises:
        ConfigError: with all that is wrong.
    """
    s, top = settings, min(settings.win_rate, 1 - settings.win_rate) * 2
    needed = MIN_SIMULATIONS
    if 0.5 < s.confidence < 1:
        needed = max(needed, math.ceil(MIN_FAILURES / (1 - s.confidence) - 1e-6))
    rules = {
        "difference": (
            0 < s.difference < 1,
            f"expected above 0 and below 1 (methods that do not differ have no order; "
            f".05 is 5 points), got {s.difference}",
        ),
        "confidence": (
            0.5 < s.confidence < 1,
            f"expected above .5 (a coin) and below 1 (which no number of labels reaches), got {s.confidence}",
        ),
        "win_rate": (
            s.difference < top,
            f"expected both methods' rates, win_rate +- difference / 2, strictly between 0 "
            f"and 1, got {s.win_rate} +- {s.difference / 2:g}",
        ),
        "item_correlation": (0 <= s.item_correlation <= 1, f"expected from 0 to 1, got {s.item_correlation}"),
        "seed_sd": (0 <= s.seed_sd < 0.5, f"expected from 0 to below .5 (.013 is 1.3 points), got {s.seed_sd}"),
        "n_seeds": (_are_positive(s.n_seeds), f"expected one or more numbers from 1 up, got {list(s.n_seeds)}"),
        "labels_per_comparison": (
            _are_positive(s.labels_per_comparison),
            f"expected one or more numbers from 1 up, got {list(s.labels_per_comparison)}",
        ),
        "max_items": (s.max_items >= 1, f"expected 1 or more, got {s.max_items}"),
        "usd_per_training_run": (
            0 <= s.usd_per_training_run < math.inf,
            f"expected 0 or more, got {s.usd_per_training_run}",
        ),
        "budgets_usd": (
            all(0 < usd < math.inf for usd in s.budgets_usd),
            f"expected amounts above 0, got {list(s.budgets_usd)}",
        ),
        "n_resamples": (s.n_resamples >= 1, f"expected 1 or more, got {s.n_resamples}"),
        "n_simulations": (
            s.n_simulations >= needed,
            f"expected {needed:,} or more to tell a confidence of {s.confidence}, got {s.n_simulations}",
        ),
        "humans": (
            s.simulated is None or s.humans is not None,
            "is needed too: judges are held against people (one file may hold both: give it twice)",
        ),
        "simulated": (
            s.annotator is None or s.simulated is not None,
            "is needed too: annotator narrows its rows",
        ),
    }
    problems = [Problem(name, message) for name, (is_fine, message) in rules.items() if not is_fine]
    if problems:
        raise ConfigError(problems)


def _are_positive(numbers: Sequence[int]) -> bool:
    return bool(numbers) and min(numbers) >= 1
