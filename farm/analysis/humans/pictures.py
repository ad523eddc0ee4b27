"""Pictures of a comparison with humans: label agreement, both rankings, and how surely pairs are ordered the same."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from farm.analysis.humans.agreement import LabelAgreement
from farm.analysis.humans.comparison import HumanComparison
from farm.analysis.humans.rankings import Side, SideModel
from farm.reports.figures import BLUE, GREY, ORANGE, new_figure, save_figure, style_axes
from farm.reports.plot_labels import place_tags
from farm.stats.bootstrap import Estimate

MOST_TAGGED = 40
"""Models that can be named beside their points."""
MOST_PAIRED = 60
"""Models whose pairs fit in a picture."""


def draw_agreement(comparison: HumanComparison, path: Path) -> bool:
    """Agreement figures with their intervals, humans among themselves below; False if there is nothing to draw."""
    rows = _agreement_rows(comparison)
    if not rows:
        return False
    figure = new_figure(width=7.5, height=1.3 + 0.34 * len(rows))
    axes = figure.add_subplot()
    style_axes(axes)
    for position, row in enumerate(rows):
        value, low, high = row.estimate.value, row.estimate.low, row.estimate.high
        assert value is not None
        if low is not None and high is not None:
            axes.plot([low, high], [position, position], color=row.colour, linewidth=2, solid_capstyle="butt")
        axes.plot(value, position, row.marker, color=row.colour, markersize=7)
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("agreement (bars: 95% intervals over items)")
    save_figure(figure, path)
    return True


def draw_sides(comparison: HumanComparison, path: Path) -> bool:
    """Both sides' win rates against each other, or those of the one side there is; False if no model is ranked."""
    sides = [side for side in (comparison.humans, comparison.simulated) if side is not None]
    if not sides:
        return False
    names = [name for name in comparison.ranking.models if all(np.isfinite(_value(side, name)) for side in sides)]
    if len(sides) == 2 and names:
        _draw_scatter(comparison, sides[0], sides[1], names, path)
    else:
        _draw_standings(sides[0], path)
    return True


def draw_pairs(comparison: HumanComparison, path: Path) -> bool:
    """Probability that each pair of models is ordered the same; False if there are too few or too many models."""
    pairs = comparison.ranking.pairs
    names = list(dict.fromkeys([pair.model for pair in pairs] + [pair.other for pair in pairs]))
    if not 3 <= len(names) <= MOST_PAIRED:
        return False
    shown = np.full((len(names), len(names)), np.nan)
    for pair in pairs:
        shown[names.index(pair.other), names.index(pair.model)] = pair.p_same_order
    size = 3.2 + 0.24 * len(names)
    figure = new_figure(width=size + 1.2, height=size)
    axes = figure.add_subplot()
    image = axes.imshow(shown, vmin=0, vmax=1, cmap="RdBu", aspect="equal")
    for pair in pairs:
        row, column = names.index(pair.other), names.index(pair.model)
        if pair.is_inverted:
            axes.plot(column, row, "x" if pair.is_beyond_noise else ".", color="black", markersize=5)
        elif len(names) <= 12:
            colour = "white" if abs(pair.p_same_order - 0.5) > 0.3 else "black"
            axes.text(column, row, f"{pair.p_same_order:.2f}", ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(len(names)), [_short(n) for n in names], rotation=90)
    axes.set_yticks(range(len(names)), [_short(n) for n in names])
    axes.spines[:].set_visible(False)
    axes.set_title("probability of the same order (dot: inverted; cross: beyond noise)", fontsize=9)
    figure.colorbar(image, ax=axes, shrink=0.6)
    save_figure(figure, path)
    return True


class _Row(NamedTuple):
    name: str
    estimate: Estimate
    colour: str
    marker: str


def _agreement_rows(comparison: HumanComparison) -> list[_Row]:
    judged: list[tuple[str, LabelAgreement]] = list(comparison.by_annotator.items())
    if not judged and comparison.labels is not None and comparison.labels.judges is not None:
        judged = [(comparison.labels.judges.annotators[0], comparison.agreement)]
    rows = []
    for name, found in judged[:12]:
        for label, estimate in (("raw", found.raw), ("S1", found.s1), ("S2", found.s2), ("kappa", found.kappa)):
            rows.append(_Row(f"{_short(name)}: {label}", estimate, BLUE, "o"))
    humans = comparison.agreement
    for label, estimate in (
        ("one human, the others' majority", humans.leave_one_out),
        ("two humans: S1", humans.human_human_s1),
        ("two humans: S2", humans.human_human_s2),
    ):
        rows.append(_Row(label, estimate, ORANGE, "s"))
    return [row for row in rows if row.estimate.value is not None]


