"""What a sweep ends with: standings.csv, comparison.json, the tables and the pictures, all from artifacts alone."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from farm.analysis.sweep.arms import Arm, ArmsComparison, compare_arms
from farm.analysis.sweep.best_of_n import BestOfNRun, best_of_n_report
from farm.analysis.sweep.controls import label_free_margins
from farm.analysis.sweep.costs import cost_report, cost_rows, cost_table, draw_costs
from farm.analysis.sweep.curves import curve_table
from farm.analysis.sweep.json_file import write_comparison
from farm.analysis.sweep.pictures import draw_arms, draw_over_optimisation
from farm.analysis.sweep.report import arms_report, bars_report, one_by_one_report
from farm.analysis.sweep.verdicts import verdict_table
from farm.pipeline.results import MeasuredRun
from farm.records import OptimizationPoint
from farm.stats.bootstrap import Resampling


@dataclass(frozen=True, kw_only=True)
class ReportSettings:
    """What the report of a sweep compares."""

    crowd: str
    """The training annotator whose ranking counts as the truth; it judges its own arm."""
    simulated: str
    """The training annotator whose ranking is to predict it; it judges its own arm."""
    label_free: tuple[str, ...]
    """Methods that see no label: shown in every table, part of no correlation."""
    label_order: tuple[str, ...]
    """Training annotators from the best labels to the worst: the reward models' agreement with utility should fall."""
    main_picker: str
    """The method that is paired with the label-free pickers, instruction by instruction."""
    n_resamples: int
    """Bootstrap resamples of the rank correlations."""
    seed: int
    """Keys the bootstrap."""

    def __post_init__(self) -> None:
        _ = self.resampling  # refuses what is no number of resamples

    @property
    def resampling(self) -> Resampling:
        return Resampling(seed=self.seed, n_resamples=self.n_resamples)


def write_report(
    runs: Sequence[MeasuredRun], settings: ReportSettings, folder: Path, measured: Mapping[str, float]
) -> None:
    """Write the tables and pictures into `folder` and print them.

    Args:
        runs: what is compared.
        settings: which arms, which pickers.
        folder: where the files go.
        measured: further numbers for comparison.json: wall_seconds and peak_memory_mb of a sweep.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_standings(runs, folder / "standings.csv")
    written = ["standings.csv"]
    sections = []
    comparison = compare_runs(runs, settings)
    if comparison is not None:
        write_comparison(comparison, folder / "comparison.json", measured=measured)
        draw_arms(comparison, folder / "comparison.png")
        written += ["comparison.json", "comparison.png"]
        sections.append(arms_report(comparison))
        sections.append(_bars(runs, settings))
    else:
        # One arm alone: nothing to correlate, but a sweep has a table all the same.
        sections.append(one_by_one_report(verdict_table((s, run.outcomes) for run in runs for s in run.standings)))
    sections.append(
        best_of_n_report(
            BestOfNRun(run.method, run.annotator_train, run.best_of_n)
            for run in runs
            if run.best_of_n and run.method not in settings.label_free
        )
    )
    rows = cost_rows(verdict_table((s, run.outcomes) for run in runs for s in run.standings), [r.cost for r in runs])
    sections.append(cost_report(rows))
    cost_table(rows).to_csv(folder / "costs.csv", index=False)
    written.append("costs.csv")
    arms = {labels: f"{labels} labels" for labels in (settings.crowd, settings.simulated)}
    arms = {labels: title for labels, title in arms.items() if any(row.labels == labels for row in rows)}
    if arms:
        draw_costs(rows, settings.label_free, arms, folder / "costs.png")
        written.append("costs.png")
    points = point_table(runs, settings)
    if not points.empty:
        draw_over_optimisation(points, folder / "over_optimisation.png")
        points.to_csv(folder / "over_optimisation.csv", index=False)
        written += ["over_optimisation.csv", "over_optimisation.png"]
    text = "\n\n".join(section for section in sections if section)
    (folder / "report.md").write_text(text + "\n")
    print(f"\n{text}\n")
    for name in [*written, "report.md"]:
        print(f"  {folder / name}")


def write_standings(runs: Sequence[MeasuredRun], path: Path) -> None:
    """One row per run and evaluation annotator, ordered by name."""
    rows = [asdict(standing) for run in runs for standing in run.standings]
    order = ["method", "annotator_train", "annotator_eval", "seed"]
    pd.DataFrame(rows).sort_values(order, kind="stable").to_csv(path, index=False)


def compare_runs(runs: Sequence[MeasuredRun], settings: ReportSettings) -> ArmsComparison | None:
    """The two arms side by side; None if the sweep has no method in both, or only one."""
    methods = [
        {s.method for run in runs for s in run.standings if s.annotator_train == arm} - set(settings.label_free)
        for arm in (settings.crowd, settings.simulated)
    ]
    if len(methods[0] & methods[1]) < 2:
        return None
    return compare_arms(
        verdict_table((standing, run.outcomes) for run in runs for standing in run.standings),
        crowd=_arm(settings.crowd),
        simulated=_arm(settings.simulated),
        label_free=settings.label_free,
        resampling=settings.resampling,
    )


def point_table(runs: Sequence[MeasuredRun], settings: ReportSettings) -> pd.DataFrame:
    """The optimisation curves of the runs that optimise a reward model, averaged over seeds, best labels first."""
    by_labels: dict[str, list[Sequence[OptimizationPoint]]] = {}
    for run in runs:
        if run.points and run.method not in settings.label_free:
            by_labels.setdefault(run.annotator_train, []).append(run.points)
    order = [*settings.label_order, *sorted(by_labels)]
    return curve_table({labels: by_labels[labels] for labels in dict.fromkeys(order) if labels in by_labels})


def _bars(runs: Sequence[MeasuredRun], settings: ReportSettings) -> str:
    qualities = [
        run.agreement
        for run in runs
        if run.agreement is not None
        and run.method == settings.main_picker
        and run.annotator_train in settings.label_order
    ]
    verdicts = verdict_table((standing, run.outcomes) for run in runs for standing in run.standings)
    trained = {s.annotator_train for run in runs for s in run.standings if s.method == settings.main_picker}
    if settings.crowd not in trained or not qualities:
        return ""
    margins = [
        margin
        for measure in ("score", "utility")
        for margin in label_free_margins(
            verdicts,
            method=settings.main_picker,
            arm=_arm(settings.crowd),
            label_free=settings.label_free,
            measure=measure,
        )
    ]
    qualities.sort(key=lambda quality: (settings.label_order.index(quality.labels), quality.seed))
    return bars_report(qualities, margins)


def _arm(annotator: str) -> Arm:
    return Arm(annotator_train=annotator, annotator_eval=annotator)
