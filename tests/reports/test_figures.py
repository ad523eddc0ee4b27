from pathlib import Path

import numpy as np
from matplotlib.collections import LineCollection

from farm.reports.figures import (
    BLUE,
    Mark,
    axis_name,
    draw_intervals,
    draw_points,
    figure_legend,
    new_figure,
    save_figure,
)
from farm.stats.bootstrap import Estimate

MARK = Mark(label="judge", colour=BLUE, marker="o", is_filled=False)


def test_the_same_numbers_give_the_same_file(tmp_path: Path) -> None:
    for name in ("first.png", "second.png"):
        figure = new_figure(width=3, height=2, title="Points")
        draw_points(figure.add_subplot(), np.array([[1.0, 2.0]]), np.array([[0.1, 0.0]]), MARK)
        save_figure(figure, tmp_path / "deep" / name)
    first, second = ((tmp_path / "deep" / name).read_bytes() for name in ("first.png", "second.png"))
    assert first == second and first.startswith(b"\x89PNG")


def test_each_kind_of_points_stands_once_in_the_legend_with_the_note_below() -> None:
    figure = new_figure(width=6, height=3, title="Two panels")
    for axes in figure.subplots(1, 2):
        draw_points(axes, np.array([[1.0, 2.0]]), np.zeros((1, 2)), MARK)
    figure_legend(figure, note="bars: one standard error")
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["judge"]
    assert legend.get_title().get_text() == "bars: one standard error"


def test_intervals_are_drawn_where_there_is_a_value() -> None:
    axes = new_figure(width=3, height=2, title="Intervals").add_subplot()
    known = Estimate(value=0.5, low=0.4, high=0.7, n_total=9)
    missing = Estimate(value=None, low=None, high=None, n_total=0, reason="no label")
    draw_intervals(axes, [0, 1], [known, missing], MARK, scale=100)
    (bars,) = axes.collections
    assert axes.lines[0].get_xydata().tolist() == [[50, 0]]
    assert isinstance(bars, LineCollection)
    np.testing.assert_allclose(bars.get_segments()[0], [[40, 0], [70, 0]])


def test_names_are_no_formulas_and_not_too_long() -> None:
    assert axis_name("$a_\n") == r"\$a_"
    assert len(axis_name("x" * 50)) == 32
