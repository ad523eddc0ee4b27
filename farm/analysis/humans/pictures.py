"""Pictures of a comparison with humans: label agreement, both rankings, and how surely pairs are ordered the same."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from farm.analysis.humans.agreement import LabelAgreement
from farm.analysis.humans.comparison import HumanComparison
from farm.analysis.humans.rankings.source_ranking import ModelWinRate, SourceRanking
from farm.reports.figures import (
    BLUE,
    DASHED,
    GREY,
    ORANGE,
    Mark,
    axis_name,
    draw_intervals,
    draw_points,
    figure_legend,
    new_figure,
    save_figure,
    style_axes,
)
from farm.reports.point_names import name_points
from farm.reports.short_names import short_names
from farm.reports.text import Notation, interval, number
from farm.stats.bootstrap import Estimate, FloatArray
from farm.stats.ranking.pair_orders import PairOrder

MOST_NAMED = 40
"""Models that can be named beside their points."""
MOST_JUDGED = 12
"""Simulated annotators in the picture of agreement."""
MOST_PAIRED = 60
"""Models whose pairs fit in a picture."""
MOST_NUMBERED = 12
"""Models whose pairs have room for figures."""
KAPPA = "kappa"
SIMULATED = Mark(label="simulated with humans", colour=BLUE, marker="o")
HUMANS = Mark(label="humans among themselves", colour=ORANGE, marker="s")
MODELS = Mark(label="models", colour=BLUE, marker="o")
TRAINED = Mark(label="trained in the lab", colour=BLUE, marker="o")
NOT_TRAINED = Mark(label="not trained there", colour=ORANGE, marker="s")


def draw_agreement(comparison: HumanComparison, path: Path | None) -> Figure | None:
    """Agreement figures with their intervals, humans among themselves below; None if there is nothing to draw."""
    rows = _agreement_rows(comparison)
    shares = [row for row in rows if row.what != KAPPA]
    kappas = [row for row in rows if row.what == KAPPA]
    if not rows:
        return None
    panels = [(shares, "equal labels, %", 100.0), (kappas, "Cohen's kappa (0: chance)", 1.0)]
    panels = [panel for panel in panels if panel[0]]
    figure = new_figure(
        width=4.2 + 3.8 * len(panels),
        height=1.9 + 0.32 * max(len(of_panel) for of_panel, _, _ in panels),
        title=f"Agreement of labels on {comparison.agreement.n_items or _n_items(comparison):,} items",
    )
    grid = figure.subplots(1, len(panels), squeeze=False, width_ratios=(1.6, 1.0)[: len(panels)])[0]
    for axes, (of_panel, name, scale) in zip(grid, panels, strict=True):
        style_axes(axes)
        for mark in (SIMULATED, HUMANS):
            places = [k for k, row in enumerate(of_panel) if row.mark is mark]
            draw_intervals(axes, places, [of_panel[k].estimate for k in places], mark, scale=scale)
        axes.set_yticks(range(len(of_panel)), [row.name for row in of_panel], fontsize=9)
        axes.set_ylim(len(of_panel) - 0.4, -0.6)
        axes.set_xlabel(name)
    figure_legend(figure, note="bars: 95% intervals over items")
    return save_figure(figure, path)


def draw_rankings(comparison: HumanComparison, path: Path | None) -> Figure | None:
    """Both sides' figures against each other, or those of the one side there is; None if no model is ranked."""
    sides = [side for side in (comparison.humans, comparison.simulated) if side is not None]
    if not sides:
        return None
    names = [name for name in comparison.ranking.models if all(np.isfinite(_value(side, name)) for side in sides)]
    if len(sides) == 2 and names:
        return _draw_scatter(comparison, sides[0], sides[1], names, path)
    return draw_ranking(sides[0], path)