def _draw_scatter(comparison: HumanComparison, humans: Side, simulated: Side, names: Sequence[str], path: Path) -> None:
    figure = new_figure(width=7.5, height=6.8)
    axes = figure.add_subplot()
    style_axes(axes)
    points = np.array([[_value(side, name) for side in (simulated, humans)] for name in names])
    errors = np.array([[_error(side, name) for side in (simulated, humans)] for name in names])
    trained = np.array([comparison.is_trained_in_lab.get(name, True) for name in names])
    for chosen, colour, marker, label in (
        (trained, BLUE, "o", "trained in the lab"),
        (~trained, ORANGE, "s", "not trained there"),
    ):
        if chosen.any():
            axes.errorbar(
                points[chosen, 0],
                points[chosen, 1],
                xerr=errors[chosen, 0],
                yerr=errors[chosen, 1],
                fmt=marker,
                color=colour,
                markersize=6,
                elinewidth=1.1,
                capsize=2,
                label=label,
                zorder=3,
            )
    if not trained.all():
        axes.legend(loc="best", frameon=True, framealpha=0.9, edgecolor="none")
    if humans.is_win_rate and simulated.is_win_rate:
        axes.axline((50, 50), slope=1, color=GREY, linewidth=1, linestyle=(0, (4, 4)), zorder=1)
    axes.set_xlabel(_axis_name("simulated", simulated))
    axes.set_ylabel(_axis_name("humans", humans))
    _widen(axes, points, errors)
    found = comparison.ranking.on_win_rates.spearman.estimate
    title = f"{len(names)} models" if found.value is None else f"Spearman {found.value:.2f} over {len(names)} models"
    if found.low is not None and found.high is not None:
        title += f", 95% interval {found.low:.2f} to {found.high:.2f}"
    axes.set_title(f"{title} (bars: 1 standard error)", fontsize=11)
    if len(names) <= MOST_TAGGED:
        place_tags(axes, [_short(name) for name in names], points, errors)
    save_figure(figure, path)


def _draw_standings(side: Side, path: Path) -> None:
    """One side alone: win rates with their intervals, the best on top."""
    models = sorted((m for m in side.models if m.win_rate is not None), key=lambda m: (-(m.win_rate or 0), m.model))
    figure = new_figure(width=7.5, height=1.3 + 0.26 * max(len(models), 1))
    axes = figure.add_subplot()
    style_axes(axes)
    scale = 100 if side.is_win_rate else 1
    for position, model in enumerate(models):
        assert model.win_rate is not None
        if model.low is not None and model.high is not None:
            axes.plot([scale * model.low, scale * model.high], [position, position], color=BLUE, linewidth=2)
        axes.plot(scale * model.win_rate, position, "o", color=BLUE, markersize=6)
    axes.set_yticks(range(len(models)), [_short(model.model) for model in models])
    axes.invert_yaxis()
    axes.set_xlabel(f"{_axis_name(side.role, side)} (bars: 95% intervals)")
    save_figure(figure, path)


def _axis_name(role: str, side: Side) -> str:
    return f"{role}: win rate, %" if side.is_win_rate else f"{role}: score"


def _model(side: Side, name: str) -> SideModel:
    return next(model for model in side.models if model.model == name)


def _value(side: Side, name: str) -> float:
    value = _model(side, name).win_rate
    return np.nan if value is None else (100 if side.is_win_rate else 1) * value


def _error(side: Side, name: str) -> float:
    return (100 if side.is_win_rate else 1) * (_model(side, name).standard_error or 0.0)


def _widen(axes: Axes, points: np.ndarray, errors: np.ndarray) -> None:
    """Room for the names."""
    low, high = (points - errors).min(axis=0), (points + errors).max(axis=0)
    margin = 0.12 * (high - low) + 1e-3
    axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
    axes.set_ylim(low[1] - margin[1], high[1] + margin[1])


def _short(name: str, most: int = 32) -> str:
    """Cut, and without the dollar signs that matplotlib would read as formulas."""
    plain = "".join(c if c.isprintable() else " " for c in name).replace("$", r"\$")
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"
