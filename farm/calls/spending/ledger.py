"""What a run took: calls, tokens, money and time per judge and model, and what the cache saved."""

import math
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from farm.calls.request import Reply, Request
from farm.calls.spending.prices import Usage


@dataclass(kw_only=True)
class Account:
    """The sums of one judge and model."""

    judge: str
    model: str
    n_requests: int = 0
    """What the judge asked for."""
    n_calls: int = 0
    """Answered by the model: paid for."""
    n_cache_hits: int = 0
    """Answered by the cache, or by an equal request in flight."""
    n_failures: int = 0
    """Ended without a usable reply, those that the budget stopped included."""
    n_retries: int = 0
    """Tries beyond the first."""
    n_prompt_tokens: int = 0
    n_cached_prompt_tokens: int = 0
    """Of n_prompt_tokens, those that the provider's prefix cache held."""
    n_completion_tokens: int = 0
    cost_usd: float = 0.0
    """Of what has a price."""
    n_unpriced: int = 0
    """Calls whose model has no known price; cost_usd lacks them."""
    saved_usd: float = 0.0
    """What the cache hits cost when they were made."""
    call_seconds: float = 0.0
    """Sum over calls, which run beside each other."""

    def add(self, other: "Account") -> None:
        """Add another account's sums to this one."""
        for name, value in vars(other).items():
            if name not in ("judge", "model"):
                vars(self)[name] += value


@dataclass(frozen=True, kw_only=True)
class LedgerReport:
    """A ledger at one moment."""

    accounts: tuple[Account, ...]
    """By judge and model."""
    total: Account
    wall_seconds: float
    """Since the ledger was opened."""


@dataclass
class Ledger:
    """Books what happens, from any thread."""

    _accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _start: float = field(default_factory=time.monotonic)

    def hits(self, answered: Iterable[tuple[Request, Reply]]) -> None:
        """Requests that the cache or an equal request answered."""
        with self._lock:
            for request, reply in answered:
                account = self._account(request)
                account.n_requests += 1
                account.n_cache_hits += 1
                account.saved_usd += reply.cost_usd or 0.0

    def call(self, request: Request, usage: Usage, cost_usd: float | None, seconds: float) -> None:
        """A reply with HTTP 200, which may have been paid for whether or not anything of it can be read."""
        with self._lock:
            account = self._account(request)
            account.n_calls += 1
            account.n_prompt_tokens += usage.n_prompt
            account.n_cached_prompt_tokens += usage.n_cached_prompt
            account.n_completion_tokens += usage.n_completion
            account.cost_usd += cost_usd or 0.0
            account.n_unpriced += cost_usd is None
            account.call_seconds += seconds

    def ended(self, request: Request, *, is_failure: bool, n_tries: int) -> None:
        """A request that was not in the cache has come to its end."""
        with self._lock:
            account = self._account(request)
            account.n_requests += 1
            account.n_failures += is_failure
            account.n_retries += max(0, n_tries - 1)

    def report(self) -> LedgerReport:
        """Copies of all accounts, and their sum."""
        with self._lock:
            accounts = [Account(**vars(account)) for _, account in sorted(self._accounts.items())]
        total = Account(judge="", model="")
        for account in accounts:
            total.add(account)
        return LedgerReport(accounts=tuple(accounts), total=total, wall_seconds=time.monotonic() - self._start)

    def _account(self, request: Request) -> Account:
        key = (request.judge, request.slot.model)
        account = self._accounts.get(key)
        if account is None:
            account = self._accounts[key] = Account(judge=key[0], model=key[1])
        return account


def money(usd: float | None) -> str:
    """For people: $0.0042, $1.24, $1,310."""
    if usd is None:
        return "unknown"
    if usd == 0 or usd >= 1:
        return f"${usd:,.2f}" if usd < 1000 else f"${usd:,.0f}"
    return f"${usd:.{1 - math.floor(math.log10(usd))}f}"


def tokens(n: int) -> str:
    """For people: 812, 12.3k, 4.56M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if n >= size:
            return f"{n / (size if letter != 'k' else 1e3):.3g}{letter}"
    return f"{n:,}"
