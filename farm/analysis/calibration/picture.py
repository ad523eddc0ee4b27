"""The picture of a calibration: real against simulated figures, and the parameters with their intervals."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from farm.analysis.calibration.fit_and_check import Calibration
from farm.reports.figures import (
    BLUE,
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
from farm.wording import counted

_MARKS = {
    "real": Mark(label="human labels", colour=BLUE, marker="o"),
    "calibrated": Mark(label="calibrated crowd", colour=ORANGE, marker="s"),
    "flat_flips": Mark(label="flat 25% flips", colour=GREEN, marker="^"),
    "judge_alone": Mark(label="judge alone", colour=GREY, marker="x"),
}
_AHEAD = Mark(label="calibrated crowd", colour=ORANGE, marker="s")
_SCORE_NAMES = {
    "flat_flips": "flat 25% flips",
    "judge_alone": "judge alone",
    "constant": "constant",
    "fitted_flips": "fitted flips",
}


def draw_calibration(fit: Calibration, name: str, path: Path | None) -> Figure:
    """Write the PNG."""
    figure = new_figure(width=11.0, height=5.2, title=f"{axis_name(name)}: {axis_name(fit.judge)} with a crowd's noise")
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1.0))
    _draw_figures(left, fit)
    _draw_scores(right, fit)
    figure_legend(
        figure,
        note=f"{counted(fit.n_labels, 'label')} on held-out items; bars: 95% of resampled items, or of simulations",
    )
    return save_figure(figure, path)


def _draw_figures(axes: Axes, fit: Calibration) -> None:
    style_axes(axes)
    shown = [row for row in fit.figures if row.real.value is not None]
    rows = np.arange(len(shown))[::-1]
    for k, (field, mark) in enumerate(_MARKS.items()):
        places = [float(place) for place in rows + 0.24 - 0.16 * k]
        draw_intervals(axes, places, [vars(row)[field] for row in shown], mark, scale=100)
    axes.set_yticks(rows, [row.name.replace("_", " ") for row in shown])
    axes.set_xlim(-2, 102)
    axes.set_xlabel("labels, or pairs of labels, %")
    axes.set_title("How the labels are", fontsize=10)


def _draw_scores(axes: Axes, fit: Calibration) -> None:
    style_axes(axes)
    shown = [score for score in fit.held_out.scores if score.ahead is not None and score.ahead.value is not None]
    places = [float(place) for place in reversed(range(len(shown)))]
    draw_intervals(axes, places, [score.ahead for score in shown if score.ahead is not None], _AHEAD)
    axes.axvline(0.0, color=GREY, linewidth=1)
    axes.set_yticks(places, [_SCORE_NAMES[score.name] for score in shown])
    axes.set_xlabel("difference of log-probabilities, nats per label")
    axes.set_title("How far ahead the calibrated crowd is of ...", fontsize=10)
    axes.set_ylim(-0.6, len(shown) - 0.4)
