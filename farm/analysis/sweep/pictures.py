"""Two pictures: does the simulator rank methods as the crowd does, and does optimising a learned reward hurt?"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import FuncFormatter

from farm.analysis.sweep.arms import Arm, ArmResult, ArmsComparison
from farm.pipeline.judging.over_optimisation import check_curves
from farm.reports.figures import (
    BLUE,
    DASHED,
    GREEN,
    GREY,
    NO_LABELS,
    ORANGE,
    Mark,
    axis_name,
    draw_points,
    figure_legend,
    new_figure,
    save_figure,
    style_axes,
)
from farm.reports.point_names import name_points
from farm.reports.text import Notation, interval
from farm.stats.bootstrap import FloatArray
from farm.wording import counted

CURVES_PNG = "over_optimisation.png"
_KIND_MARKS = {
    "trained": Mark(label="ranked methods", colour=BLUE, marker="o"),
    "other": Mark(label="trained on other labels", colour=ORANGE, marker="s", is_filled=False),
    "label_free": NO_LABELS,
}


def draw_arms(comparison: ArmsComparison, path: Path | None) -> Figure:
    """Simulated against crowd win rate, one point a method, bars of one standard error both ways.

    Args:
        comparison: the two arms.
        path: the PNG to write; None to write none.
    """
    rows = [row for row in comparison.rows if _rate(row.crowd) is not None and _rate(row.simulated) is not None]
    figure = new_figure(
        width=7.5,
        height=7.4,
        title="Win rate of each method, crowd arm over simulated arm",
        note=_arms_note(comparison),
    )
    axes = figure.add_subplot()
    style_axes(axes)
    points = np.array([[_percent(row.simulated)[0], _percent(row.crowd)[0]] for row in rows])
    errors = np.array([[_percent(row.simulated)[1], _percent(row.crowd)[1]] for row in rows])
    for kind, mark in _KIND_MARKS.items():
        chosen = np.array([row.kind == kind for row in rows])
        draw_points(axes, points[chosen], errors[chosen], mark)
    _square_limits(axes, points, errors)
    axes.axline((0, 0), slope=1, color=GREY, linewidth=1, linestyle=DASHED, zorder=1, label="equal")
    crowd, simulated = comparison.crowd, comparison.simulated
    axes.set_xlabel(f"simulated win rate, % ({_arm_text(simulated)})")
    axes.set_ylabel(f"crowd win rate, % ({_arm_text(crowd)})")
    axes.legend(loc="best", frameon=True, framealpha=0.9, edgecolor="none")
    name_points(axes, [axis_name(row.name) for row in rows], points, errors, has_diagonal=True)
    return save_figure(figure, path)


def _arm_text(arm: Arm) -> str:
    return f"trained on {axis_name(arm.annotator_train)}, judged by {axis_name(arm.annotator_eval)}"


def draw_over_optimisation(points: pd.DataFrame, path: Path | None) -> Figure:
    """Proxy reward and true utility as optimisation goes on; one column of panels per kind of labels.

    Each panel has proxy reward on its left axis and true utility on its right one, with the same limits along a row, so
    that noisy and noiseless labels can be held against each other; below it, where known, the win rate. Bands are two
    standard errors.

    Args:
        points: columns `CURVE_COLUMNS`, one row per point (`farm.pipeline.judging.over_optimisation.curve_table`).
        path: the PNG to write; None to write none.

    Raises:
        UserError: a column is missing, there is no point, or a curve is unknown.
    """
    check_curves(points)
    curves = [curve for curve in _CURVES if (points["curve"] == curve).any()]
    # Each curve has panels for the labels that it was run with, and no empty ones.
    kinds = {curve: list(dict.fromkeys(points[points["curve"] == curve]["labels"])) for curve in curves}
    has_rates = bool(points["win_rate"].notna().any())
    n_columns = max(map(len, kinds.values()))
    figure = new_figure(
        width=1.4 + 3.4 * n_columns,
        height=0.9 + (4.7 if has_rates else 3.4) * len(curves),
        title="Over-optimisation: proxy reward and true utility as optimisation goes on",
    )
    parts = figure.subfigures(len(curves), 1, squeeze=False)
    for part, curve in zip(parts[:, 0], curves, strict=True):
        _draw_row(part, points[points["curve"] == curve], curve, kinds[curve], has_rates=has_rates)
    figure_legend(figure, note="bands: two standard errors; dotted: the highest utility, unless it is at an end")
    return save_figure(figure, path)


_CURVES = {"ppo": ("PPO", "KL to the SFT policy, nats"), "best_of_n": ("best of n", "n, answers to choose from")}
_BESIDE = (("proxy_reward", BLUE, "-", "o", "proxy reward"), ("utility", ORANGE, "--", "s", "true utility"))


def _draw_row(part: SubFigure, rows: pd.DataFrame, curve: str, kinds: Sequence[str], *, has_rates: bool) -> None:
    """One curve for all kinds of labels, y limits shared along the row."""
    title, x_name = _CURVES[curve]
    heights = [3, 1.3] if has_rates else [1]
    grid = part.subplots(len(heights), len(kinds), squeeze=False, sharex=True, height_ratios=heights)
    limits = {name: _limits(rows, name) for name in ("proxy_reward", "utility", "win_rate")}
    for column, labels in enumerate(kinds):
        shown = rows[rows["labels"] == labels].sort_values("x")
        top: Axes = grid[0, column]
        twin = top.twinx()
        twin.spines[["top", "right"]].set_visible(False)
        for axes in grid[:, column]:
            style_axes(axes)
        for axes, (measure, colour, dash, marker, name) in zip((top, twin), _BESIDE, strict=True):
            _draw_band(axes, shown, measure, colour=colour, dash=dash, marker=marker)
            axes.set_ylim(*limits[measure])
            axes.tick_params(axis="y", colors=colour)
            axes.set_ylabel(name if column == (0 if axes is top else len(kinds) - 1) else "", color=colour)
        _mark_peak(twin, shown)
        top.set_title(f"{title}, {axis_name(str(labels))} labels")
        if has_rates:
            _draw_band(grid[1, column], shown, "win_rate", colour=GREEN, dash=":", marker="^")
            grid[1, column].set_ylim(*limits["win_rate"])
            grid[1, column].set_ylabel("" if column else "win rate", color=GREEN)
            grid[1, column].tick_params(axis="y", colors=GREEN)
        grid[-1, column].set_xlabel(x_name)
        if curve == "best_of_n":
            top.set_xscale("log", base=2)
            grid[-1, column].xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _draw_band(axes: Axes, rows: pd.DataFrame, measure: str, *, colour: str, dash: str, marker: str) -> None:
    shown = rows.dropna(subset=[measure])
    x, value = (shown[name].to_numpy(dtype=np.float64) for name in ("x", measure))
    band = 2 * shown[f"{measure}_standard_error"].fillna(0.0).to_numpy(dtype=np.float64)
    label = measure.replace("_", " ")
    axes.plot(x, value, dash, color=colour, marker=marker, markersize=5, linewidth=1.8, label=label, zorder=3)
    axes.fill_between(x, value - band, value + band, color=colour, alpha=0.18, linewidth=0, zorder=2)


def _mark_peak(axes: Axes, rows: pd.DataFrame) -> None:
    """A tick on the highest utility, if it is not at an end of the curve."""
    shown = rows.dropna(subset=["utility"])
    best = int(shown["utility"].to_numpy().argmax()) if len(shown) else 0
    if 0 < best < len(shown) - 1:
        axes.axvline(float(shown["x"].iloc[best]), color=ORANGE, linewidth=1, linestyle=(0, (1, 3)), zorder=1)


def _limits(rows: pd.DataFrame, measure: str) -> tuple[float, float]:
    """Room for all bands of the row."""
    band = 2 * rows[f"{measure}_standard_error"].fillna(0.0)
    low, high = float((rows[measure] - band).min()), float((rows[measure] + band).max())
    if not np.isfinite(low):
        return 0.0, 1.0
    margin = 0.06 * (high - low) or 0.5
    return low - margin, high + margin


def _rate(result: ArmResult | None) -> float | None:
    return None if result is None else result.win_rate.win_rate


def _percent(result: ArmResult | None) -> tuple[float, float]:
    assert result is not None and result.win_rate.win_rate is not None
    return 100 * result.win_rate.win_rate, 100 * (result.win_rate.standard_error or 0.0)


def _square_limits(axes: Axes, points: FloatArray, errors: FloatArray) -> None:
    low, high = float((points - errors).min()), float((points + errors).max())
    margin = 0.12 * (high - low) + 1
    axes.set_xlim(low - margin, high + margin)
    axes.set_ylim(low - margin, high + margin)
    axes.set_aspect("equal")


def _arms_note(comparison: ArmsComparison) -> str:
    seeds = sorted({len(comparison.crowd_seeds), len(comparison.simulated_seeds)})
    in_arm = " and ".join(map(str, seeds[:-1])) + (" and " if len(seeds) > 1 else "") + counted(seeds[-1], "seed")
    digits = Notation(digits=2)
    correlations = comparison.ranking.on_win_rates
    return (
        f"{counted(len(comparison.ranking.models), 'ranked method')}, "
        f"{counted(comparison.n_instructions, 'instruction')}, {in_arm} an arm; bars: one standard error\n"
        f"Spearman {interval(correlations.spearman.estimate, digits)}, "
        f"Kendall {interval(correlations.kendall.estimate, digits)} (95% intervals)"
    )
