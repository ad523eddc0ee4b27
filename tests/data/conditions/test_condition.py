import re

import numpy as np
import pytest

from farm.data.conditions.condition import MAX_DEPTH, parse_condition
from farm.data.conditions.values import ConditionError

ROWS: list[dict[str, object]] = [
    {"turn": 1, "judge": "expert_1", "score": 7.5, "tags": ["a", "b"], "is_long": True, "meta": {"language": "en"}},
    {"turn": 2, "judge": "author_2", "score": None, "tags": [], "is_long": False, "meta": {"language": "de"}},
    {"turn": 1, "judge": "gpt-4", "score": float("nan"), "tags": ["b"], "is_long": True, "meta": None},
]


def chosen(condition: str, rows: list[dict[str, object]] = ROWS) -> list[int]:
    return [k for k, holds in enumerate(parse_condition(condition).chosen(rows)) if holds]


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("turn == 1", [0, 2]),
        ("turn==1 and judge=='gpt-4'", [2]),
        ('turn == 1 and judge == "expert_1"', [0]),
        ("turn == 2 or judge == gpt-4", [1, 2]),
        ("not turn == 1", [1]),
        ("NOT (turn == 1 OR turn == 2)", []),
        ("judge in [expert_1, 'author_2']", [0, 1]),
        ("judge not in [expert_1, author_2]", [2]),
        ("judge in []", []),
        ('"expert" in judge', [0]),
        ("b in tags", [0, 2]),
        ("1 < turn <= 2", [1]),
        ("turn in [2.0]", [1]),
        ("is_long == true and turn < 1.5", [0, 2]),
        ("score == null", [1, 2]),
        ("score != null", [0]),
        ("score > 1", [0]),
        ("not score > 1", [1, 2]),
        ("score != 7.5", [1, 2]),
        ("meta.language == en", [0]),
        ("`judge` >= 'f'", [2]),
        ("-1 < +1e0 and turn == 2", [1]),
        (r'judge != "a \"quoted\" one"', [0, 1, 2]),
        # `and` binds more closely than `or`: all of turn 1, and the author.
        ("turn == 1 or turn == 2 and judge == author_2", [0, 1, 2]),
        ("(turn == 1 or turn == 2) and judge == author_2", [1]),
    ],
)
def test_a_condition_holds_for_the_rows_that_it_describes(condition: str, rows: list[int]) -> None:
    assert chosen(condition) == rows


def test_cells_of_a_text_file_are_compared_as_what_they_are_compared_with() -> None:
    rows: list[dict[str, object]] = [
        {"n": "9", "m": "10", "is_new": "True", "note": ""},
        {"n": "n/a", "m": "2", "is_new": "false", "note": "x"},
    ]
    assert chosen("n < 10", rows) == [0]
    assert chosen("n == 9.0", rows) == [0]
    assert chosen("n < m", rows) == [0], "numbers by size, not by their first digit"
    assert chosen("n > '10'", rows) == [0, 1], "a text in the condition is compared as a text"
    assert chosen("is_new == true", rows) == [0]
    assert chosen("note == null", rows) == [0]


def test_columns_that_some_rows_lack_are_missing_there() -> None:
    rows: list[dict[str, object]] = [{"a": 1}, {"b": np.array([1, 2])}]
    assert chosen("a == null", rows) == [1]
    assert chosen("2 in b", rows) == [1]


@pytest.mark.parametrize(
    ("condition", "place", "reason"),
    [
        ("", 1, "expected a column or a value, got the end"),
        ("turn = 1", 6, "a comparison is written =="),
        ("turn == 1 &", 11, "say and"),
        ("turn == 1 and", 14, "got the end"),
        ("turn 1", 6, "expected a comparison"),
        ("turn", 5, "expected a comparison"),
        ("(turn == 1", 11, "expected ')', got the end"),
        ("turn == 1)", 10, "expected and, or, or the end, got ')'"),
        ("judge in [a b]", 13, "expected ',' or ']', got 'b'"),
        ("turn in [1", 11, "expected ',' or ']', got the end"),
        (f"turn == {'1' * 5000}", 9, "this number is too long to be read"),
        ("judge == 'a", 10, "no partner"),
        ("and == 1", 1, "expected a column or a value, got 'and'"),
        ("turn not 1", 10, "expected 'in'"),
        ("f(turn) == 1", 2, "expected a comparison"),
        ("turn.__class__(1) == 1", 15, "expected a comparison"),
        ("turn == 1; x == 2", 10, "';' means nothing here"),
        ("turn + 1 == 2", 6, "'+' means nothing here"),
        ("(" * (MAX_DEPTH + 1) + "turn == 1" + ")" * (MAX_DEPTH + 1), MAX_DEPTH + 1, "inside each other"),
    ],
)
def test_what_is_no_condition_is_refused_with_the_place(condition: str, place: int, reason: str) -> None:
    with pytest.raises(ConditionError, match=f"cannot be read at character {place}: .*{re.escape(reason)}"):
        parse_condition(condition)


@pytest.mark.parametrize("condition", ["turm == 1", "turm == judg", "`turm` == 1", "score > turm", "turm in [1]"])
def test_a_name_that_is_no_column_is_refused_with_the_columns_there_are(condition: str) -> None:
    with pytest.raises(ConditionError, match=r"there is no column 'turm'; the columns are is_long, judge, meta, sco"):
        chosen(condition)


def test_what_has_no_order_is_refused() -> None:
    with pytest.raises(ConditionError, match="'expert_1' < 3: there is no order"):
        chosen("judge < 3")
    with pytest.raises(ConditionError, match="`in` looks into a list or a text, got 1"):
        chosen("1 in turn")
