"""What the runs of a sweep say together, computed once: for the answer, the report, the files and the pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from farm.analysis.sweep.arms import Arm, ArmsComparison, compare_arms
from farm.analysis.sweep.controls import Margin, label_free_margins
from farm.analysis.sweep.costs import CostRow, cost_rows
from farm.analysis.sweep.verdicts import verdict_table
from farm.pipeline.judging.over_optimisation import curve_table
from farm.pipeline.results import LabelQuality, MeasuredRun, label_free_methods
from farm.records import OptimizationPoint
from farm.stats.bootstrap import Resampling


@dataclass(frozen=True, kw_only=True)
class ReportSettings:
    """What the report of a sweep compares."""

    crowd: str
    """The training annotator whose ranking counts as the truth; it judges its own arm."""
    simulated: str
    """The training annotator whose ranking is to predict it; it judges its own arm."""
    label_order: tuple[str, ...]
    """Training annotators from the best labels to the worst: the reward models' agreement with utility should fall."""
    main_method: str
    """The method that is paired with the label-free controls, instruction by instruction."""
    n_resamples: int
    """Bootstrap resamples of the rank correlations."""
    seed: int
    """Keys the bootstrap."""

    def __post_init__(self) -> None:
        _ = self.resampling  # refuses what is no number of resamples

    @property
    def resampling(self) -> Resampling:
        return Resampling(seed=self.seed, n_resamples=self.n_resamples)


@dataclass(frozen=True, kw_only=True)
class SweepResult:
    """The measured runs, compared."""

    runs: tuple[MeasuredRun, ...]
    settings: ReportSettings
    label_free: frozenset[str]
    """Methods that labels have nothing to do with (`label_free_methods`): in every table, part of no correlation."""
    verdicts: pd.DataFrame
    """Columns `VERDICT_COLUMNS`: one row per run, evaluation annotator and instruction."""
    comparison: ArmsComparison | None
    """The two arms side by side; None if fewer than two methods that learn from labels are in both."""
    qualities: tuple[LabelQuality, ...]
    """Of the main method's reward models, the best labels first; empty without a comparison or a known true utility."""
    margins: tuple[Margin, ...]
    """The main method's over the label-free controls, in win rate and in utility; empty like `qualities`."""
    costs: tuple[CostRow, ...]
    """One per method and kind of labels, judge by judge, the best win rate first."""
    points: pd.DataFrame
    """The over-optimisation curves, seeds averaged, the best labels first; empty if no reward was optimised."""


def sweep_result(runs: Sequence[MeasuredRun], settings: ReportSettings) -> SweepResult:
    """Compare the runs.

    Args:
        runs: of one dataset and one model.
        settings: which arms, which controls.
    """
    verdicts = verdict_table((standing, run.outcomes) for run in runs for standing in run.standings)
    label_free = label_free_methods(runs)
    comparison = _comparison(runs, verdicts, settings, label_free)
    qualities = () if comparison is None else _qualities(runs, settings)
    return SweepResult(
        runs=tuple(runs),
        settings=settings,
        label_free=label_free,
        verdicts=verdicts,
        comparison=comparison,
        qualities=qualities,
        margins=_margins(verdicts, settings, label_free) if qualities else (),
        costs=tuple(cost_rows(verdicts, [run.cost for run in runs])),
        points=_point_table(runs, settings, label_free),
    )


def arm_of(annotator: str) -> Arm:
    """The arm that is trained and judged by one annotator."""
    return Arm(annotator_train=annotator, annotator_eval=annotator)


def _comparison(
    runs: Sequence[MeasuredRun], verdicts: pd.DataFrame, settings: ReportSettings, label_free: frozenset[str]
) -> ArmsComparison | None:
    methods = [
        {s.method for run in runs for s in run.standings if s.annotator_train == arm} - label_free
        for arm in (settings.crowd, settings.simulated)
    ]
    if len(methods[0] & methods[1]) < 2:
        return None
    return compare_arms(
        verdicts,
        crowd=arm_of(settings.crowd),
        simulated=arm_of(settings.simulated),
        label_free=label_free,
        resampling=settings.resampling,
    )


def _qualities(runs: Sequence[MeasuredRun], settings: ReportSettings) -> tuple[LabelQuality, ...]:
    qualities = [
        run.agreement
        for run in runs
        if run.agreement is not None
        and run.method == settings.main_method
        and run.annotator_train in settings.label_order
    ]
    trained = {run.annotator_train for run in runs if run.method == settings.main_method}
    if settings.crowd not in trained:
        return ()
    return tuple(sorted(qualities, key=lambda quality: (settings.label_order.index(quality.labels), quality.seed)))


def _margins(verdicts: pd.DataFrame, settings: ReportSettings, free: frozenset[str]) -> tuple[Margin, ...]:
    arm = arm_of(settings.crowd)
    method = settings.main_method
    return (
        *label_free_margins(verdicts, method=method, arm=arm, label_free=free, measure="score"),
        *label_free_margins(verdicts, method=method, arm=arm, label_free=free, measure="utility"),
    )


def _point_table(runs: Sequence[MeasuredRun], settings: ReportSettings, label_free: frozenset[str]) -> pd.DataFrame:
    by_labels: dict[str, list[Sequence[OptimizationPoint]]] = {}
    for run in runs:
        if run.points and run.method not in label_free:
            by_labels.setdefault(run.annotator_train, []).append(run.points)
    order = [*settings.label_order, *sorted(by_labels)]
    return curve_table({labels: by_labels[labels] for labels in dict.fromkeys(order) if labels in by_labels})