def draw_pairs(comparison: HumanComparison, path: Path | None) -> Figure | None:
    """Probability that each pair of models is ordered the same; None if no pair's is known, or for too many models."""
    pairs = comparison.ranking.pairs
    names = list(dict.fromkeys([pair.model for pair in pairs] + [pair.other for pair in pairs]))
    if not 3 <= len(names) <= MOST_PAIRED or all(pair.p_same_order is None for pair in pairs):
        return None
    has_numbers = len(names) <= MOST_NUMBERED
    size = 3.4 + (0.52 if has_numbers else 0.24) * len(names)
    note = "colour: probability of the same order over resamples; dot: ordered differently; cross: beyond noise"
    if has_numbers:
        note += "\nlower left: that probability; upper right: row minus column in points, humans above simulated"
    figure = new_figure(
        width=max(size + 2.0, 7.5),
        height=size + 0.4,
        title="How surely each two models are ordered the same by both sides",
        note=note,
    )
    axes = figure.add_subplot()
    shown = np.full((len(names), len(names)), np.nan)
    for pair in pairs:
        row, column = names.index(pair.other), names.index(pair.model)
        shown[row, column] = shown[column, row] = np.nan if pair.p_same_order is None else pair.p_same_order
    image = axes.imshow(shown, vmin=0, vmax=1, cmap="RdBu", aspect="equal")
    for pair in pairs:
        _write_pair(axes, comparison, pair, names, has_numbers=has_numbers)
    axes.set_xticks(range(len(names)), [axis_name(n) for n in names], rotation=90)
    axes.set_yticks(range(len(names)), [axis_name(n) for n in names])
    axes.set_ylabel("model, the best for humans on top")
    axes.set_xlabel("model")
    axes.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, shrink=0.8, label="probability of the same order")
    return save_figure(figure, path)


def _write_pair(
    axes: Axes, comparison: HumanComparison, pair: PairOrder, names: Sequence[str], *, has_numbers: bool
) -> None:
    """The marks of a pair in both halves, and its figures where they can be read."""
    row, column = names.index(pair.other), names.index(pair.model)
    if pair.is_inverted:
        for x, y in ((column, row), (row, column)):
            marker = "x" if pair.is_beyond_noise else "."
            axes.plot(x, y + (0.3 if has_numbers else 0.0), marker, color="black", markersize=5)
    if not has_numbers:
        return
    chance = pair.p_same_order
    colour = "white" if chance is not None and abs(chance - 0.5) > 0.3 else "black"
    axes.text(column, row, number(chance, Notation(digits=2)), ha="center", va="center", fontsize=8, color=colour)
    gaps = [
        f"{_scale(side) * gap:+.1f}"
        for side, gap in (
            (comparison.humans, pair.first_difference),
            (comparison.simulated, pair.second_difference),
        )
    ]
    axes.text(row, column, "\n".join(gaps), ha="center", va="center", fontsize=7, color=colour)


class _Row(NamedTuple):
    name: str
    what: str
    estimate: Estimate
    mark: Mark


def _agreement_rows(comparison: HumanComparison) -> list[_Row]:
    judged: list[tuple[str, LabelAgreement]] = list(comparison.agreement_by_annotator.items())
    if not judged and comparison.labels is not None and comparison.labels.judges is not None:
        judged = [(comparison.labels.judges.annotators[0], comparison.agreement)]
    judged = judged[:MOST_JUDGED]
    names = short_names(name for name, _ in judged)
    rows = []
    for name, agreement in judged:
        for what, estimate in (
            ("raw", agreement.raw),
            ("S1", agreement.s1),
            ("S2", agreement.s2),
            (KAPPA, agreement.kappa),
        ):
            suffix = "" if what == KAPPA else f": {what}"
            rows.append(_Row(f"{axis_name(names[name])}{suffix}", what, estimate, SIMULATED))
    humans = comparison.agreement
    rows += [
        _Row("one human, the others' majority", "leave-one-out", humans.leave_one_out, HUMANS),
        _Row("two humans: S1", "S1", humans.human_human_s1, HUMANS),
        _Row("two humans: S2", "S2", humans.human_human_s2, HUMANS),
    ]
    return [row for row in rows if row.estimate.value is not None]


def _n_items(comparison: HumanComparison) -> int:
    humans = None if comparison.labels is None else comparison.labels.humans
    return 0 if humans is None else len(humans.labels)


