"""Requests on their way, and the endpoints that they wait for."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from farm.calls.http.endpoint import Endpoint
from farm.calls.http.keys import Address
from farm.calls.http.limits import AdaptiveLimit
from farm.calls.http.retries import Failure, Remedy
from farm.calls.request import Reply, Request
from farm.calls.spending.prices import NO_USAGE, Usage


@dataclass(eq=False)
class Job:
    """One request on its way."""

    key: bytes
    request: Request
    address: Address
    on_end: Callable[["Job", Reply], None]
    is_claimed: bool = False
    """Whether nobody else asks the same: it may be sent."""
    elsewhere_since: float = 0.0
    """Since when another process has been asking it, on the loop's clock; 0 if none has."""
    n_sent: int = 0
    n_failed: int = 0
    """Tries that count against max_attempts."""
    n_limited: int = 0
    n_useless: int = 0
    first_sent_at: float = 0.0
    reserved_usd: float = 0.0
    paid_usd: float | None = 0.0
    usage: Usage = NO_USAGE


@dataclass(eq=False)
class Line:
    """One endpoint with those who wait for it."""

    endpoint: Endpoint
    limit: AdaptiveLimit
    waiting: deque[Job] = field(default_factory=deque)
    models_that_answered: set[str] = field(default_factory=set)
    has_spoken: bool = False
    n_unreachable: int = 0
    n_given_up_in_a_row: int = 0
    has_strange_usage: bool = False
    waits_for_writing: bool = False
    """Whether places are taken by replies that are not yet stored, and it will be looked again."""


def given_up(job: Job, failure: Failure, waited: float, wait: float) -> str:
    """Why a request ended without a reply."""
    if failure.remedy in (Remedy.GIVE_UP, Remedy.STOP_RUN):
        return failure.reason
    asked = f"; the endpoint asks to wait {failure.retry_after:.0f} s" if failure.retry_after and wait > 5 else ""
    tries = "1 try" if job.n_sent == 1 else f"{job.n_sent} tries"
    return f"gave up after {tries} in {waited:.1f} s: {failure.reason}{asked}"
