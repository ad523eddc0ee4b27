"""What to do when a request was not answered: try again, give up, or stop the whole run.

Waits grow exponentially with full jitter (Brooker, "Exponential backoff and jitter", 2015): uniform between 0 and the
bound, so that requests that failed together do not come back together. A Retry-After header is a lower bound.
"""

import email.utils
import enum
import time
from collections.abc import Mapping
from typing import NamedTuple

from farm.bounded.numbers import finite_number, wait_of
from farm.seeds import uniform_for

FIRST_BOUND_SECONDS = 0.5
LARGEST_BOUND_SECONDS = 20.0
MAX_USELESS_REPLIES = 3
"""A reply without text has been paid for: it is not asked for as often as an error is."""
_STOPPING_CODES = {"insufficient_quota", "billing_hard_limit_reached", "account_deactivated", "billing_not_active"}


class Remedy(enum.Enum):
    """What to do about a failed try."""

    RETRY = "retry"
    """Something broke: 5xx, a reset, a timeout, a damaged body."""
    SLOW_DOWN = "slow down"
    """429: retry without counting it as a try, with fewer requests in flight."""
    ASK_ANEW = "ask anew"
    """A paid reply without text."""
    GIVE_UP = "give up"
    """The same request would fail again: refusal, 400, 413, 422."""
    STOP_RUN = "stop the run"
    """Every request would fail: no access, no such model, no credit."""


class Failure(NamedTuple):
    """Why a try did not end in a usable reply."""

    reason: str
    """For people; without any key."""
    remedy: Remedy
    retry_after: float | None = None
    """Seconds that the server asks to wait."""


def remedy_of_status(status: int, code: str) -> Remedy:
    """What an HTTP error asks for.

    Args:
        code: the error code in the body, as OpenAI names them; empty if there is none.
    """
    if code in _STOPPING_CODES or status in (401, 402, 403, 404):
        return Remedy.STOP_RUN
    if status == 429:
        return Remedy.SLOW_DOWN
    if status in (408, 409, 425) or status >= 500:
        return Remedy.RETRY
    return Remedy.GIVE_UP


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait that a Retry-After header asks for, in seconds or as a date; None if there is none that can be meant."""
    milliseconds = headers.get("retry-after-ms")
    text = headers.get("retry-after")
    if milliseconds is not None and (wait := _number(milliseconds)) is not None:
        return wait_of(wait / 1000)
    if text is None:
        return None
    seconds = _number(text)
    return _wait_until(text) if seconds is None else wait_of(seconds)


def _number(text: str) -> float | None:
    try:
        return finite_number(float(text))
    except ValueError:
        return None


def _wait_until(date: str) -> float | None:
    try:
        return wait_of(email.utils.parsedate_to_datetime(date).timestamp() - time.time())
    except (ValueError, TypeError, IndexError, OverflowError):  # no date, or one that the platform's clock cannot hold
        return None


def wait_seconds(n_failed: int, retry_after: float | None, key: str) -> float:
    """How long to wait before the next try.

    Args:
        n_failed: tries that have failed, at least 1.
        retry_after: what the server asked for.
        key: of the request; the jitter is drawn from it, so that no two requests share theirs.
    """
    bound = min(LARGEST_BOUND_SECONDS, FIRST_BOUND_SECONDS * 2.0 ** min(n_failed - 1, 16))
    jitter = bound * uniform_for(time.time_ns(), "retry", key)
    return (retry_after or 0.0) + jitter
