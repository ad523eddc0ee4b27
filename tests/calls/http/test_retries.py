"""Waits and remedies."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from farm.calls.http.retries import LARGEST_BOUND_SECONDS, Remedy, remedy_of_status, retry_after_seconds, wait_seconds


@pytest.mark.parametrize(
    ("status", "code", "remedy"),
    [
        (429, "rate_limit_exceeded", Remedy.SLOW_DOWN),
        (429, "insufficient_quota", Remedy.STOP_RUN),
        (401, "", Remedy.STOP_RUN),
        (500, "", Remedy.RETRY),
        (503, "", Remedy.RETRY),
        (529, "", Remedy.RETRY),
        (408, "", Remedy.RETRY),
        (400, "context_length_exceeded", Remedy.GIVE_UP),
        (413, "", Remedy.GIVE_UP),
        (422, "", Remedy.GIVE_UP),
    ],
)
def test_errors_that_pass_are_retried_and_others_are_not(status: int, code: str, remedy: Remedy) -> None:
    assert remedy_of_status(status, code) is remedy


def test_retry_after_is_read_in_seconds_milliseconds_and_as_a_date() -> None:
    assert retry_after_seconds({"retry-after": "7"}) == 7.0
    assert retry_after_seconds({"retry-after": "1.5", "retry-after-ms": "250"}) == 0.25
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 28 <= (retry_after_seconds({"retry-after": date}) or 0) <= 30
    assert retry_after_seconds({"retry-after": format_datetime(datetime(2020, 1, 1, tzinfo=UTC))}) == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "",
        "nan nan",
        "nan",
        "inf",
        "-5",
        "1e308",
        "9" * 400,
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 99 Foo 99999",
    ],
)
def test_a_retry_after_that_says_nothing_is_no_wait(text: str) -> None:
    assert not retry_after_seconds({"retry-after": text})
    assert not retry_after_seconds({"retry-after-ms": text})
    assert retry_after_seconds({}) is None


def test_waits_grow_are_spread_and_bounded() -> None:
    mean = {n: sum(wait_seconds(n, None, str(i)) for i in range(400)) / 400 for n in (1, 2, 4, 20)}
    # Full jitter: uniform between 0 and 0.5, 1, 4 and 20 seconds, so the means are half of that; 400 draws.
    assert mean[1] == pytest.approx(0.25, rel=0.12)
    assert mean[2] == pytest.approx(0.5, rel=0.12)
    assert mean[4] == pytest.approx(2.0, rel=0.12)
    assert mean[20] == pytest.approx(LARGEST_BOUND_SECONDS / 2, rel=0.12)
    assert all(wait_seconds(1, 5.0, str(i)) >= 5.0 for i in range(50))
