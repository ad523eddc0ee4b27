"""Pictures without pyplot, so that no display, no global figure and no style of the user's interferes.

Colours are Okabe and Ito's, told apart by colour-blind readers; whatever colour says, a marker or a dash says too.
"""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"


def new_figure(*, width: float, height: float) -> Figure:
    """A figure of this size in inches on a canvas without a display."""
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write the PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # No date, no version: the same numbers give the same file.
    figure.savefig(path, metadata={"Software": None})


def style_axes(axes: Axes) -> None:
    """A light grid behind the data, no frame."""
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
