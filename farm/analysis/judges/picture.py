"""The picture of the judge report: one line a judge, best agreement on top, one panel a figure, with intervals."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from farm.analysis.judges.report import JudgeReport
from farm.analysis.judges.result import JudgeResult
from farm.reports.figures import BLUE, GREEN, GREY, ORANGE, new_figure, save_figure, style_axes
from farm.stats.bootstrap import Estimate

_KINDS = {
    "recorded": (BLUE, "o", BLUE, "recorded judge"),
    "live": (GREEN, "^", GREEN, "annotator asked now"),
    "baseline": (ORANGE, "s", "white", "baseline"),
    "human": (GREY, "D", GREY, "humans among each other"),
}


class _Panel(NamedTuple):
    title: str
    values: list[Estimate | None]
    """One per line."""
    fair: float | None
    """Where a line is drawn: what a fair judge would have."""


def draw_judges(report: JudgeReport, path: Path) -> None:
    """Panels for agreement, conflict between the orders, leanings, and the worst attack.

    Args:
        report: the judges.
        path: the PNG to write.
    """
    rows = [*([report.humans] if report.humans else []), *report.ordered]
    panels = [panel for panel in _panels(rows) if any(v is not None and v.value is not None for v in panel.values)]
    if not panels:
        panels = _panels(rows)[:1]
    widest = max(len(row.name) for row in rows)
    figure = new_figure(width=1.2 + 0.075 * widest + 2.5 * len(panels), height=1.5 + 0.2 * max(len(rows), 6))
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    places = np.arange(len(rows))[::-1].astype(np.float64)
    for ax, panel in zip(axes, panels, strict=True):
        style_axes(ax)
        _draw(ax, rows, places, panel)
    _bars_of_the_best(axes[0], rows)
    axes[0].set_yticks(places, [row.name for row in rows], fontsize=7.5)
    axes[0].set_ylim(-0.8, len(rows) - 0.2)
    for label, row in zip(axes[0].get_yticklabels(), rows, strict=True):
        label.set_color(_KINDS[row.kind][0])
    legend = _legend(list(axes))
    figure.legend(list(legend.values()), list(legend), loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    figure.suptitle(f"Judges on {report.n_items:,} items (bars: 95% intervals over items)", fontsize=10)
    save_figure(figure, path)


def _panels(rows: Sequence[JudgeResult]) -> list[_Panel]:
    figures = [row.figures for row in rows]
    is_attacked = any(row.probes and row.kind == "live" for row in rows)
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
    found = [vars(row.figures)[name].value for row in rows if row.kind == "human"]
    return found[0] if found else None


def _worst(row: JudgeResult) -> Estimate | None:
    values = [value for value in row.probes.values() if value.value is not None]
    return max(values, key=lambda value: value.value or 0.0) if values else None


def _draw(axes: Axes, rows: Sequence[JudgeResult], places: np.ndarray, panel: _Panel) -> None:
    if panel.fair is not None:
        axes.axvline(100 * panel.fair, color=GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    for kind, (colour, marker, fill, label) in _KINDS.items():
        shown = [
            (place, value)
            for row, place, value in zip(rows, places, panel.values, strict=True)
            if row.kind == kind and value is not None and value.value is not None
        ]
        if not shown:
            continue
        centre = np.array([100 * (value.value or 0.0) for _, value in shown])
        low = np.array([c if v.low is None else 100 * v.low for c, (_, v) in zip(centre, shown, strict=True)])
        high = np.array([c if v.high is None else 100 * v.high for c, (_, v) in zip(centre, shown, strict=True)])
        axes.errorbar(
            centre,
            [place for place, _ in shown],
            # An interval of a bounded share can end on the wrong side of the value by rounding.
            xerr=np.maximum([centre - low, high - centre], 0.0),
            fmt=marker,
            color=colour,
            markerfacecolor=fill,
            markersize=4,
            elinewidth=1,
            linestyle="none",
            label=label,
            zorder=3,
        )
    axes.set_title(panel.title, fontsize=8.5)
    axes.tick_params(axis="x", labelsize=7.5)


def _bars_of_the_best(axes: Axes, rows: Sequence[JudgeResult]) -> None:
    """A line at the best baseline: who does not clear it knows nothing of quality."""
    values = [row.figures.agreement.value for row in rows if row.kind == "baseline"]
    known = [value for value in values if value is not None]
    if known:
        axes.axvline(
            100 * max(known), color=ORANGE, linewidth=1, linestyle=(0, (4, 3)), zorder=1, label="best baseline"
        )


def _legend(axes: Sequence[Axes]) -> dict[str, Artist]:
    """What the marks of all panels mean, each once."""
    found: dict[str, Artist] = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        found |= {label: handle for label, handle in zip(labels, handles, strict=True) if label not in found}
    return found
