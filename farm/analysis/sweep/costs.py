"""Win rate against what it cost: labels, generated tokens, optimizer steps, operations, time and memory per method.

A method's cost is everything on the way from the pretrained model to its policy, as if nothing had been shared: the
supervised policy, its samples, their labels, the reward model and the method itself. What its policy then needs for one
answer stands apart: best-of-n trains nothing and pays at every answer.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from farm.analysis.sweep.verdicts import select, win_rate_of
from farm.pipeline.results import RunCost
from farm.reports.figures import (
    BLUE,
    NO_LABELS,
    Mark,
    axis_name,
    draw_points,
    figure_legend,
    new_figure,
    save_figure,
    style_axes,
)
from farm.reports.page import Block, Picture, Section, Table, Text
from farm.reports.point_names import name_points
from farm.reports.text import exact_error, rate_text
from farm.stats.bootstrap import FloatArray
from farm.stats.ranking.win_rates import WinRate

COSTS_PNG = "costs.png"
TERA = 1e12
TICKS = (1, 1.5, 2, 3, 4, 5, 7)
"""On the logarithmic axis, times powers of ten."""
LEARNS = Mark(label="learns from labels or demonstrations", colour=BLUE, marker="o")

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class CostRow:
    """One method with one kind of labels, seeds averaged."""

    method: str
    labels: str
    """Whose labels trained it."""
    judge: str
    """Who judged it: the annotator of the labels, or the first one where that one judges nobody."""
    n_seeds: int
    win_rate: WinRate
    """Over seeds and instructions."""
    n_labels: float
    generated_tokens: float
    gradient_steps: float
    flops: float
    seconds: float
    peak_memory_mb: float
    """The largest of all stages and seeds; on a GPU that of its tensors."""
    flops_per_answer: float
    tokens_per_answer: float
    """Sampled at evaluation for one answer: best-of-n counts all n."""


def cost_rows(verdicts: pd.DataFrame, costs: Sequence[RunCost]) -> list[CostRow]:
    """The best win rate first, judge by judge.

    Args:
        verdicts: as `farm.analysis.sweep.verdicts.verdict_table` makes it.
        costs: one per run.
    """
    judges = sorted(set(verdicts["annotator_eval"]))
    by_method: dict[tuple[str, str], list[RunCost]] = {}
    for cost in costs:
        by_method.setdefault((cost.method, cost.annotator_train), []).append(cost)
    rows = []
    for (method, labels), runs in by_method.items():
        judge = labels if labels in judges else judges[0]
        judged = select(verdicts, method=method, annotator_train=labels, annotator_eval=judge)
        rows.append(_row(method, labels, judge, runs, win_rate_of(judged)))
    return sorted(rows, key=lambda row: (row.judge, -(row.win_rate.win_rate or 0.0), row.method, row.labels))


def cost_section(rows: Sequence[CostRow], pictures: Collection[str]) -> Section:
    """The table, and the picture if it was drawn."""
    header = ("method", "labels", "win rate", "labels used", "tokens drawn", "steps", "TFLOPs", "seconds", "peak MB")
    cells = tuple(
        (
            row.method,
            row.labels,
            rate_text(row.win_rate),
            f"{row.n_labels:,.0f}",
            f"{row.generated_tokens:,.0f}",
            f"{row.gradient_steps:,.0f}",
            f"{row.flops / TERA:.3g}",
            f"{row.seconds:.0f}",
            f"{row.peak_memory_mb:,.0f}",
            f"{row.tokens_per_answer:.0f}",
        )
        for row in rows
    )
    error = exact_error(max(row.n_seeds for row in rows))
    about = (
        "What it takes from the pretrained model to the policy, shared stages counted in full, mean over seeds; win "
        f"rates in percent +- {error}, judged by the annotator of the labels. TFLOPs are estimates (6 operations "
        "per weight and trained token, 2 per token read or drawn)."
    )
    blocks: list[Block] = [
        Text(text=about),
        Table(header=(*header, "tokens an answer"), rows=cells, n_text_columns=2),
    ]
    if COSTS_PNG in pictures:
        blocks.append(Picture(file=COSTS_PNG, description="Win rate over operations on the way to each policy"))
    return Section(title="Win rate against cost", blocks=tuple(blocks))


def cost_table(rows: Sequence[CostRow]) -> pd.DataFrame:
    """One row each, numbers as they are."""
    return pd.DataFrame(
        [
            {
                **{name: value for name, value in vars(row).items() if name != "win_rate"},
                "win_rate": row.win_rate.win_rate,
                "standard_error": row.win_rate.standard_error,
                "n_total": row.win_rate.n_total,
                "n_unparsed": row.win_rate.n_unparsed,
            }
            for row in rows
        ]
    )


def draw_costs(
    rows: Sequence[CostRow], label_free: Collection[str], arms: Mapping[str, str], path: Path | None
) -> Figure:
    """Win rate over training operations, one panel an arm, bars of one standard error.

    Args:
        rows: of all methods.
        label_free: methods that see no label, drawn apart.
        arms: training annotator -> title of its panel; rows with other labels are left out.
        path: the PNG to write; None to write none.
    """
    figure = new_figure(
        width=7.0 * len(arms),
        height=6.4,
        title="Win rate against the cost of training",
    )
    panels = figure.subplots(1, len(arms), sharey=True, squeeze=False)[0]
    shown = {
        labels: [row for row in rows if row.labels == labels and row.win_rate.win_rate is not None] for labels in arms
    }
    points = {labels: _points(of_labels) for labels, of_labels in shown.items()}
    for axes, (labels, title) in zip(panels, arms.items(), strict=True):
        is_free = np.array([row.method in label_free for row in shown[labels]])
        _draw_panel(axes, *points[labels], is_free)
        axes.set_title(axis_name(title, 60), fontsize=11)
    panels[0].set_ylabel("win rate against the reference, %")
    figure_legend(figure, note="bars: one standard error")
    for axes, labels in zip(panels, arms, strict=True):
        name_points(axes, [axis_name(row.method) for row in shown[labels]], *points[labels])
    return save_figure(figure, path)


def _points(rows: Sequence[CostRow]) -> tuple[FloatArray, FloatArray]:
    """Where the rows lie, and half-lengths of their bars, (M, 2) each."""
    points = np.array([[np.log10(row.flops / TERA), 100 * (row.win_rate.win_rate or 0.0)] for row in rows])
    errors = np.array([[0.0, 100 * (row.win_rate.standard_error or 0.0)] for row in rows])
    return points, errors


def _draw_panel(axes: Axes, points: FloatArray, errors: FloatArray, is_free: BoolArray) -> None:
    style_axes(axes)
    draw_points(axes, points[~is_free], errors[~is_free], LEARNS)
    draw_points(axes, points[is_free], errors[is_free], NO_LABELS)
    width = max(float(np.ptp(points[:, 0])), 0.2)
    axes.set_xlim(points[:, 0].min() - 0.15 * width, points[:, 0].max() + 0.25 * width)
    ticks = [t for t in np.log10(np.outer(TICKS, 10.0 ** np.arange(-3, 9))).ravel() if _within(t, axes.get_xlim())]
    axes.set_xticks(sorted(ticks), [f"{10**tick:g}" for tick in sorted(ticks)])
    axes.set_xlabel("operations on the way to the policy, TFLOPs (logarithmic)")


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _row(method: str, labels: str, judge: str, runs: Sequence[RunCost], win_rate: WinRate) -> CostRow:
    trained = [run.training for run in runs]
    return CostRow(
        method=method,
        labels=labels,
        judge=judge,
        n_seeds=len(runs),
        win_rate=win_rate,
        n_labels=float(np.mean([cost.labels for cost in trained])),
        generated_tokens=float(np.mean([cost.generated_tokens for cost in trained])),
        gradient_steps=float(np.mean([cost.gradient_steps for cost in trained])),
        flops=float(np.mean([cost.flops for cost in trained])),
        seconds=float(np.mean([cost.seconds for cost in trained])),
        peak_memory_mb=max(cost.peak_gpu_memory_mb or cost.peak_memory_mb for cost in trained),
        flops_per_answer=float(np.mean([run.answering.flops / run.n_answers for run in runs])),
        tokens_per_answer=float(np.mean([run.answering.generated_tokens / run.n_answers for run in runs])),
    )
