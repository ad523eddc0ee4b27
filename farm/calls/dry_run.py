"""Calls that are not made: how many there would be, and what they would cost.

    with dry_calls(settings) as calls:
        judge(calls)
    print(calls.report())

Requests that the cache holds are answered from it. The others get a reply that says so; where a later request is built
from the reply (a reference answer), it is made up, half as long as it may be. Prompt tokens are estimated
(farm/calls/tokens.py); completion tokens are those of the judge's cached replies, or at most max_tokens.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from farm.calls.cache.cache import CallCache, key_of
from farm.calls.http.keys import base_url_of
from farm.calls.local.local_slots import LocalModels
from farm.calls.request import Reply, Request
from farm.calls.settings import CallSettings
from farm.calls.spending.prices import Prices, Usage
from farm.calls.tokens import CHARACTERS_PER_TOKEN, estimated_prompt_tokens

DRY = "not asked: this is a dry run"


@dataclass(kw_only=True)
class DryAccount:
    """What one judge and model would take."""

    judge: str
    model: str
    n_cached: int = 0
    """Requests that the cache answers, or an equal one."""
    n_calls: int = 0
    """Requests that would be sent."""
    n_prompt_tokens: int = 0
    """Of those that would be sent; estimated."""
    most_completion_tokens: int = 0
    """If every reply were as long as it may be."""
    expected_completion_tokens: float = 0.0
    """If they are as long as the judge's cached replies; most_completion_tokens if there are none."""
    most_usd: float | None = 0.0
    """None if no price is known."""
    expected_usd: float | None = 0.0
    n_cached_completion_tokens: int = 0
    """Of the cached replies."""


@dataclass(frozen=True, kw_only=True)
class DryReport:
    """What a run would take."""

    accounts: tuple[DryAccount, ...]
    """By judge and model."""
    n_cached: int
    n_calls: int
    n_prompt_tokens: int
    most_completion_tokens: int
    most_usd: float
    """Of what has a price."""
    expected_usd: float
    """Of what has a price."""
    unpriced_models: tuple[str, ...]
    """Models without a known price; the sums lack them."""


@contextmanager
def dry_calls(settings: CallSettings) -> Iterator["DryCalls"]:
    """Calls that send nothing and write nothing.

    Raises:
        CacheError: the cache file cannot be used.
    """
    has_cache = settings.cache is not None and settings.cache.expanduser().exists()
    cache = CallCache(settings.cache) if settings.cache is not None and has_cache else None
    try:
        yield DryCalls(settings, cache)
    finally:
        if cache is not None:
            cache.close()


class DryCalls:
    """Answers from the cache, and counts the rest; from any thread."""

    def __init__(self, settings: CallSettings, cache: CallCache | None) -> None:
        self._prices = Prices(settings.prices)
        self._allow_host = settings.allow_host
        self._local = LocalModels(settings.local)
        self._cache = cache
        self._lock = threading.Lock()
        self._counted: set[bytes] = set()
        self._accounts: dict[tuple[str, str], DryAccount] = {}
        self._addresses: dict[tuple[str, str], str] = {}
        self._n_replies: dict[tuple[str, str], int] = {}

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """Cached replies; a failure for whatever would have to be asked."""
        keys = []
        for request in requests:
            is_local = request.slot.kind == "local"
            endpoint = self._local.identity(request.slot) if is_local else base_url_of(request.slot, self._allow_host)
            keys.append(key_of(request, endpoint))
            self._addresses[request.judge, request.slot.model] = "" if is_local else endpoint
        known = {} if self._cache is None else self._cache.get(list(dict.fromkeys(keys)))
        with self._lock:
            return [self._answer(r, key, known.get(key)) for r, key in zip(requests, keys, strict=True)]

    def report(self) -> DryReport:
        """What has been counted so far."""
        with self._lock:
            accounts = tuple(self._priced(key) for key in sorted(self._accounts))
        return DryReport(
            accounts=accounts,
            n_cached=sum(account.n_cached for account in accounts),
            n_calls=sum(account.n_calls for account in accounts),
            n_prompt_tokens=sum(account.n_prompt_tokens for account in accounts),
            most_completion_tokens=sum(account.most_completion_tokens for account in accounts),
            most_usd=sum(account.most_usd or 0.0 for account in accounts),
            expected_usd=sum(account.expected_usd or 0.0 for account in accounts),
            unpriced_models=tuple(sorted({a.model for a in accounts if a.most_usd is None})),
        )

    def _answer(self, request: Request, key: bytes, known: Reply | None) -> Reply:
        where = (request.judge, request.slot.model)
        account = self._accounts.setdefault(where, DryAccount(judge=where[0], model=where[1]))
        if known is not None:
            account.n_cached += 1
            account.n_cached_completion_tokens += known.n_completion_tokens
            self._n_replies[where] = self._n_replies.get(where, 0) + 1
            return known
        if key in self._counted:
            account.n_cached += 1
        else:
            self._counted.add(key)
            account.n_calls += 1
            account.n_prompt_tokens += estimated_prompt_tokens(request)
            account.most_completion_tokens += 0 if request.labels else request.decoding.max_tokens
        if request.wants == "text":
            return Reply(text="x" * int(request.decoding.max_tokens * CHARACTERS_PER_TOKEN / 2))
        return Reply(text="", failure=DRY)

    def _priced(self, where: tuple[str, str]) -> DryAccount:
        account, address = self._accounts[where], self._addresses[where]
        n_replies = self._n_replies.get(where, 0)
        expected = float(account.most_completion_tokens)
        if n_replies:
            expected = min(expected, account.n_calls * account.n_cached_completion_tokens / n_replies)
        return DryAccount(
            **{
                **vars(account),
                "expected_completion_tokens": expected,
                "most_usd": self._cost(account, address, account.most_completion_tokens),
                "expected_usd": self._cost(account, address, round(expected)),
            }
        )

    def _cost(self, account: DryAccount, address: str, n_completion: int) -> float | None:
        """Of all calls together; the mean call is priced, because a few models charge long prompts more per token."""
        if not account.n_calls or not address:
            return 0.0
        n = account.n_calls
        mean = Usage(round(account.n_prompt_tokens / n), 0, round(n_completion / n))
        cost = self._prices.cost_usd(account.model, address, mean)
        return None if cost is None else cost * n
