"""What a list is, and how long is longer."""

import math

import pytest

from farm.stats.bias.answer_style import has_list, list_difference, log_length_ratio


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
