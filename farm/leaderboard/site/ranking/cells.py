"""The cells of a ranking: a figure as text, what it is sorted by, and its interval drawn on the column's own axis."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from farm.stats.bootstrap import Estimate

Z = 1.959964
"""Half the width of a 95% interval, in standard errors."""
WIDTH = 100.0
"""Units of the drawing from one end of the axis to the other; its height is 12."""
ABSENT = "–"  # noqa: RUF001
NO_DRAWING = Markup("")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one row shows in one column."""

    text: str
    detail: str = ""
    """The interval or the standard error, in smaller type."""
    order: float | None = None
    """What the column is sorted by; None: missing, or text that sorts as it is."""
    drawing: Markup = NO_DRAWING
    """Its interval; says nothing that the text does not say."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What the ends of a column's drawings mean."""

    low: float
    high: float
    mark: float
    """Where the reference is: a line in every drawing."""

    def at(self, value: float) -> float:
        """Where a value is drawn, within the drawing."""
        return WIDTH * min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


def axis_of(figures: Iterable[float | None], mark: float) -> Axis:
    """The axis that holds all these ends of intervals, and the mark."""
    ends = [end for end in figures if end is not None and math.isfinite(end)]
    low, high = min([mark, *ends]), max([mark, *ends])
    margin = 0.04 * (high - low) or 1.0
    return Axis(low=low - margin, high=high + margin, mark=mark)


def interval_drawing(axis: Axis, value: float, low: float | None, high: float | None) -> Markup:
    """A dot at the value on its interval."""
    line = "" if low is None or high is None else f'<path class="b" d="M{axis.at(low):.1f} 6H{axis.at(high):.1f}"/>'
    return Markup(
        f'<svg viewBox="0 0 100 12" class="iv" aria-hidden="true"><path class="r" d="M{axis.at(axis.mark):.1f} 0V12"/>'
        f'{line}<circle cx="{axis.at(value):.1f}" cy="6" r="2.2"/></svg>'
    )


def rate_interval(value: float, error: float | None) -> tuple[float | None, float | None]:
    """The ends of a rate's 95% interval; None without a standard error."""
    return (None, None) if error is None else (max(0.0, value - Z * error), min(1.0, value + Z * error))


def rate_cell(value: float | None, error: float | None, axis: Axis) -> Cell:
    """A rate in percent with its standard error; the drawing is the 95% interval."""
    if value is None:
        return Cell(text=ABSENT)
    detail = "" if error is None else f"± {100 * error:.1f}"
    low, high = rate_interval(value, error)
    return Cell(text=f"{100 * value:.1f}", detail=detail, order=value, drawing=interval_drawing(axis, value, low, high))


def estimate_cell(estimate: Estimate, axis: Axis, *, scale: float, digits: int) -> Cell:
    """An estimate with its interval.

    Args:
        estimate: what is shown.
        axis: of its column.
        scale: 100 for percent.
        digits: behind the point.
    """
    if estimate.value is None:
        return Cell(text=ABSENT, detail=estimate.reason)
    value, low, high = estimate.value, estimate.low, estimate.high
    shown = "" if low is None or high is None else f"[{scale * low:.{digits}f}, {scale * high:.{digits}f}]"
    return Cell(
        text=f"{scale * value:.{digits}f}",
        detail=shown or estimate.reason,
        order=value,
        drawing=interval_drawing(axis, value, low, high),
    )


def outcome_drawing(n_wins: int, n_ties: int, n_losses: int) -> Markup:
    """Wins, ties and losses as parts of one bar."""
    n_total = n_wins + n_ties + n_losses
    if n_total == 0:
        return Markup("")
    won, tied = WIDTH * n_wins / n_total, WIDTH * n_ties / n_total
    parts = [("w", 0.0, won), ("t", won, tied), ("l", won + tied, WIDTH - won - tied)]
    bars = "".join(f'<path class="{c}" d="M{x:.1f} 6h{width:.1f}"/>' for c, x, width in parts if width > 0)
    return Markup(f'<svg viewBox="0 0 100 12" class="ou" aria-hidden="true">{bars}</svg>')


def number_cell(value: float | None, *, digits: int, prefix: str = "") -> Cell:
    """A plain number."""
    if value is None:
        return Cell(text=ABSENT)
    return Cell(text=f"{prefix}{value:,.{digits}f}", order=value)
