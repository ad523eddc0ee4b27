"""The picture of a reward model's evaluation: how sure against how right, and accuracy by length gap."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from farm.analysis.reward_models.report import RewardReport, gap_text
from farm.reports.figures import BLUE, DASHED, GREY, ORANGE, Mark, draw_intervals, new_figure, save_figure, style_axes
from farm.reports.text import PERCENT, number
from farm.wording import counted

ACCURACY = Mark(label="one range of lengths", colour=BLUE, marker="o")


def draw_reward_report(report: RewardReport, path: Path | None) -> Figure:
    """Write the PNG."""
    evaluation = report.evaluation
    figure = new_figure(
        width=11.0,
        height=5.2,
        title="A reward model against labels: calibration, and accuracy by length",
        note=f"{counted(evaluation.n, 'label')} on {counted(evaluation.n_items, 'pair')}; bars: 95% intervals over "
        "prompts, n: labels",
    )
    left, right = figure.subplots(1, 2)
    _draw_calibration(left, report)
    _draw_lengths(right, report)
    return save_figure(figure, path)


def _draw_calibration(axes: Axes, report: RewardReport) -> None:
    axes.plot([50, 100], [50, 100], color=GREY, linewidth=1, linestyle=DASHED, label="calibrated")
    shown = [
        (100 * each.confidence, each.accuracy, each.n)
        for each in report.evaluation.calibration
        if each.confidence is not None and each.accuracy.value is not None
    ]
    for place, accuracy, n in shown:
        if accuracy.low is not None and accuracy.high is not None:
            axes.plot([place, place], [100 * accuracy.low, 100 * accuracy.high], color=BLUE, linewidth=1.6)
        at = (place, 100 * (accuracy.value or 0.0))
        axes.annotate(f"n {n}", at, xytext=(6, -10), textcoords="offset points", fontsize=8, color=GREY)
    places, values = [place for place, _, _ in shown], [100 * (accuracy.value or 0.0) for _, accuracy, _ in shown]
    axes.plot(places, values, "o", color=BLUE, markersize=6, label="labels of one bin")
    axes.set_xlim(48, 102)
    axes.set_ylim(0, 102)
    axes.set_xlabel("predicted probability of the output with the higher score, %")
    axes.set_ylabel("labels that prefer it, %")
    axes.legend(fontsize=8, loc="lower right")
    style_axes(axes)


def _draw_lengths(axes: Axes, report: RewardReport) -> None:
    shown = [each for each in report.evaluation.by_length if each.n]
    draw_intervals(axes, range(len(shown)), [each.accuracy for each in shown], ACCURACY, scale=100)
    overall = report.evaluation.accuracy.value
    if overall is not None:
        axes.axvline(100 * overall, color=ORANGE, linewidth=1, label=f"all labels: {number(overall, PERCENT)}")
    axes.axvline(50, color=GREY, linewidth=1, linestyle=DASHED, label="a coin")
    axes.set_yticks(range(len(shown)), [f"{gap_text(each)}  (n {each.n:,})" for each in shown], fontsize=8)
    axes.set_xlim(-2, 102)
    axes.set_xlabel("accuracy, %")
    axes.set_ylabel("the preferred output is ... characters")
    axes.legend(fontsize=8, loc="best")
    style_axes(axes)
