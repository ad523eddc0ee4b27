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
    """This ranking's win rates in percent against the other one's; None if no model has both.

    Args:
        trust: the comparison.
        files: the page of each model by its name.
    """
    points = []
    for point in trust.points:
        (x, x_low, x_high), (y, y_low, y_high) = _percent(point.there), _percent(point.here)
        if x is not None and y is not None:
            points.append(PlotPoint(
                name=point.name, x=x, y=y, x_low=x_low, x_high=x_high, y_low=y_low, y_high=y_high,
                file=files.get(point.name, ""),
            ))  # fmt: skip
    if not points:
        return None
    return plot(
        points,
        title=f"Here against {trust.source}",
        x_title=f"Win rate, %: {trust.source}",
        y_title="Win rate, %: this ranking",
    )


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


def _percent(rate: Estimate) -> tuple[float | None, float | None, float | None]:
    value, low, high = (None if each is None else 100 * each for each in (rate.value, rate.low, rate.high))
    return value, low, high


def _point(row: BoardRow, file: str, x: float) -> PlotPoint:
    rate = 100 * (row.win_rate or 0.0)
    half = None if row.standard_error is None else 100 * Z * row.standard_error
    return PlotPoint(
        name=f"{row.name} ({row.feedback})" if row.feedback else row.name, x=x, y=rate, file=file,
        y_low=None if half is None else rate - half, y_high=None if half is None else rate + half,
    )  # fmt: skip
