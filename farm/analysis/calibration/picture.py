"""The picture of a calibration: real against simulated figures, and the parameters with their intervals."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from farm.analysis.calibration.fit_and_check import Calibration
from farm.stats.bootstrap import Estimate

# Okabe and Ito's colours; whatever colour says, a marker says too.
_SERIES = (
    ("real", "human", "#0072B2", "o"),
    ("calibrated", "calibrated crowd", "#D55E00", "s"),
    ("flat_flips", "flat 25% flips", "#009E73", "^"),
    ("judge_alone", "judge alone", "#666666", "x"),
)
_SCORE_NAMES = {
    "flat_flips": "flat 25% flips",
    "judge_alone": "judge alone",
    "constant": "constant",
    "fitted_flips": "fitted flips",
}


def draw_calibration(found: Calibration, name: str, path: Path) -> None:
    """Write the PNG."""
    figure = Canvas(figsize=(11.0, 4.6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1.0))
    _draw_figures(left, found)
    _draw_scores(right, found)
    figure.suptitle(f"{name}: {found.judge} with the noise of a crowd, {found.n_labels} labels on held-out items")
    path.parent.mkdir(parents=True, exist_ok=True)
    # No date, no version: the same numbers give the same file.
    figure.savefig(path, metadata={"Software": None})


def _draw_figures(axes: Axes, found: Calibration) -> None:
    shown = [row for row in found.figures if row.real.value is not None]
    for k, (field, label, colour, marker) in enumerate(_SERIES):
        estimates: list[Estimate] = [vars(row)[field] for row in shown]
        places = np.arange(len(shown))[::-1] + 0.24 - 0.16 * k
        for place, value in zip(places, estimates, strict=True):
            if value.low is not None and value.high is not None:
                axes.plot([value.low, value.high], [place, place], color=colour, linewidth=1.6)
        points = [np.nan if value.value is None else value.value for value in estimates]
        axes.plot(points, places, marker, color=colour, markersize=5, label=label)
    axes.set_yticks(np.arange(len(shown))[::-1], [row.name.replace("_", " ") for row in shown])
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("share (bars: 95% of resampled items, or of simulations)")
    axes.legend(fontsize=8, loc="best")
    _style(axes)


def _draw_scores(axes: Axes, found: Calibration) -> None:
    shown = [score for score in found.held_out.scores if score.ahead is not None and score.ahead.value is not None]
    for place, score in zip(range(len(shown))[::-1], shown, strict=True):
        assert score.ahead is not None
        assert score.ahead.value is not None
        if score.ahead.low is not None and score.ahead.high is not None:
            axes.plot([score.ahead.low, score.ahead.high], [place, place], color="#D55E00", linewidth=1.6)
        axes.plot(score.ahead.value, place, "s", color="#D55E00", markersize=6)
    axes.axvline(0.0, color="#666666", linewidth=1)
    axes.set_yticks(range(len(shown))[::-1], [_SCORE_NAMES[score.name] for score in shown])
    axes.set_xlabel("calibrated ahead by, nats per label")
    axes.set_ylim(-0.6, len(shown) - 0.4)
    _style(axes)


def _style(axes: Axes) -> None:
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
