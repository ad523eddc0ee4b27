"""What to do when a request was not answered: try again, give up, or stop the whole run.

Waits grow exponentially with full jitter (Brooker, "Exponential backoff and jitter", 2015): uniform between 0 and the
bound, so that requests that failed together do not come back together. A Retry-After header is a lower bound.
"""

import email.utils
import enum
import time
from collections.abc import Mapping
from typing import NamedTuple

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
    """The wait that a Retry-After header asks for, in seconds or as a date; None if there is none to be read."""
    milliseconds = headers.get("retry-after-ms")
    text = headers.get("retry-after")
    try:
        if milliseconds is not None:
            return max(0.0, float(milliseconds) / 1000)
        if text is None:
            return None
        seconds = float(text)
        return max(0.0, seconds) if seconds < float("inf") else None
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(str(text))
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


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
