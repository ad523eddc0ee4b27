from farm.reports.text import (
    PERCENT,
    PERCENT_SIGN,
    POINTS,
    SIGNED,
    Notation,
    exact_error,
    interval,
    interval_or_reason,
    number,
    plus_minus,
)
from farm.stats.bootstrap import Estimate


def estimate(value: float | None, low: float | None = None, high: float | None = None, reason: str = "") -> Estimate:
    return Estimate(value=value, low=low, high=high, n_total=9, reason=reason)


def test_an_estimate_has_its_interval_or_the_reason_why_not() -> None:
    assert interval_or_reason(estimate(0.9, 0.7, 1.0)) == "0.900 [0.700, 1.000]"
    assert interval_or_reason(estimate(0.9, reason="one seed")) == "0.900 (one seed)"
    assert interval_or_reason(estimate(None, reason="no label")) == "- (no label)"


def test_a_cell_has_no_reason() -> None:
    assert interval(estimate(0.9, reason="one seed")) == "0.900"
    assert interval(estimate(None, reason="no label")) == interval(None) == "-"


def test_percent_stands_once_in_a_sentence_and_never_in_a_cell() -> None:
    assert interval(estimate(0.404, 0.352, 0.455), PERCENT_SIGN) == "40.4% [35.2, 45.5]"
    assert interval(estimate(0.404, 0.352, 0.455), PERCENT) == "40.4 [35.2, 45.5]"


def test_only_the_figure_is_signed_not_its_error() -> None:
    assert plus_minus(0.144, 0.015, POINTS) == "+14.4 +- 1.5"
    assert plus_minus(-0.0042, 0.001, SIGNED) == "-0.004 +- 0.001"
    assert plus_minus(0.417, None, PERCENT) == "41.7"
    assert plus_minus(None, 0.1) == "-"


def test_thousands_are_separated_where_the_notation_says_so() -> None:
    assert number(12345.6, Notation(digits=1, thousands=",")) == "12,345.6"
    assert number(12345.6, Notation(digits=1)) == "12345.6"


def test_a_standard_error_says_over_what_it_is() -> None:
    assert "and seeds" not in exact_error(1) and "other seeds" in exact_error(1)
    assert "instructions and seeds" in exact_error(3)
