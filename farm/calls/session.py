"""Calls to judge models for one run: the cache first, then a local model or the endpoint, and everything booked.

with open_calls(settings) as calls:
    replies = calls.ask(requests)
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from farm.calls.cache.cache import CallCache, Entry, key_of
from farm.calls.http.keys import Address, address_of, base_url_of
from farm.calls.local.local_slots import LocalModels
from farm.calls.request import ModelSlot, Reply, Request
from farm.calls.settings import CallSettings
from farm.calls.spending.budget import Budget
from farm.calls.spending.ledger import Ledger, LedgerReport
from farm.calls.spending.prices import Prices, Usage, price_override
from farm.errors import UserError
from farm.seeds import rng_for

if TYPE_CHECKING:
    from farm.calls.http.lines import Job
    from farm.calls.http.sender import Sender


class CallProgress(NamedTuple):
    """Counters for a progress line."""

    n_calls: int
    n_cache_hits: int
    n_failures: int
    n_retries: int
    cost_usd: float | None
    """None if a call had no known price."""


@contextmanager
def open_calls(settings: CallSettings) -> Iterator["Session"]:
    """A session; closed with everything answered committed, also after Ctrl-C.

    Raises:
        CacheError: the cache file cannot be used.
    """
    session = Session(settings)
    is_patient = True
    try:
        yield session
    except KeyboardInterrupt:
        is_patient = False
        raise
    finally:
        session.close(is_patient=is_patient)


class Session:
    """Answers requests, from any thread. Opens connections and loads models at the first request that needs them."""

    def __init__(self, settings: CallSettings) -> None:
        self.settings = settings
        self.ledger = Ledger()
        self.budget = Budget(usd=settings.budget_usd, calls=settings.budget_calls)
        self._prices = Prices(settings.prices)
        self._cache = None if settings.cache is None else CallCache(settings.cache)
        self._local = LocalModels(settings.local)
        self._sender: Sender | None = None
        self._lock = threading.Lock()
        self._in_flight: dict[bytes, list[Callable[[Job, Reply], None]]] = {}
        self._addresses: dict[ModelSlot, Address] = {}
        self._base_urls: dict[ModelSlot, str] = {}

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply per request, in order; blocks until all are there.

        Many at once, or several threads, keep the endpoint busy: no more requests are in flight than are waited for.

        Raises:
            UserError: no request can succeed: no key, no access, no such model, nobody at the address, no credit, a
                budget in USD without a price, a damaged cache. What was answered is in the cache.
        """
        if not requests:
            return []
        if self._sender is not None and self._sender.stopped_by is not None:
            raise self._sender.stopped_by
        endpoints = [self._endpoint(request.slot) for request in requests]
        keys = [key_of(request, endpoint) for request, endpoint in zip(requests, endpoints, strict=True)]
        first = {key: i for i, key in reversed(list(enumerate(keys)))}
        replies = {} if self._cache is None else self._cache.get(list(first))
        self.ledger.hits((requests[first[key]], reply) for key, reply in replies.items())
        missing = [i for key, i in first.items() if key not in replies]
        local = [i for i in missing if requests[i].slot.kind == "local"]
        replies |= self._ask_endpoints([(keys[i], requests[i]) for i in missing if requests[i].slot.kind != "local"])
        replies |= self._ask_local([(keys[i], requests[i]) for i in local])
        return self._in_order(requests, keys, first, replies)

    def progress(self) -> CallProgress:
        """Where the run stands."""
        total = self.ledger.report().total
        return CallProgress(
            n_calls=total.n_calls,
            n_cache_hits=total.n_cache_hits,
            n_failures=total.n_failures,
            n_retries=total.n_retries,
            cost_usd=None if total.n_unpriced else total.cost_usd,
        )

    def report(self) -> LedgerReport:
        """The ledger as it stands."""
        return self.ledger.report()

    def budget_stop(self) -> str | None:
        """What to tell the user if the budget ended the run early; None if it did not."""
        if not self.budget.is_spent:
            return None
        return (
            f"{self.budget}. Everything paid for is kept: run the same command again, with a new or a larger budget, "
            "and it goes on from here"
        )

    def close(self, *, is_patient: bool = True) -> None:
        """Commit everything and end all threads. Requests in flight get a few seconds if `is_patient`."""
        try:
            if self._sender is not None:
                self._sender.close(is_patient=is_patient)
        finally:
            if self._cache is not None:
                self._cache.close()

    def _endpoint(self, slot: ModelSlot) -> str:
        """What stands for the place of a slot in the cache."""
        if slot.kind == "local":
            return self._local.identity(slot)
        known = self._base_urls.get(slot)
        if known is None:
            known = self._base_urls[slot] = base_url_of(slot, self.settings.allow_host)
        return known

    def _address(self, slot: ModelSlot) -> Address:
        address = self._addresses.get(slot)
        if address is None:
            address = address_of(slot, self.settings.allow_host)
            if self.settings.budget_usd is not None and not self._prices.is_known(slot.model, address.base_url):
                raise UserError(
                    f"budget_usd is set, but no price of {slot.model} at {address} is known: give one, e.g. "
                    f"{price_override(slot.model)} (USD per "
                    "million tokens), or set budget_calls instead"
                )
            self._addresses[slot] = address
        return address

    def _ask_endpoints(self, asked: Sequence[tuple[bytes, Request]]) -> dict[bytes, Reply]:
        if not asked:
            return {}
        # Imported here: the HTTP client takes half a second to load, and reading the cache needs none.
        from farm.calls.http.lines import Job

        waiting = _Waiting(len(asked))
        jobs, joined = [], []
        with self._lock:
            sender = self._sender = self._sender or self._new_sender()
            for key, request in asked:
                others = self._in_flight.get(key)
                if others is None:
                    self._in_flight[key] = [waiting.end]
                    jobs.append(Job(key, request, self._address(request.slot), self._ended))
                else:
                    others.append(waiting.end)
                    joined.append((key, request))
        # Several processes on one file each begin somewhere else, and then find what the others have answered.
        order = rng_for(os.getpid(), "order of sending", asked[0][0].hex()).permutation(len(jobs))
        sender.submit([jobs[i] for i in order])
        waiting.done.wait()
        if sender.stopped_by is not None:
            raise sender.stopped_by
        for key, request in joined:
            waiting.replies[key] = self._shared(request, waiting.replies[key])
        return waiting.replies

    def _new_sender(self) -> "Sender":
        from farm.calls.http.sender import Sender

        return Sender(self.settings, prices=self._prices, ledger=self.ledger, budget=self.budget, cache=self._cache)

    def _ended(self, job: "Job", reply: Reply) -> None:
        """In the sender's thread: keep the reply, then hand it to everybody who waits for it."""
        try:
            if reply.is_from_cache:
                self.ledger.hits([(job.request, reply)])
            else:
                self._keep(job.key, str(job.address), job.request, reply)
                self.ledger.ended(job.request, is_failure=bool(reply.failure), n_tries=job.n_sent)
        finally:
            with self._lock:
                ends = self._in_flight.pop(job.key)
            for end in ends:
                end(job, reply)

    def _keep(self, key: bytes, endpoint: str, request: Request, reply: Reply) -> None:
        if self._cache is None:
            return
        if reply.failure:
            self._cache.release(key)
        else:
            self._cache.put(Entry(key, endpoint, request, reply))

    def _ask_local(self, asked: Sequence[tuple[bytes, Request]]) -> dict[bytes, Reply]:
        if not asked:
            return {}
        replies = {}
        for part in self._local.parts([request for _, request in asked]):
            for i, reply in self._local.answer([(i, asked[i][1]) for i in part]):
                key, request = asked[i]
                replies[key] = reply
                usage = Usage(reply.n_prompt_tokens, 0, reply.n_completion_tokens)
                self._keep(key, self._local.identity(request.slot), request, reply)
                self.ledger.call(request, usage, reply.cost_usd, reply.latency_seconds)
                self.ledger.ended(request, is_failure=bool(reply.failure), n_tries=1)
        return replies

    def _in_order(
        self, requests: Sequence[Request], keys: Sequence[bytes], first: dict[bytes, int], replies: dict[bytes, Reply]
    ) -> list[Reply]:
        """Replies by position; equal requests share one, which only the first of them has paid for."""
        found = []
        for i, (request, key) in enumerate(zip(requests, keys, strict=True)):
            reply = replies[key]
            found.append(reply if i == first[key] else self._shared(request, reply))
        return found

    def _shared(self, request: Request, reply: Reply) -> Reply:
        """The reply to an equal request, for somebody who has not paid for it."""
        if reply.failure:
            self.ledger.ended(request, is_failure=True, n_tries=0)
            return reply._replace(n_prompt_tokens=0, n_cached_prompt_tokens=0, n_completion_tokens=0, cost_usd=0.0)
        self.ledger.hits([(request, reply)])
        return reply._replace(is_from_cache=True)


class _Waiting:
    """One `ask` that waits for its replies."""

    def __init__(self, n: int) -> None:
        self.replies: dict[bytes, Reply] = {}
        self.done = threading.Event()
        self._n = n

    def end(self, job: "Job", reply: Reply) -> None:
        """In the sender's thread."""
        self.replies[job.key] = reply
        if len(self.replies) == self._n:
            self.done.set()
