"""What a list is, how long is longer, and what Markdown is counted."""

import math
import time

import pytest

from farm.stats.bias.answer_style import has_list, list_difference, log_length_ratio, markup_counts


@pytest.mark.parametrize(
    "text",
    [
        "- one\n- two",
        "Both:\n* one\n* two\n",
        "1. one\n2. two",
        "  a) one\n  b) two",
        "1) x\n\n2) y",
        "\u2022 x\n\u2022 y",
    ],
)
def test_lists(text: str) -> None:
    assert has_list(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "one, two",
        "- a single dash",
        "**bold**\n**again**",
        "-5\n-6",
        "-----\n-----",
        "1.5 and\n2.5",
        "e.g. x\ni.e. y",
    ],
)
def test_no_lists(text: str) -> None:
    assert not has_list(text)


def test_differences_turn_with_the_outputs() -> None:
    assert list_difference("1. a\n2. b", "plain") == 1
    assert list_difference("plain", "1. a\n2. b") == -1
    assert list_difference("- a\n- b", "1. a\n2. b") == 0
    assert log_length_ratio("x" * 199, "x" * 99) == pytest.approx(math.log(2))  # 200 / 100
    assert log_length_ratio("", "") == 0.0
    assert log_length_ratio("abc", "") == -log_length_ratio("", "abc") == math.log(4)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("", (0, 0, 0)),
        ("# One\n\ntext\n\n### Two\n#hashtag\n####### seven\n", (2, 0, 0)),
        ("1. **a**: x\n2. **b**: y\n   - __c__\n", (0, 3, 3)),
        ("- only one item", (0, 0, 0)),
        ("2 ** 3 ** 4, **** and a__b__c, __init__", (0, 0, 1)),
        ("**two\nlines**", (0, 0, 0)),
        ("## A\n```python\n# a comment\n- no item\n- none\nx = 2**3**4\n```\n**b**", (1, 0, 1)),
        ("a\n~~~\n# never closed\n```\n# still code", (0, 0, 0)),
    ],
)
def test_markup_is_counted_outside_of_code(text: str, counts: tuple[int, int, int]) -> None:
    assert markup_counts(text) == counts


@pytest.mark.parametrize("piece", ["**", "__", "```", "# ", "- ", " ", "**a", "__a ", "```\n", "* \n"])
def test_a_hostile_answer_is_counted_in_time(piece: str) -> None:
    start = time.process_time()
    markup_counts(piece * (1_000_000 // len(piece)))
    assert time.process_time() - start < 2
