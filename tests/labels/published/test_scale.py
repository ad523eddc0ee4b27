"""Fractions or percent: said by percent signs, else by values above 1, and never by a few of them."""

from pathlib import Path

import pytest

from farm.data.files.rows import DataError
from farm.labels.published.scale import Scale, scale_of


def scale(*cells: str, column: str = "win_rate") -> Scale:
    return scale_of(Path("standings.csv"), [{column: cell} for cell in cells], column)


def test_a_value_above_1_says_percent_and_that_is_said() -> None:
    assert scale("0.8", "1", "0") == Scale(is_win_rate=True, divisor=1, notes=())
    found = scale("62.5", "1.0", "40", "0.5")
    assert found.divisor == 100
    assert found.notes == ("win_rate is read as percent, as 62.5 is above 1",)


def test_percent_signs_are_believed() -> None:
    assert scale("0.8%", "0.5%") == Scale(is_win_rate=True, divisor=100, notes=())
    assert scale("12.5%", "1%", "0.9%", "0.5%").divisor == 100
    assert scale("0.8%", "0.5%", "0.3").notes == ("win_rate is read as percent, as 2 of 3 have a percent sign",)


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        (("1.2", "0.6", "0.5", "0.3"), "3 of 4 win rates are at most 1, as fractions are, but not 1.2;"),
        (("0.6", "60", "0.5", "0.3", "70"), "but not 60, 70; write all of them as fractions, or each with a percent"),
        (("60%", "0.5", "0.3"), "2 of 3 win rates are at most 1, as fractions are, but not 60%"),
    ],
)
def test_a_few_above_1_among_fractions_are_refused(cells: tuple[str, ...], what: str) -> None:
    with pytest.raises(DataError, match=what):
        scale(*cells)


def test_a_figure_that_is_no_win_rate_has_no_scale() -> None:
    assert scale("1.2", "0.6", "0.5", column="elo") == Scale(is_win_rate=False, divisor=1, notes=())


def test_zeros_are_the_same_on_both_scales() -> None:
    assert scale("0", "0", "0", "5").divisor == 100
