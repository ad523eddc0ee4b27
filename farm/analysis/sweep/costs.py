"""Win rate against what it cost: labels, generated tokens, optimizer steps, operations, time and memory per method.

A method's cost is everything on the way from the pretrained model to its policy, as if nothing had been shared: the
supervised policy, its samples, their labels, the reward model and the method itself. What its policy then needs for one
answer stands apart: best-of-n trains nothing and pays at every answer.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from farm.analysis.sweep.verdicts import select, win_rate_of
from farm.pipeline.results import RunCost
from farm.reports.figures import BLUE, GREY, new_figure, save_figure, style_axes
from farm.reports.plot_labels import place_tags
from farm.reports.text import rate_text, table
from farm.stats.ranking.win_rates import WinRate

TERA = 1e12
TICKS = (1, 1.5, 2, 3, 4, 5, 7)
"""On the logarithmic axis, times powers of ten."""


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


def cost_report(rows: Sequence[CostRow]) -> str:
    """The table, in Markdown."""
    header = ["method", "labels", "win rate", "labels used", "tokens drawn", "steps", "TFLOPs", "seconds", "peak MB"]
    header += ["tokens an answer"]
    cells = [
        [
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
        ]
        for row in rows
    ]
    return (
        "What it takes from the pretrained model to the policy, shared stages counted in full, mean over seeds; win "
        "rates in percent +- standard error, judged by the annotator of the labels. TFLOPs are estimates (6 operations "
        "per weight and trained token, 2 per token read or drawn).\n\n" + table(header, cells, n_text_columns=2)
    )


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


def draw_costs(rows: Sequence[CostRow], label_free: Collection[str], arms: Mapping[str, str], path: Path) -> None:
    """Win rate over training operations, one panel an arm, bars of one standard error.

    Args:
        rows: of all methods.
        label_free: methods that see no label, drawn apart.
        arms: training annotator -> title of its panel; rows with other labels are left out.
        path: the PNG to write.
    """
    figure = new_figure(width=7.0 * len(arms), height=6.0)
    panels = figure.subplots(1, len(arms), sharey=True, squeeze=False)[0]
    for axes, (labels, title) in zip(panels, arms.items(), strict=True):
        _draw_panel(axes, [row for row in rows if row.labels == labels and row.win_rate.win_rate], label_free)
        axes.set_title(title, fontsize=11)
    panels[0].set_ylabel("win rate against the reference, %")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    save_figure(figure, path)


def _draw_panel(axes: Axes, rows: Sequence[CostRow], label_free: Collection[str]) -> None:
    style_axes(axes)
    points = np.array([[np.log10(row.flops / TERA), 100 * (row.win_rate.win_rate or 0.0)] for row in rows])
    errors = np.array([[0.0, 100 * (row.win_rate.standard_error or 0.0)] for row in rows])
    for is_free, colour, marker, fill in ((False, BLUE, "o", BLUE), (True, GREY, "D", "white")):
        chosen = [(row.method in label_free) == is_free for row in rows]
        if any(chosen):
            axes.errorbar(
                points[chosen, 0],
                points[chosen, 1],
                yerr=errors[chosen, 1],
                fmt=marker,
                color=colour,
                markerfacecolor=fill,
                markersize=7,
                capsize=2.5,
                label="no labels" if is_free else "learns from labels or demonstrations",
                zorder=3,
            )
    width = max(float(np.ptp(points[:, 0])), 0.2)
    axes.set_xlim(points[:, 0].min() - 0.15 * width, points[:, 0].max() + 0.25 * width)
    ticks = [t for t in np.log10(np.outer(TICKS, 10.0 ** np.arange(-3, 9))).ravel() if _within(t, axes.get_xlim())]
    axes.set_xticks(sorted(ticks), [f"{10**tick:g}" for tick in sorted(ticks)])
    axes.set_xlabel("operations on the way to the policy, TFLOPs (logarithmic)")
    place_tags(axes, [row.method for row in rows], points, errors)


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
