"""Numbers that a server says."""

import pytest

from farm.bounded.numbers import MAX_TOKENS, finite_number, log_probability, token_count, wait_of

NONE = [None, True, False, "3", [3], {"a": 3}, float("nan"), float("inf"), float("-inf"), 10**400, -(10**400)]


@pytest.mark.parametrize("value", NONE)
def test_what_is_no_finite_number_is_none(value: object) -> None:
    assert finite_number(value) is None
    assert token_count(value) is None
    assert log_probability(value) is None


def test_counts_are_whole_and_bounded() -> None:
    assert [token_count(value) for value in (0, 12, 12.0, MAX_TOKENS)] == [0, 12, 12, MAX_TOKENS]
    assert [token_count(value) for value in (-1, 1.5, MAX_TOKENS + 1, 1e20, 2**63)] == [None] * 5


def test_log_probabilities_are_at_most_0_but_for_rounding() -> None:
    assert [log_probability(value) for value in (-0.5, -9999, 0, 1e-7, 0.1, 3)] == [-0.5, -9999.0, 0.0, 0.0, None, None]


def test_a_wait_of_months_is_not_meant() -> None:
    assert [wait_of(value) for value in (-5.0, 3600.0, 1e308, float("inf"))] == [0.0, 3600.0, None, None]
