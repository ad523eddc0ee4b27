"""Names beside points so that no name covers another name, a point or an error bar."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from farm.stats.bootstrap import FloatArray

FONT_SIZE = 9.5
_ANGLES = np.deg2rad([20, -20, 160, -160, 45, -45, 135, -135, 75, -75, 105, -105, 0, 180])
_DISTANCES = (9.0, 16.0, 26.0, 40.0, 58.0)
"""From the point, in typographic points, tried in turn."""


class _Try(NamedTuple):
    x: float
    y: float
    box: Bbox


def place_tags(axes: Axes, names: Sequence[str], points: FloatArray, errors: FloatArray) -> None:
    """Write each name where it covers the least; a thin line leads from a name that had to move away to its point.

    Args:
        axes: with its limits set.
        names: one per point.
        points: (M, 2) in data coordinates.
        errors: (M, 2) half-lengths of the error bars.
    """
    figure = axes.figure
    figure.canvas.draw()
    pixels_per_point = figure.dpi / 72
    taken = [box for point, error in zip(points, errors, strict=True) for box in _bars(axes, point, error)]
    taken += _diagonal(axes)
    legend = axes.get_legend()
    if legend is not None:
        taken.append(legend.get_window_extent())
    placed: list[Bbox] = []
    # The most crowded names choose first: they have the fewest free places.
    crowding = [(np.hypot(*(points - point).T) < 4).sum() for point in points]
    for index in sorted(range(len(names)), key=lambda i: (-crowding[i], i)):
        text = axes.annotate(
            names[index], points[index], (0, 0), textcoords="offset points", fontsize=FONT_SIZE, zorder=4
        )
        size = text.get_window_extent()
        at = axes.transData.transform(points[index])
        tries = [_try(at, angle, distance * pixels_per_point, size) for distance in _DISTANCES for angle in _ANGLES]
        # A little covering (of the diagonal, say) is better than a name far from its point.
        costs = [
            _cost(t.box, taken, placed, axes.bbox) + 6 * _DISTANCES[k // len(_ANGLES)] for k, t in enumerate(tries)
        ]
        best = min(range(len(tries)), key=lambda k: (costs[k], k))
        chosen = tries[best]
        text.remove()
        is_far = best >= 2 * len(_ANGLES)
        axes.annotate(
            names[index],
            points[index],
            ((chosen.x - at[0]) / pixels_per_point, (chosen.y - at[1]) / pixels_per_point),
            textcoords="offset points",
            fontsize=FONT_SIZE,
            zorder=4,
            arrowprops={"arrowstyle": "-", "color": "#999999", "linewidth": 0.7} if is_far else None,
        )
        placed.append(chosen.box)


def _try(at: FloatArray, angle: float, distance: float, size: Bbox) -> _Try:
    """The name's box if it lies in this direction: its nearest side faces the point."""
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    x = at[0] + distance * cosine - size.width * (1 - cosine) / 2
    y = at[1] + distance * sine - size.height * (1 - sine) / 2
    return _Try(x=float(x), y=float(y), box=Bbox.from_bounds(float(x), float(y), size.width, size.height))


def _bars(axes: Axes, point: FloatArray, error: FloatArray) -> list[Bbox]:
    """The marker and the two error bars, in pixels."""
    low, at, high = (axes.transData.transform(p) for p in (point - error, point, point + error))
    thin = 7.0
    return [
        Bbox.from_extents(at[0] - 12, at[1] - 12, at[0] + 12, at[1] + 12),
        Bbox.from_extents(low[0] - thin, at[1] - thin, high[0] + thin, at[1] + thin),
        Bbox.from_extents(at[0] - thin, low[1] - thin, at[0] + thin, high[1] + thin),
    ]


def _diagonal(axes: Axes) -> list[Bbox]:
    """The line of equal win rates, as a chain of small boxes."""
    ends = [axes.transData.transform((limit, limit)) for limit in axes.get_xlim()]
    steps = [ends[0] + (ends[1] - ends[0]) * share for share in np.linspace(0, 1, 200)]
    return [Bbox.from_extents(at[0] - 1, at[1] - 3, at[0] + 1, at[1] + 3) for at in steps]


def _cost(box: Bbox, taken: Sequence[Bbox], placed: Sequence[Bbox], frame: Bbox) -> float:
    """Covered area in square pixels; covering another name or leaving the frame costs ten times as much."""
    covered = sum(_overlap(box, other) for other in taken) + 10 * sum(_overlap(box, other) for other in placed)
    outside = box.width * box.height - _overlap(box, frame)
    return covered + 10 * outside


def _overlap(one: Bbox, other: Bbox) -> float:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return float(max(0.0, width) * max(0.0, height))
