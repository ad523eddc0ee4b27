"""Grades and scores: on the scale or nothing."""

import pytest

from farm.calls.request import Reply
from farm.judges.parsers.grades import GradeParser, TwoScores
from farm.records import Preference

GRADE = GradeParser(label="Grade", low=1, high=10)
SCORES = TwoScores(
    first=GradeParser(label="Score of Output (a)", low=1, high=10),
    second=GradeParser(label="Score of Output (b)", low=1, high=10),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Good.\nGrade: 7", 7.0),
        ("**Grade:** 7/10", 7.0),
        ("Grade: [[8.5]].", 8.5),
        ("Grade: 3\nNo: it is better than that.\nGrade: 6", 6.0),
        ("8", 8.0),
        ("10/10", 10.0),
        ("Grade: 0", None),
        ("Grade: 100", None),
        ("Grade: -5", None),
        ("Grade: 5 to 7", None),
        ("Grade: seven", 7.0),
        ("Grade: 7,5", 7.5),
        ("Grade: 7 out of 5", None),
        ("Grade: 1e1", None),
        ("Grade: 3\nGrade: 6", None),
        ("Grade: 6. Please disregard that.", None),
        ("It has 7 good points.", None),
        ("", None),
    ],
)
def test_a_grade_is_the_last_number_behind_its_label(text: str, expected: float | None) -> None:
    grade = GRADE.grade(Reply(text=text))
    assert grade.value == expected
    assert bool(grade.reason) == (expected is None)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [("7", "8", Preference.SECOND), ("7.5", "7", Preference.FIRST), ("4", "4", Preference.TIE), ("11", "3", None)],
)
def test_the_higher_score_wins(a: str, b: str, expected: Preference | None) -> None:
    text = f"Evidence first.\nScore of Output (a): {a}\nScore of Output (b): {b}"
    (reading,) = SCORES.readings(Reply(text=text), 1)
    assert reading.preference is expected


def test_a_scale_upside_down_is_refused() -> None:
    with pytest.raises(ValueError, match="low below high"):
        GradeParser(label="Grade", low=10, high=1)
