"""A recorded verdict is found by the texts of its pair, in the order of presentation that is asked for."""

import pandas as pd

from farm.labels.annotation_row import annotation_frame
from farm.labels.replay import recorded_verdicts
from farm.records import Comparison, Preference
from tests.judges.scripted import swapped
from tests.labels.label_rows import row

FIRST, SECOND = Preference.FIRST, Preference.SECOND
PAIR = Comparison(instruction="Do 1.", output_1="x", output_2="y")


def table(*verdicts: tuple[float, int | None]) -> pd.DataFrame:
    """Verdicts of one judge on one pair, each with the output that was shown first."""
    return annotation_frame([row("1", "judge", p).model_copy(update={"first_shown": shown}) for p, shown in verdicts])


def preference(frame: pd.DataFrame, comparison: Comparison, first_shown: int | None) -> Preference | None:
    annotation = recorded_verdicts(frame).on(comparison, first_shown)
    assert annotation is None or annotation.comparison_key == comparison.key
    return None if annotation is None else annotation.preference


def test_the_verdict_is_that_of_the_asked_order_whatever_the_pair_is_called() -> None:
    """A judge that prefers what it sees first: x in the order x y, y in the order y x."""
    frame = table((1, 1), (2, 2))
    assert [preference(frame, PAIR, shown) for shown in (1, 2)] == [FIRST, SECOND]
    assert [preference(frame, swapped(PAIR), shown) for shown in (1, 2)] == [FIRST, SECOND]
    assert preference(frame, PAIR, None) is None  # there are two


def test_of_a_judge_in_one_order_the_order_has_no_effect() -> None:
    for shown in (1, None):
        assert [preference(table((1, shown)), PAIR, asked) for asked in (1, 2, None)] == [FIRST] * 3
        assert preference(table((1, shown)), swapped(PAIR), 1) is SECOND


def test_an_input_merged_into_the_instruction_is_found() -> None:
    frame = table((1, None)).assign(instruction="Add.\n\n2 and 2")
    asked = Comparison(instruction="add.", input="2 and 2", output_1="x", output_2="y")
    assert preference(frame, asked, 1) is FIRST
    assert preference(frame, PAIR, 1) is None
