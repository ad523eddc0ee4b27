"""The picture of the judge report: one line a judge, best agreement on top, one panel a figure, with intervals."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from farm.analysis.judges.report import JudgeReport
from farm.analysis.judges.result import JudgeResult
from farm.reports.figures import (
    BLUE,
    DASHED,
    GREEN,
    GREY,
    ORANGE,
    Mark,
    axis_name,
    draw_intervals,
    figure_legend,
    new_figure,
    save_figure,
    style_axes,
)
from farm.stats.bootstrap import Estimate

_MARKS = {
    "recorded": Mark(label="recorded judge", colour=BLUE, marker="o"),
    "asked": Mark(label="annotator asked now", colour=GREEN, marker="^"),
    "baseline": Mark(label="baseline", colour=ORANGE, marker="s", is_filled=False),
    "human": Mark(label="humans among each other", colour=GREY, marker="D"),
}


class _Panel(NamedTuple):
    title: str
    values: list[Estimate | None]
    """One per line."""
    fair: float | None
    """Where a line is drawn: what a fair judge would have."""


def draw_judges(report: JudgeReport, path: Path | None) -> Figure:
    """Panels for agreement, conflict between the orders, style and order bias, and the worst attack.

    Args:
        report: the judges.
        path: the PNG to write; None to write none.
    """
    rows = [*([report.humans] if report.humans else []), *report.ordered]
    panels = [panel for panel in _panels(rows) if any(v is not None and v.value is not None for v in panel.values)]
    if not panels:
        panels = _panels(rows)[:1]
    widest = max(len(row.name) for row in rows)
    figure = new_figure(
        width=1.2 + 0.075 * widest + 2.5 * len(panels),
        height=1.8 + 0.2 * max(len(rows), 6),
        title=f"Judges on {report.n_items:,} items",
    )
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    places = [float(place) for place in reversed(range(len(rows)))]
    for axes, panel in zip(grid, panels, strict=True):
        style_axes(axes)
        _draw(axes, rows, places, panel)
    _line_of_the_best_baseline(grid[0], rows)
    grid[0].set_yticks(places, [axis_name(row.name) for row in rows], fontsize=7.5)
    grid[0].set_ylim(-0.8, len(rows) - 0.2)
    for label, row in zip(grid[0].get_yticklabels(), rows, strict=True):
        label.set_color(_MARKS[row.kind].colour)
    figure_legend(figure, note="bars: 95% intervals over items; dashed: what is fair, or what people do", n_columns=5)
    return save_figure(figure, path)


def _panels(rows: Sequence[JudgeResult]) -> list[_Panel]:
    figures = [row.figures for row in rows]
    is_attacked = any(row.attacks and row.kind == "asked" for row in rows)
    return [
        _Panel("agreement with the\nhuman majority, %", [f.agreement for f in figures], None),
        _Panel("other verdict in the\nother order, %", [f.conflict for f in figures], 0.0),
        _Panel("prefers the output\nshown first, %", [f.prefers_first_shown for f in figures], 0.5),
        _Panel(
            "prefers the\nlonger output, %", [f.prefers_longer for f in figures], _of_humans(rows, "prefers_longer")
        ),
        _Panel(
            "prefers the output\nwith a list, %", [f.prefers_lists for f in figures], _of_humans(rows, "prefers_lists")
        ),
        *([_Panel("taken in by its\nworst attack, %", [_worst(row) for row in rows], 0.0)] if is_attacked else []),
    ]


def _of_humans(rows: Sequence[JudgeResult], name: str) -> float | None:
    human_values = [vars(row.figures)[name].value for row in rows if row.kind == "human"]
    return human_values[0] if human_values else None


def _worst(row: JudgeResult) -> Estimate | None:
    values = [value for value in row.attacks.values() if value.value is not None]
    return max(values, key=lambda value: value.value or 0.0) if values else None


def _draw(axes: Axes, rows: Sequence[JudgeResult], places: Sequence[float], panel: _Panel) -> None:
    if panel.fair is not None:
        axes.axvline(100 * panel.fair, color=GREY, linewidth=1, linestyle=DASHED, zorder=1)
    for kind, mark in _MARKS.items():
        shown = [
            (place, value)
            for row, place, value in zip(rows, places, panel.values, strict=True)
            if row.kind == kind and value is not None
        ]
        draw_intervals(axes, [place for place, _ in shown], [value for _, value in shown], mark, scale=100)
    axes.set_xlabel(panel.title, fontsize=8.5)
    axes.tick_params(axis="x", labelsize=7.5)


def _line_of_the_best_baseline(axes: Axes, rows: Sequence[JudgeResult]) -> None:
    """A line at the best baseline: who does not clear it knows nothing of quality."""
    values = [row.figures.agreement.value for row in rows if row.kind == "baseline"]
    known = [value for value in values if value is not None]
    if known:
        axes.axvline(100 * max(known), color=ORANGE, linewidth=1, linestyle=DASHED, zorder=1, label="best baseline")
