"""Judges whose rows show a pair both ways round."""

from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_table import annotation_table, notes_of
from farm.labels.presented_orders import orders_folded
from tests.labels.label_rows import row


def turned(item: str, annotator: str, preference: float | None, **cells: object) -> AnnotationRow:
    """The pair of `row` with its outputs exchanged."""
    exchanged = {"output_1": "y", "output_2": "x", "model_1": "b", "model_2": "a"}
    return row(item, annotator, preference).model_copy(update=exchanged | cells)


def test_a_pair_both_ways_round_is_both_orders_of_a_judge() -> None:
    # "judge" prefers what stands first on item 1, and output x on item 2; "sure" has one row.
    rows = [
        row("1", "judge", 1),
        row("2", "judge", 1),
        turned("1", "judge", 1),
        turned("2", "judge", 2),
        turned("1", "sure", 1),
    ]
    frame = annotation_table(rows, where=())
    assert frame["first_shown"].fillna(0).tolist() == [1, 1, 2, 2, 0]
    assert frame["preference"].tolist() == [1, 1, 2, 1, 2]
    assert notes_of(frame)[0].startswith("4 rows by judge show their pair both ways round and say no first_shown")
    assert orders_folded(frame).frame["preference"].tolist() == [1.5, 1, 2]


def test_an_order_that_is_said_is_right() -> None:
    rows = [
        row("1", "judge", 1).model_copy(update={"first_shown": 2}),
        turned("1", "judge", 1, first_shown=2),
    ]
    # The second row's output_2 is the first row's output_1, which was shown first then.
    assert annotation_table(rows, where=())["first_shown"].tolist() == [2, 1]


def test_of_a_person_the_later_label_counts_whichever_way_round() -> None:
    frame = annotation_table([row("1", "h1", 1), turned("1", "h1", 1)], where=())
    assert frame["preference"].tolist() == [2]
