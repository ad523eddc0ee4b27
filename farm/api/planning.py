"""`farm.plan`: how many comparisons, annotators and seeds a question needs, in labels and in money."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from farm.analysis.planning.files import write_plan
from farm.analysis.planning.picture import draw_plan
from farm.analysis.planning.plan import make_plan
from farm.analysis.planning.report import Plan, plan_page
from farm.api.reading import LabelSource, origin_of, read_labels
from farm.api.settings import Setting, only_for_files, overrides_of
from farm.api.shown import html_of, png, text_of
from farm.labels.row_filter import row_filters
from farm.options.plan import plan_settings
from farm.reports.page import terminal


@dataclass(frozen=True, kw_only=True, eq=False)
class PlanReport:
    """The smallest designs, and what budgets buy."""

    details: Plan
    """Everything that was computed and assumed."""

    @property
    def text(self) -> str:
        """The report that `farm plan` prints."""
        return terminal(plan_page(self.details))

    def to_frame(self) -> pd.DataFrame:
        """One row a source of labels, number of training seeds and number of annotators.

        Columns: source, n_seeds, n_annotators; n_items instructions, n_comparisons, labels_per_comparison and n_labels
        of the smallest design that reaches the confidence, with its usd and hours and the confidence reached; missing,
        with the reason, where none does.
        """
        rows = []
        for row in self.details.smallest:
            design, cost, reached = row.design, row.cost, row.reached
            rows.append(
                {
                    "source": row.source,
                    "n_seeds": row.n_seeds,
                    "n_annotators": row.n_annotators,
                    "n_items": None if design is None else design.n_items,
                    "n_comparisons": None if cost is None else cost.n_comparisons,
                    "labels_per_comparison": None if design is None else design.labels_per_comparison,
                    "n_labels": None if cost is None else cost.n_labels,
                    "usd": None if cost is None else cost.usd,
                    "hours": None if cost is None else cost.hours,
                    "confidence": None if reached is None else reached.confidence,
                    "reason": row.reason,
                }
            )
        return pd.DataFrame(rows)

    def draw(self, path: str | Path | None = None) -> Figure:
        """Confidence against money, one curve per source and number of seeds; written to `path` if one is given."""
        return draw_plan(self.details, png(path))

    def write(self, folder: str | Path) -> list[Path]:
        """Write plan.json, plan.md and plan.png, as `farm plan` does; returns the files."""
        return write_plan(self.details, Path(folder))

    def __repr__(self) -> str:
        return text_of(self._title(), self.to_frame().drop(columns="reason"))

    def _repr_html_(self) -> str:
        return html_of(self._title(), self.to_frame())

    def _title(self) -> str:
        question, wanted = self.details.question, self.details.search.confidence
        return f"Plan: order two methods {100 * question.difference:.4g} points apart with probability {wanted:g}"


def plan(*, humans: LabelSource | None = None, simulated: LabelSource | None = None, **settings: Setting) -> PlanReport:
    """Say how many comparisons, annotators and training seeds order two methods, for people and for a simulator.

    Args:
        humans: labels by people that say how often they err and tie, in place of the settings; None: as these say.
        simulated: the same for simulated annotators, on the same pairs; needs `humans`.
        settings: those of `farm plan`: difference, confidence, criterion, design, n_seeds, budgets_usd and so on.

    Raises:
        farm.errors.UserError: a question without an answer, unknown settings, labels that do not tell.

    Example:
        >>> import farm
        >>> result = farm.plan(difference=0.1, confidence=0.8, n_seeds=[1], n_simulations=100, budgets_usd=[100])
        >>> result.to_frame()["source"].unique().tolist()
        ['humans', 'simulator']
    """
    only_for_files(settings, ("output", "columns"))
    paths = {
        "humans": None if humans is None else origin_of(humans),
        "simulated": None if simulated is None else origin_of(simulated),
    }
    options = plan_settings(overrides_of({**settings, **paths}))
    people = judges = None
    if humans is not None:
        people = read_labels(humans, kind="human", where=row_filters(options.where, "human"))
    if simulated is not None:
        judges = read_labels(simulated, kind="llm", where=row_filters(options.simulated_where, "llm"))
    return PlanReport(
        details=make_plan(options, None if people is None else people.frame, None if judges is None else judges.frame)
    )
