"""Names beside points so that no name covers another name, a point or an error bar, and each is nearest to its own."""

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
_PADDING = 2.0
"""Pixels kept free around a name."""
_MISTAKEN = 2_500.0
"""What it costs, in square pixels covered, that a name lies nearer to another point than to its own."""


class _Candidate(NamedTuple):
    x: float
    y: float
    box: Bbox
    distance: float
    """Of the ring it lies on, in typographic points."""


def name_points(
    axes: Axes, names: Sequence[str], points: FloatArray, errors: FloatArray, *, has_diagonal: bool = False
) -> None:
    """Write each name where it covers the least; a thin line leads from a name that lies apart to its point.

    Call it when everything else is drawn, legends and the figure's other panels too: the layout is fixed from here on.

    Args:
        axes: with its limits set.
        names: one per point.
        points: (M, 2) in data coordinates.
        errors: (M, 2) half-lengths of the error bars.
        has_diagonal: whether a line of equal values is drawn, to be kept free.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.canvas.draw()
    figure.set_layout_engine("none")
    scale = figure.dpi / 72
    taken = [box for point, error in zip(points, errors, strict=True) for box in _point_and_bars(axes, point, error)]
    taken += _diagonal(axes) if has_diagonal else []
    legend = axes.get_legend()
    if legend is not None:
        taken.append(legend.get_window_extent())
    occupied = np.array([box.extents for box in taken]).reshape(-1, 4)
    pixels = axes.transData.transform(points)
    placed: list[Bbox] = []
    # The most crowded names choose first: they have the fewest free places.
    crowding = [(np.hypot(*(pixels - at).T) < 100).sum() for at in pixels]
    for index in sorted(range(len(names)), key=lambda i: (-crowding[i], i)):
        candidates = _candidates(axes, names[index], points[index], pixels[index], scale)
        costs = [
            # A little covering (of the diagonal, say) is better than a name far from its point.
            _cost(c.box, occupied, placed, axes.bbox) + 6 * c.distance + _MISTAKEN * _is_mistaken(c.box, index, pixels)
            for c in candidates
        ]
        best = min(range(len(candidates)), key=lambda k: (costs[k], k))
        chosen = candidates[best]
        needs_line = chosen.distance > _DISTANCES[1] or _is_mistaken(chosen.box, index, pixels, margin=2.0)
        axes.annotate(
            names[index],
            (points[index][0], points[index][1]),
            ((chosen.x - pixels[index][0]) / scale, (chosen.y - pixels[index][1]) / scale),
            textcoords="offset points",
            fontsize=FONT_SIZE,
            zorder=4,
            arrowprops={"arrowstyle": "-", "color": "#999999", "linewidth": 0.7} if needs_line else None,
        )
        placed.append(chosen.box)


def _candidates(axes: Axes, name: str, point: FloatArray, at: FloatArray, scale: float) -> list[_Candidate]:
    text = axes.annotate(name, (point[0], point[1]), (0, 0), textcoords="offset points", fontsize=FONT_SIZE)
    size = text.get_window_extent()
    text.remove()
    return [_candidate(at, angle, distance, scale, size) for distance in _DISTANCES for angle in _ANGLES]


def _candidate(at: FloatArray, angle: float, distance: float, scale: float, size: Bbox) -> _Candidate:
    """The name's box if it lies in this direction: its nearest side faces the point."""
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    x = float(at[0] + distance * scale * cosine - size.width * (1 - cosine) / 2)
    y = float(at[1] + distance * scale * sine - size.height * (1 - sine) / 2)
    box = Bbox.from_bounds(x - _PADDING, y - _PADDING, size.width + 2 * _PADDING, size.height + 2 * _PADDING)
    return _Candidate(x=x, y=y, box=box, distance=distance)


def _is_mistaken(box: Bbox, index: int, pixels: FloatArray, margin: float = 1.3) -> bool:
    """Whether another point is less than `margin` times as far from the name as its own."""
    sideways = np.maximum(np.maximum(box.x0 - pixels[:, 0], pixels[:, 0] - box.x1), 0.0)
    upwards = np.maximum(np.maximum(box.y0 - pixels[:, 1], pixels[:, 1] - box.y1), 0.0)
    distances = np.hypot(sideways, upwards)
    others = np.delete(distances, index)
    return bool(len(others) and others.min() < margin * distances[index])


def _point_and_bars(axes: Axes, point: FloatArray, error: FloatArray) -> list[Bbox]:
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


def _cost(box: Bbox, occupied: FloatArray, placed: Sequence[Bbox], frame: Bbox) -> float:
    """Covered area in square pixels; covering another name or leaving the frame costs ten times as much.

    Args:
        box: of a name.
        occupied: (K, 4) extents of points, bars and lines.
        placed: other names.
        frame: of the axes.
    """
    width = np.minimum(box.x1, occupied[:, 2]) - np.maximum(box.x0, occupied[:, 0])
    height = np.minimum(box.y1, occupied[:, 3]) - np.maximum(box.y0, occupied[:, 1])
    areas: list[float] = (np.maximum(0.0, width) * np.maximum(0.0, height)).tolist()
    covered = sum(areas) + 10 * sum(_overlap(box, other) for other in placed)
    outside = box.width * box.height - _overlap(box, frame)
    return covered + 10 * outside


def _overlap(first: Bbox, second: Bbox) -> float:
    width = min(first.x1, second.x1) - max(first.x0, second.x0)
    height = min(first.y1, second.y1) - max(first.y0, second.y0)
    return float(max(0.0, width) * max(0.0, height))
