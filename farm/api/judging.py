"""`farm.judge`: how good judges are: against people, against baselines, under attack."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from farm.analysis.judges.files import write_report
from farm.analysis.judges.labelled_set import Tables, labelled
from farm.analysis.judges.measure import measure, total_verdicts
from farm.analysis.judges.picture import draw_judges
from farm.analysis.judges.report import JudgeReport, judges_page
from farm.analysis.judges.result import FIGURES, JudgeResult
from farm.api.reading import LabelSource, origin_of, read_labels
from farm.api.settings import Setting, only_for_files, overrides_of
from farm.api.shown import html_of, png, text_of
from farm.calls.lazy import lazy_calls
from farm.options.judges import judges_settings, named_annotators
from farm.progress import progress
from farm.reports.page import terminal

_SHOWN = ["judge", "kind", "n_verdicts", "agreement", "agreement_low", "agreement_high", "conflict", "prefers_longer"]


@dataclass(frozen=True, kw_only=True, eq=False)
class JudgesReport:
    """Judges side by side on the same labelled pairs; baselines stand among them."""

    details: JudgeReport
    """Everything that was computed."""

    @property
    def text(self) -> str:
        """The report that `farm judges` writes, with what every figure means."""
        return terminal(judges_page(self.details))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out or changed when the labels were read."""
        return self.details.notes

    def to_frame(self) -> pd.DataFrame:
        """One row a judge, the best agreement with people first, people among each other on top.

        Columns: judge, kind ("human", "recorded", "asked" for annotators that were asked now, "baseline"), n_items,
        n_verdicts; every figure of `farm.analysis.judges.result.JudgeFigures` with FIGURE_low and FIGURE_high, its 95%
        interval over items; and attack_NAME, the share of verdicts for the attacked output.
        """
        humans = [] if self.details.humans is None else [self.details.humans]
        return pd.DataFrame([_row(judge) for judge in (*humans, *self.details.ordered)])

    def draw(self, path: str | Path | None = None) -> Figure:
        """Agreement, conflict between the orders, biases and the worst attack; written to `path` if one is given."""
        return draw_judges(self.details, png(path))

    def write(self, folder: str | Path) -> list[Path]:
        """Write judges.json, judges.csv, judges.md and judges.png, as `farm judges` does; returns the files."""
        return write_report(self.details, Path(folder))

    def __repr__(self) -> str:
        return text_of(self._title(), self.to_frame()[_SHOWN])

    def _repr_html_(self) -> str:
        return html_of(self._title(), self.to_frame(), self.notes)

    def _title(self) -> str:
        report = self.details
        return (
            f"{len(report.judges)} judges on {report.n_items:,} pairs, {report.n_labelled:,} of them labelled by people"
        )


def judge(
    labels: LabelSource,
    *,
    annotators: Sequence[str] = (),
    humans: LabelSource | None = None,
    **settings: Setting,
) -> JudgesReport:
    """Say how good judges are on labelled pairs.

    Args:
        labels: pairs with labels by people, with recorded verdicts of judges, or with both.
        annotators: names in conf/annotator, who are asked now: in both orders, and under attack.
        humans: another table, whose labels by people are used instead.
        settings: those of `farm judges`: attacked_items, repetitions, noise, baselines, budget_usd and so on.

    Raises:
        farm.errors.UserError: nobody to report on, no such annotator, or unknown settings.

    Example:
        >>> import farm
        >>> import pandas as pd
        >>> pairs = pd.DataFrame({
        ...     "instruction": [f"Name {n} fruits." for n in range(4)],
        ...     "output_1": ["Plum, pear, fig."] * 4, "output_2": ["Plum."] * 4,
        ...     "annotator": ["w1"] * 4, "preference": [1, 1, 1, 2],
        ... })
        >>> people = farm.read(pairs, kind="human")
        >>> few = {"baselines": ["constant"], "attacked_items": 0, "n_resamples": 20}
        >>> result = farm.judge(people, annotators=["longest"], **few)
        >>> result.to_frame().set_index("judge").loc[["longest", "constant"], "agreement"].tolist()
        [0.75, 0.75]
    """
    only_for_files(settings, ("input", "output", "dry_run", "columns"))
    paths = {"input": origin_of(labels), "humans": None if humans is None else origin_of(humans)}
    overrides = overrides_of({**settings, **paths, "annotators": list(annotators)})
    options = judges_settings(overrides)
    table = read_labels(labels, kind="llm", where=options.input_filters)
    people = None if humans is None else read_labels(humans, kind="human", where=options.human_filters)
    measuring = options.measuring(named_annotators(options, overrides))
    tables = Tables(labels=table.frame, source=table.source, humans=None if people is None else people.frame)
    items = labelled(tables, same_judge=options.same_judge, max_items=options.max_items)
    total = total_verdicts(items.items, measuring)
    # A report must be whole: a budget that is spent is an error, and what was answered stays in the cache.
    with (
        lazy_calls(options.calls, needs_all=True) as calls,
        progress("asking judges", total=total, unit="verdicts") as bar,
    ):
        report = measure(items, measuring, source=str(table.source), calls=calls, advance=bar.advance)
    return JudgesReport(details=report)


def _row(judge: JudgeResult) -> dict[str, object]:
    row: dict[str, object] = {
        "judge": judge.name,
        "kind": judge.kind,
        "n_items": judge.n_items,
        "n_verdicts": judge.n_verdicts,
    }
    for name in FIGURES:
        estimate = vars(judge.figures)[name]
        row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return row | {f"attack_{name}": estimate.value for name, estimate in judge.attacks.items()}
