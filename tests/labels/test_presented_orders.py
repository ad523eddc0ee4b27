"""The two verdicts of a judge that saw a pair in both orders."""

import pandas as pd
import pytest

from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_table import annotation_table
from farm.labels.presented_orders import orders_folded
from tests.labels.label_rows import row


def ordered(
    item: str, first_shown: int, preference: float | None, annotator: str = "judge", **cells: object
) -> AnnotationRow:
    return row(item, annotator, preference).model_copy(update={"first_shown": first_shown, **cells})


def both(item: str, shown_1: float | None, shown_2: float | None) -> list[AnnotationRow]:
    return [ordered(item, 1, shown_1), ordered(item, 2, shown_2)]


@pytest.mark.parametrize(
    ("shown_1", "shown_2", "expected"),
    [
        (1, 1, 1.0),
        (1, 2, 1.5),
        (1, 1.5, 1.25),  # a win and a tie are three quarters
        (1.5, 2, 1.75),
        (1.4, 1.6, 1.5),  # their binary fractions do not add up to 3
        (1.15, 1.85, 1.5),
        (1.1, 1.2, 1.15),
        (1, None, None),  # as in farm.stats.bias.position.verdict_of_both_orders
        (None, None, None),
    ],
)
def test_two_orders_are_one_verdict(shown_1: float | None, shown_2: float | None, expected: float | None) -> None:
    folded = orders_folded(annotation_table([*both("1", shown_1, shown_2), *both("2", 1, 2)], where=())).frame
    assert folded["item_id"].tolist() == ["1", "2"] and folded["first_shown"].tolist() == [0, 0]
    value = folded["preference"].tolist()[0]
    assert pd.isna(value) if expected is None else value == pytest.approx(expected, abs=1e-12)
    assert (value == 1.5) == (expected == 1.5)


def test_what_was_folded_is_counted() -> None:
    (note,) = orders_folded(annotation_table([*both("1", 1, 2), *both("2", 1, None)], where=())).notes
    assert note.startswith(
        "2 pairs (1 of them have one that is unparsed, and so no verdict) were judged in both orders by"
    )


def test_only_pairs_of_rows_are_folded() -> None:
    rows = [
        *both("1", 1, 1.5),
        ordered("2", 2, 2),
        row("1", "other", 2),
        ordered("1", 1, 1, "h1"),
        ordered("2", 2, 1, "h1"),
    ]
    folded = orders_folded(annotation_table(rows, where=())).frame
    found = {(r["annotator"], r["item_id"]): r["preference"] for r in folded.to_dict("records")}
    assert found == {
        ("judge", "1"): 1.25, ("judge", "2"): 2, ("other", "1"): 2, ("h1", "1"): 1, ("h1", "2"): 1,
    }  # fmt: skip


def test_probabilities_are_averaged_and_money_is_added() -> None:
    rows = [
        ordered("1", 1, 1, p_first=0.9, cost_usd=0.25, clean_preference=1.0),
        ordered("1", 2, 2, p_first=0.4, cost_usd=0.5, clean_preference=1.5),
    ]
    (cells,) = orders_folded(annotation_table(rows, where=())).frame.to_dict("records")
    assert cells["p_first"] == pytest.approx(0.65) and cells["cost_usd"] == 0.75 and cells["clean_preference"] == 1.25


def test_a_table_without_orders_is_as_it_was() -> None:
    frame = annotation_table([row("1", "judge", 1), row("2", "judge", 1.3)], where=())
    assert orders_folded(frame).frame is frame and orders_folded(frame).notes == []
