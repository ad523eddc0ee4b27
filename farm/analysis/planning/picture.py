"""The picture of `farm plan`: confidence against money, one curve per source and number of seeds."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from farm.analysis.planning.report import Plan
from farm.reports.figures import BLUE, GREY, ORANGE, axis_name, new_figure, save_figure, style_axes
from farm.stats.planning.model import Design, LabelSource, closed_form_confidence
from farm.wording import counted

_COLOURS = (BLUE, ORANGE)
_MARKERS = ("o", "s")
_DASHES: tuple[str | tuple[float, tuple[float, ...]], ...] = ("-", (0.0, (5.0, 2.0)), (0.0, (1.0, 1.5)), "-.")


def draw_plan(plan: Plan, path: Path | None) -> Figure:
    """Lines are the closed form (one label a comparison), points the simulations with two standard errors.

    Args:
        plan: what was found.
        path: the PNG to write; None to write none.
    """
    figure = new_figure(
        width=8.0,
        height=5.5,
        title=f"Ordering two methods {100 * plan.question.difference:g} points apart ({plan.question.design})",
        note="lines: closed form with one label a comparison; points: simulations, bars: two standard errors",
    )
    axes = figure.add_subplot()
    style_axes(axes)
    for (name, source), colour, marker in zip(plan.sources.items(), _COLOURS, _MARKERS, strict=True):
        if source.usd_per_1000_labels > 0:
            _draw_source(axes, plan, name, source, colour, marker)
    axes.axhline(plan.search.confidence, color=GREY, linewidth=1, label=f"wanted: {plan.search.confidence:g}")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda usd, _: f"${usd:,.2f}" if usd < 1 else f"${usd:,.0f}"))
    axes.set_xlabel("price of the labels, US dollars (logarithmic)")
    axes.set_ylabel(
        "probability that the better method comes out ahead"
        + (" by > 2 SE" if plan.question.criterion == "beyond_noise" else "")
    )
    axes.legend(loc="best", frameon=True, framealpha=0.9, edgecolor="none", fontsize=8)
    return save_figure(figure, path)


def _draw_source(axes: Axes, plan: Plan, name: str, source: LabelSource, colour: str, marker: str) -> None:
    for n_seeds, dash in zip(sorted({row.n_seeds for row in plan.smallest}), _DASHES * 9, strict=False):
        base = Design(n_seeds=n_seeds, n_annotators=max(source.n_annotators), n_items=1, labels_per_comparison=1)
        n_items = np.unique(np.geomspace(5, max(plan.search.max_items, 6), 80).astype(int))
        designs = [Design(**(vars(base) | {"n_items": int(n)})) for n in n_items]
        axes.plot(
            [each.n_labels(plan.question) * source.usd_per_1000_labels / 1000 for each in designs],
            [closed_form_confidence(plan.question, source, each) for each in designs],
            color=colour,
            linestyle=dash,
            label=f"{axis_name(name)}, {counted(n_seeds, 'seed')}",
        )
        points = [p for p in plan.budgets if (p.source, p.n_seeds) == (name, n_seeds) and p.cost and p.reached]
        axes.errorbar(
            [p.cost.usd for p in points if p.cost],
            [p.reached.confidence for p in points if p.reached],
            yerr=[2 * p.reached.standard_error for p in points if p.reached],
            fmt=marker,
            color=colour,
            markersize=4,
            capsize=2,
            linestyle="none",
        )
