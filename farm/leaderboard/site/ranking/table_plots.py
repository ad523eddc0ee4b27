"""What stands below a ranking: its win rates against another ranking, against length and against cost."""

from collections.abc import Callable, Sequence

from farm.leaderboard.board import BoardRow, BoardTable, TrackTrust
from farm.leaderboard.site.plots import Plot, PlotPoint, plot
from farm.leaderboard.site.ranking.cells import Z
from farm.stats.bootstrap import Estimate

ABSCISSAE: tuple[tuple[str, str, Callable[[BoardRow], float | None]], ...] = (
    ("Win rate against length", "Mean characters of an answer", lambda row: row.mean_length),
    ("Win rate against cost", "Cost of answering and judging, US dollars", lambda row: row.cost_usd),
)
"""Title of a plot, of its axis, and what is on it."""


def trust_plot(trust: TrackTrust, files: dict[str, str]) -> Plot | None:
    """This ranking's figures against the other one's; None if no model has both.

    Args:
        trust: the comparison.
        files: the page of each model by its name.
    """
    points = [
        PlotPoint(
            name=point.name, x=point.there.value, y=point.here.value, x_low=point.there.low, x_high=point.there.high,
            y_low=point.here.low, y_high=point.here.high, file=files.get(point.name, ""),
        )
        for point in trust.points
        if point.there.value is not None and point.here.value is not None
    ]  # fmt: skip
    if not points:
        return None
    return plot(points, title=f"Here against {trust.source}", x_title=trust.source, y_title="This ranking")


def row_plots(table: BoardTable, files: Sequence[str]) -> list[Plot]:
    """Win rate in percent against mean length and, where it is known, against cost."""
    made = []
    for title, x_title, x_of in ABSCISSAE:
        points = [
            _point(row, file, x) for row, file in zip(table.rows, files, strict=True) if (x := x_of(row)) is not None
            and row.win_rate is not None
        ]  # fmt: skip
        if len({point.x for point in points}) > 1:
            made.append(plot(points, title=title, x_title=x_title, y_title="Win rate, %"))
    return made


def estimate_text(estimate: Estimate) -> str:
    """Such as 0.93 [0.88, 0.97]."""
    if estimate.value is None:
        return estimate.reason or "not defined"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f}" + (f" ({estimate.reason})" if estimate.reason else "")
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def _point(row: BoardRow, file: str, x: float) -> PlotPoint:
    rate = 100 * (row.win_rate or 0.0)
    half = None if row.standard_error is None else 100 * Z * row.standard_error
    return PlotPoint(
        name=f"{row.name} ({row.feedback})" if row.feedback else row.name, x=x, y=rate, file=file,
        y_low=None if half is None else rate - half, y_high=None if half is None else rate + half,
    )  # fmt: skip
