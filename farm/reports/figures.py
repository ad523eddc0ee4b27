"""What all pictures share, without pyplot, so that no display, no global figure and no style of the user's interferes.

A title says what is shown, every axis what it measures and in which unit, a note how much it rests on. Colours are
Okabe and Ito's, told apart by colour-blind readers; whatever colour says, a marker or a dash says too.
"""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from farm.disk import write_whole
from farm.plain_text import one_line
from farm.stats.bootstrap import Estimate, FloatArray

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
DASHED = (0, (4, 4))
TITLE_SIZE, NOTE_SIZE = 12, 9


@dataclass(frozen=True, kw_only=True)
class Mark:
    """How the points of one kind are drawn and what the legend calls them."""

    label: str
    colour: str
    marker: str
    is_filled: bool = True

    @property
    def fill(self) -> str:
        return self.colour if self.is_filled else "white"


NO_LABELS = Mark(label="no labels", colour=GREY, marker="D", is_filled=False)


def new_figure(*, width: float, height: float, title: str, note: str = "") -> Figure:
    """A figure on a canvas without a display.

    Args:
        width: in inches.
        height: in inches.
        title: what is shown.
        note: what it rests on and what the bars are, below; a figure with a legend of its own has it there.
    """
    # Room at the edges, or the label of a colour bar is cut.
    figure = Figure(figsize=(width, height), dpi=150, layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.06))
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=TITLE_SIZE)
    if note:
        figure.supxlabel(note, fontsize=NOTE_SIZE, color=GREY)
    return figure


def save_figure(figure: Figure, path: Path | None) -> Figure:
    """Write the PNG, where a path is given; returns the figure, which a notebook shows."""
    if path is None:
        return figure
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph ")  # a box stands where the font lacks a sign of a name
        # No date, no version: the same numbers give the same file.
        figure.savefig(content, format="png", metadata={"Software": None})
    write_whole(path, content.getvalue())
    return figure
    return figure
    return figure


def style_axes(axes: Axes) -> None:
    """A light grid behind the data, no frame."""
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def draw_points(axes: Axes, points: FloatArray, errors: FloatArray, mark: Mark) -> None:
    """Points with bars of one standard error.

    Args:
        axes: where.
        points: (N, 2) in data coordinates.
        errors: (N, 2) half-lengths of the bars along x and y; a column of zeros has no bars.
        mark: how they look.
    """
    if not len(points):
        return
    axes.errorbar(
        points[:, 0],
        points[:, 1],
        xerr=errors[:, 0] if errors[:, 0].any() else None,
        yerr=errors[:, 1] if errors[:, 1].any() else None,
        fmt=mark.marker,
        color=mark.colour,
        markerfacecolor=mark.fill,
        markersize=7,
        elinewidth=1.2,
        capsize=2.5,
        label=mark.label,
        zorder=3,
    )


def draw_intervals(
    axes: Axes, places: Sequence[float], estimates: Sequence[Estimate], mark: Mark, *, scale: float = 1.0
) -> None:
    """Estimates along x with their intervals, one per place along y; what has no value is left out.

    Args:
        axes: where.
        places: along y.
        estimates: one per place.
        mark: how they look.
        scale: what values are multiplied by: 100 for percent.
    """
    shown = [(place, e) for place, e in zip(places, estimates, strict=True) if e.value is not None]
    if not shown:
        return
    at = np.array([place for place, _ in shown])
    value = scale * np.array([e.value for _, e in shown], dtype=np.float64)
    low = scale * np.array([e.value if e.low is None else e.low for _, e in shown], dtype=np.float64)
    high = scale * np.array([e.value if e.high is None else e.high for _, e in shown], dtype=np.float64)
    axes.errorbar(
        value,
        at,
        # An interval of a bounded share can end on the wrong side of the value by rounding.
        xerr=np.maximum([value - low, high - value], 0.0),
        fmt=mark.marker,
        color=mark.colour,
        markerfacecolor=mark.fill,
        markersize=5.5,
        elinewidth=1.6,
        linestyle="none",
        label=mark.label,
        zorder=3,
    )


def figure_legend(figure: Figure, *, note: str = "", n_columns: int = 4) -> None:
    """What the marks of all panels mean, each once, below them; a note stands under them.

    Args:
        figure: with all its panels drawn.
        note: what the figures rest on and what the bars are.
        n_columns: of the legend.
    """
    meaning: dict[str, Artist] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            meaning.setdefault(label, handle)
    legend = figure.legend(
        list(meaning.values()),
        list(meaning),
        title=note or None,
        title_fontproperties={"size": NOTE_SIZE},
        loc="outside lower center",
        ncols=n_columns,
        frameon=False,
        fontsize=9,
    )
    legend.get_title().set_color(GREY)


def axis_name(name: str, most: int = 32) -> str:
    """A name from a file as text in a picture.

    It is cut, and has none of the signs that matplotlib would read as a formula; a legend leaves out what begins with
    an underscore.
    """
    plain = one_line(name)
    shown = plain if len(plain) <= most else f"{plain[: most - 1]}…"
    return (f" {shown}" if shown.startswith("_") else shown).replace("$", r"\$")
