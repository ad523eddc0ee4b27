"""Plots as SVG that needs no script: positions are computed here, a template writes them with every name escaped."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 620, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 12, 52
"""Room around the data, in units of the drawing."""
CHARACTER, LINE = 6.6, 14
"""Size of the names beside points: of one character at most, and of a line."""
MAX_NAME = 28
"""Characters of a name that stand in the drawing; the rest is in the figures below it."""
N_STYLES = 8
"""Pairs of colour and dashes that the style sheet has for series; beyond them they come round again."""
LOG_SPREAD = 50
"""A positive quantity is drawn on a logarithmic axis if its largest value is that many times the smallest."""


@dataclass(frozen=True, kw_only=True)
class PlotPoint:
    """One model."""

    name: str
    x: float
    y: float
    x_low: float | None = None
    x_high: float | None = None
    y_low: float | None = None
    y_high: float | None = None
    file: str = ""
    """Its page."""
    series: str = ""
    """Points of one series look alike and have one entry in the legend; empty: single points."""
    strand: str = ""
    """Within a series, points of one strand are joined, such as those of one seed."""


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A value on an axis."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A point where it is drawn."""

    point: PlotPoint
    x: float
    y: float
    across: tuple[float, float] | None
    """Ends of the interval of x."""
    along: tuple[float, float] | None
    """Ends of the interval of y."""
    name: str
    """What stands beside it; empty where there is no room."""
    name_x: float
    name_y: float
    anchor: str
    style: int
    """Of its series, from 0 and below N_STYLES."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """The path of one strand of a series."""

    path: str
    style: int


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A drawing, and the figures in it for those who cannot see it."""

    title: str
    x_title: str
    y_title: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    marks: Sequence[Mark]
    lines: Sequence[Line]
    series: Sequence[str]
    """Names of the series, in the order of their styles, which come round after N_STYLES."""


class _Scale:
    """From values to positions."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        low, high = min(values), max(values)
        self.is_log = low > 0 and high / low >= LOG_SPREAD
        if self.is_log:
            low, high = math.log10(low), math.log10(high)
        margin = 0.05 * (high - low) or 1.0
        self.low, self.high, self.start, self.end = low - margin, high + margin, start, end

    def at(self, value: float) -> float:
        shown = math.log10(value) if self.is_log else value
        return round(self.start + (shown - self.low) / (self.high - self.low) * (self.end - self.start), 1)

    def ticks(self) -> list[Tick]:
        if self.is_log:
            powers = range(math.ceil(self.low), math.floor(self.high) + 1)
            values = [m * 10.0**p for p in powers for m in (1, 3) if self.low <= math.log10(m * 10.0**p) <= self.high]
            return [Tick(at=self.at(value), text=f"{value:,g}") for value in values]
        raw = (self.high - self.low) / 6
        unit = 10.0 ** math.floor(math.log10(raw))
        step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= raw)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        digits = max(0, -math.floor(math.log10(step)))
        return [Tick(at=self.at(n * step), text=f"{n * step:,.{digits}f}") for n in range(first, last + 1)]


def plot(points: Sequence[PlotPoint], *, title: str, x_title: str, y_title: str) -> Plot:
    """A plot of at least one point; the first points' names have the first claim to room."""
    xs = [x for p in points for x in (p.x, p.x_low, p.x_high) if x is not None]
    ys = [y for p in points for y in (p.y, p.y_low, p.y_high) if y is not None]
    x_scale, y_scale = _Scale(xs, LEFT, WIDTH - RIGHT), _Scale(ys, HEIGHT - BOTTOM, TOP)
    series = list(dict.fromkeys(p.series for p in points if p.series))
    boxes = [_box(x_scale.at(p.x) - 4, y_scale.at(p.y) - 4, 8, 8) for p in points]
    marks = [_mark(p, x_scale, y_scale, boxes, series) for p in points]
    return Plot(
        title=title, x_title=x_title, y_title=y_title, x_ticks=x_scale.ticks(), y_ticks=y_scale.ticks(), marks=marks,
        lines=[_line(*strand, marks, series) for strand in _strands(points)], series=series,
    )  # fmt: skip


def _mark(
    point: PlotPoint,
    x_scale: _Scale,
    y_scale: _Scale,
    boxes: list[tuple[float, float, float, float]],
    series: Sequence[str],
) -> Mark:
    x, y = x_scale.at(point.x), y_scale.at(point.y)
    name, name_x, name_y, anchor = ("", 0.0, 0.0, "start") if point.series else _place(point.name, x, y, boxes)
    return Mark(
        point=point, x=x, y=y, across=_ends(x_scale, point.x_low, point.x_high),
        along=_ends(y_scale, point.y_low, point.y_high), name=name, name_x=name_x, name_y=name_y, anchor=anchor,
        style=series.index(point.series) % N_STYLES if point.series else 0,
    )  # fmt: skip


def _place(
    name: str, x: float, y: float, boxes: list[tuple[float, float, float, float]]
) -> tuple[str, float, float, str]:
    """Where a name stands without covering a point or another name; nothing if there is no such place."""
    shown = name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…"
    width = CHARACTER * len(shown)
    for at_x, at_y, anchor, left in (
        (x + 8, y + 4, "start", x + 8),
        (x - 8, y + 4, "end", x - 8 - width),
        (x, y - 9, "middle", x - width / 2),
        (x, y + 18, "middle", x - width / 2),
    ):
        box = _box(left, at_y - 11, width, LINE)
        is_inside = box[0] >= LEFT and box[2] <= WIDTH and box[1] >= 0 and box[3] <= HEIGHT - BOTTOM
        if is_inside and not any(_overlap(box, other) for other in boxes):
            boxes.append(box)
            return shown, round(at_x, 1), round(at_y, 1), anchor
    return "", 0.0, 0.0, "start"


def _box(left: float, top: float, width: float, height: float) -> tuple[float, float, float, float]:
    return left, top, left + width, top + height


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _ends(scale: _Scale, low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (scale.at(low), scale.at(high))


def _strands(points: Sequence[PlotPoint]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((p.series, p.strand) for p in points if p.series))


def _line(series: str, strand: str, marks: Sequence[Mark], all_series: Sequence[str]) -> Line:
    places = [(m.x, m.y) for m in marks if (m.point.series, m.point.strand) == (series, strand)]
    return Line(path="M" + "L".join(f"{x} {y}" for x, y in places), style=all_series.index(series) % N_STYLES)