def _draw_scatter(
    comparison: HumanComparison,
    humans: SourceRanking,
    simulated: SourceRanking,
    names: Sequence[str],
    path: Path | None,
) -> Figure:
    figure = new_figure(
        width=7.5,
        height=7.2,
        title="Each model by humans and by simulated annotators",
        note=_correlation_note(comparison, (humans, simulated), len(names)),
    )
    axes = figure.add_subplot()
    style_axes(axes)
    points = np.array([[_value(side, name) for side in (simulated, humans)] for name in names])
    errors = np.array([[_error(side, name) for side in (simulated, humans)] for name in names])
    trained = np.array([comparison.is_trained_in_lab.get(name, True) for name in names])
    is_known = bool(comparison.is_trained_in_lab)
    draw_points(axes, points[trained], errors[trained], TRAINED if is_known else MODELS)
    draw_points(axes, points[~trained], errors[~trained], NOT_TRAINED)
    has_diagonal = humans.is_win_rate and simulated.is_win_rate
    if has_diagonal:
        axes.axline((50, 50), slope=1, color=GREY, linewidth=1, linestyle=DASHED, zorder=1, label="equal")
    axes.legend(loc="best", frameon=True, framealpha=0.9, edgecolor="none")
    axes.set_xlabel(_axis_title("simulated", simulated))
    axes.set_ylabel(_axis_title("humans", humans))
    _widen(axes, points, errors)
    if len(names) <= MOST_NAMED:
        name_points(axes, [axis_name(name) for name in names], points, errors, has_diagonal=has_diagonal)
    return save_figure(figure, path)


def _correlation_note(comparison: HumanComparison, sides: Sequence[SourceRanking], n_models: int) -> str:
    spearman = comparison.ranking.on_win_rates.spearman.estimate
    correlation = interval(spearman, Notation(digits=2))
    interval_text = "" if spearman.low is None else " (95% interval)"
    known = "" if spearman.value is None else f"; Spearman {correlation}{interval_text}"
    has_errors = any(model.standard_error is not None for side in sides for model in side.models)
    return f"{n_models} models{'; bars: one standard error' if has_errors else ''}{known}"


def draw_ranking(side: SourceRanking, path: Path | None) -> Figure:
    """One side without another: its figures with their intervals, the best on top."""
    models = sorted((m for m in side.models if m.win_rate is not None), key=lambda m: (-(m.win_rate or 0), m.model))
    figure = new_figure(
        width=7.5,
        height=1.7 + 0.26 * max(len(models), 1),
        title=f"Models ranked by {side.role}",
        note="bars: 95% intervals" if any(model.low is not None for model in models) else "no intervals are known",
    )
    axes = figure.add_subplot()
    style_axes(axes)
    estimates = [
        Estimate(value=model.win_rate, low=model.low, high=model.high, n_total=model.n_total or 0) for model in models
    ]
    draw_intervals(axes, range(len(models)), estimates, MODELS, scale=_scale(side))
    axes.set_yticks(range(len(models)), [axis_name(model.model) for model in models])
    axes.invert_yaxis()
    axes.set_xlabel(_axis_title(side.role, side))
    return save_figure(figure, path)


def _axis_title(role: str, side: SourceRanking) -> str:
    return f"{role}: win rate, %" if side.is_win_rate else f"{role}: {axis_name(side.figure)}"


def _scale(side: SourceRanking | None) -> float:
    """Win rates are shown in percent, scores as they are."""
    return 100.0 if side is not None and side.is_win_rate else 1.0


def _model(side: SourceRanking, name: str) -> ModelWinRate:
    return next(model for model in side.models if model.model == name)


def _value(side: SourceRanking, name: str) -> float:
    value = _model(side, name).win_rate
    return np.nan if value is None else _scale(side) * value


def _error(side: SourceRanking, name: str) -> float:
    return _scale(side) * (_model(side, name).standard_error or 0.0)


def _widen(axes: Axes, points: FloatArray, errors: FloatArray) -> None:
    """Room for the names."""
    low, high = (points - errors).min(axis=0), (points + errors).max(axis=0)
    margin = 0.12 * (high - low) + 1e-3
    axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
    axes.set_ylim(low[1] - margin[1], high[1] + margin[1])
