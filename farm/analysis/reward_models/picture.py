"""The picture of a reward model's evaluation: how sure against how right, and accuracy by length gap."""

from pathlib import Path

from matplotlib.axes import Axes

from farm.analysis.reward_models.report import RewardReport, gap_text
from farm.reports.figures import BLUE, GREY, ORANGE, new_figure, save_figure, style_axes


def draw_reward_report(report: RewardReport, path: Path) -> None:
    """Write the PNG."""
    figure = new_figure(width=11.0, height=4.8)
    left, right = figure.subplots(1, 2)
    _draw_calibration(left, report)
    _draw_lengths(right, report)
    figure.suptitle(f"{report.evaluation.n:,} labels on {report.evaluation.n_items:,} pairs", fontsize=11)
    save_figure(figure, path)


def _draw_calibration(axes: Axes, report: RewardReport) -> None:
    axes.plot([0.5, 1.0], [0.5, 1.0], color=GREY, linewidth=1, linestyle=(0, (4, 4)), label="calibrated")
    is_first = True
    for each in report.evaluation.calibration:
        if each.confidence is not None and each.accuracy.value is not None:
            if each.accuracy.low is not None and each.accuracy.high is not None:
                ends = [each.accuracy.low, each.accuracy.high]
                axes.plot([each.confidence, each.confidence], ends, color=BLUE, linewidth=1.6)
            label = "share of the labels (95%), n beside it" if is_first else None
            axes.plot(each.confidence, each.accuracy.value, "o", color=BLUE, markersize=6, label=label)
            axes.annotate(
                str(each.n), (each.confidence, each.accuracy.value), xytext=(6, -10), textcoords="offset points",
                fontsize=8, color=GREY,
            )  # fmt: skip
            is_first = False
    axes.set_xlim(0.48, 1.02)
    axes.set_ylim(0.0, 1.02)
    axes.set_xlabel("predicted probability of the output with the higher score")
    axes.set_ylabel("share of the labels that prefer it")
    axes.legend(fontsize=8, loc="lower right")
    style_axes(axes)


def _draw_lengths(axes: Axes, report: RewardReport) -> None:
    shown = [each for each in report.evaluation.by_length if each.n]
    for place, each in enumerate(shown):
        if each.accuracy.low is not None and each.accuracy.high is not None:
            axes.plot([each.accuracy.low, each.accuracy.high], [place, place], color=BLUE, linewidth=1.6)
        if each.accuracy.value is not None:
            axes.plot(each.accuracy.value, place, "o", color=BLUE, markersize=6)
    overall = report.evaluation.accuracy.value
    if overall is not None:
        axes.axvline(overall, color=ORANGE, linewidth=1, label=f"all: {overall:.3f}")
    axes.axvline(0.5, color=GREY, linewidth=1, linestyle=(0, (4, 4)), label="a coin")
    axes.set_yticks(range(len(shown)), [f"{gap_text(each)}  (n {each.n:,})" for each in shown], fontsize=8)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("accuracy (95%); the preferred output is ... characters")
    axes.legend(fontsize=8, loc="best")
    style_axes(axes)
