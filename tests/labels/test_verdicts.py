"""One number means one verdict, whoever reads it."""

import math

import pytest

from farm.labels.annotation_row import annotation_frame
from farm.labels.verdicts import (
    annotation_of_row,
    class_notes,
    comparison_of_row,
    turned_annotation,
    verdict_of_number,
)
from farm.records import Annotation, Comparison, Preference
from tests.labels.label_rows import row

FIRST, SECOND, TIE = Preference.FIRST, Preference.SECOND, Preference.TIE


@pytest.mark.parametrize(
    ("value", "preference", "p_first"),
    [
        (1, FIRST, None),
        (2, SECOND, None),
        (1.5, TIE, None),
        (1.25, FIRST, 0.75),
        (1.75, SECOND, 0.25),
        (None, None, None),
        (math.nan, None, None),
    ],
)
def test_a_number_between_the_verdicts_is_soft(
    value: float | None, preference: Preference | None, p_first: float | None
) -> None:
    assert verdict_of_number(value) == (preference, p_first)


def annotation(preference: float | None, **more: float | None) -> Annotation:
    frame = annotation_frame([row("1", "judge", preference).model_copy(update=more)])
    return annotation_of_row(frame.to_dict("records")[0])


def test_noise_on_record_stays_apart_from_the_verdict() -> None:
    noised = annotation(2.0, clean_preference=1.0, p_first=0.8, first_shown=2)
    assert (noised.clean_preference, noised.preference, noised.is_noised) == (FIRST, SECOND, True)
    assert (noised.p_first, noised.first_shown) == (0.8, 2)
    # Without a clean verdict nobody knows the judge's probability either.
    assert annotation(1.0, clean_preference=None, p_first=0.8).p_first == 0.8
    missing = annotation(None)
    assert (missing.preference, missing.p_first, missing.first_shown) == (None, None, 0)
    assert missing.unparsed_reason == "the file holds no verdict on this pair"


def test_turning_a_verdict_twice_changes_nothing() -> None:
    (cells,) = annotation_frame([row("1", "judge", 1.25).model_copy(update={"first_shown": 1})]).to_dict("records")
    pair, given = comparison_of_row(cells), annotation_of_row(cells)
    other = Comparison(instruction=pair.instruction, output_1=pair.output_2, output_2=pair.output_1)
    turned = turned_annotation(given, other)
    assert (turned.preference, turned.p_first, turned.first_shown) == (SECOND, 0.25, 2)
    assert turned.comparison_key == other.key
    assert turned_annotation(turned, pair) == given


def test_how_a_class_is_made_of_a_grade_is_said_where_there_are_grades() -> None:
    assert class_notes([1, 1.5, 2, float("nan")]) == []
    (note,) = class_notes([1.2, 1.5, 2, float("nan")])
    assert note.startswith("1 of 3 labels are graded: here each counts as the side of 1.5 that it lies on")
