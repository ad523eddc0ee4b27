"""Sends requests to endpoints from one event loop in a thread: concurrency, retries, budget, and the order of it all.

Everything here runs in that thread except `submit` and `close`. A job waits in its endpoint's line, is sent when there
is a place and budget, and ends exactly once, with a reply or with the reason why there is none.
"""

import asyncio
import logging
import threading
from collections.abc import Sequence
from functools import partial

from farm.calls.cache.cache import GROUP_SECONDS, CallCache
from farm.calls.http.claimer import Claimer
from farm.calls.http.connections import SENDER_THREAD
from farm.calls.http.endpoint import Endpoint, Try, advice
from farm.calls.http.keys import Address
from farm.calls.http.limits import AdaptiveLimit
from farm.calls.http.lines import Job, Line, given_up
from farm.calls.http.retries import MAX_USELESS_REPLIES, Failure, Remedy, wait_seconds
from farm.calls.request import Reply
from farm.calls.settings import CallSettings
from farm.calls.spending.budget import Budget, Permit
from farm.calls.spending.ledger import Ledger
from farm.calls.spending.prices import Prices, Usage
from farm.calls.tokens import estimated_prompt_tokens
from farm.errors import UserError

logger = logging.getLogger(__name__)

DISCOURAGED_AFTER = 20
"""With so many requests given up in a row, an endpoint gets one try per request until it answers again."""
UNREACHABLE_AFTER = 4
"""With so many failed tries and no reply ever, an endpoint that cannot be connected to stops the run."""
CLOSE_SECONDS = 5.0


class Sender:
    """All endpoints of a session."""

    def __init__(
        self,
        settings: CallSettings,
        *,
        prices: Prices,
        ledger: Ledger,
        budget: Budget,
        cache: CallCache | None,
    ) -> None:
        """Start the thread.

        Args:
            cache: in which requests are claimed before they are sent; None sends whatever there is.
        """
        self.stopped_by: Exception | None = None
        """Why nothing is sent any more."""
        self._settings, self._prices, self._ledger, self._budget = settings, prices, ledger, budget
        self._lines: dict[Address, Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open_jobs: set[Job] = set()
        self._resting: dict[Job, asyncio.TimerHandle] = {}
        """Jobs between two tries."""
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._on_error)
        self._cache = cache
        self._claimer = Claimer(
            cache,
            self._loop,
            max_wait_seconds=settings.max_wait_seconds,
            end=self._end,
            line_up=self._line_up,
        )
        self._thread = threading.Thread(target=self._loop.run_forever, name=SENDER_THREAD, daemon=True)
        self._thread.start()

    def submit(self, jobs: Sequence[Job]) -> None:
        """Line jobs up; from any thread."""
        self._loop.call_soon_threadsafe(self._line_up, jobs)

    def close(self, *, is_patient: bool) -> None:
        """End everything; what is in flight gets a few seconds if `is_patient`, for it may have been paid for."""
        asyncio.run_coroutine_threadsafe(self._shut_down(is_patient), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _line_up(self, jobs: Sequence[Job]) -> None:
        lines = set()
        for job in jobs:
            self._open_jobs.add(job)
            line = self._line(job.address)
            line.waiting.append(job)
            lines.add(line.endpoint.address)
        for address in lines:
            self._pump(self._lines[address])

    def _line(self, address: Address) -> Line:
        if address not in self._lines:
            most = self._settings.concurrency
            endpoint = Endpoint(address, concurrency=most, timeout_seconds=self._settings.timeout_seconds)
            self._lines[address] = Line(endpoint, AdaptiveLimit(most))
        return self._lines[address]

    def _pump(self, line: Line) -> None:
        """Send as many of those who wait as may be sent now."""
        while line.waiting:
            if self.stopped_by is not None:
                self._end(line.waiting.popleft(), Reply(text="", failure=str(self.stopped_by)))
                continue
            now = self._loop.time()
            n_unwritten = 0 if self._cache is None else self._cache.n_unwritten
            if not line.limit.has_room(now, n_unwritten):
                if line.limit.paused_until > now and not line.limit.n_in_flight:
                    self._loop.call_at(line.limit.paused_until, self._pump, line)
                elif n_unwritten and not line.waits_for_writing:
                    line.waits_for_writing = True
                    self._loop.call_later(GROUP_SECONDS, self._written, line)
                return
            job = line.waiting[0]
            if not job.is_claimed:
                self._claimer.claim_next(line)
                continue
            job.reserved_usd = self._largest_cost(job)
            permit = self._budget.reserve(job.reserved_usd)
            if permit is Permit.WAIT:
                return
            line.waiting.popleft()
            if permit is Permit.SPENT:
                reason = f"not asked: {self._budget}"
                self._end(job, Reply(text="", failure=reason, is_budget_stop=True))
                continue
            line.limit.n_in_flight += 1
            task = self._loop.create_task(self._send(line, job))
            self._tasks.add(task)
            task.add_done_callback(partial(self._sent, job))

    def _written(self, line: Line) -> None:
        line.waits_for_writing = False
        self._pump(line)

    async def _send(self, line: Line, job: Job) -> None:
        sent_at = self._loop.time()
        job.first_sent_at = job.first_sent_at or sent_at
        job.n_sent += 1
        tried: Try | None = None
        try:
            tried = await line.endpoint.ask(job.request)
        except asyncio.CancelledError:
            self._end(job, Reply(text="", failure=f"interrupted: {self.stopped_by}"))
            raise
        finally:
            line.limit.n_in_flight -= 1
            self._settle(job, tried)
        if tried.is_answer:
            line.has_spoken = True
        if tried.strange_usage and not line.has_strange_usage:
            line.has_strange_usage = True
            logger.warning(
                "%s: it says of a reply's tokens what cannot be (%s); tokens and cost of such replies are estimated "
                "from the length of their texts",
                line.endpoint.address,
                tried.strange_usage,
            )
        if tried.failure is not None and tried.failure.remedy is Remedy.SLOW_DOWN:
            line.limit.limited(sent_at, self._loop.time())
        else:
            line.limit.replied()
        if tried.failure is None:
            line.models_that_answered.add(job.request.slot.model)
            line.n_given_up_in_a_row = 0
            self._end(job, self._reply(job, tried))
        else:
            self._failed(line, job, tried.failure)
        # A settled budget may let anybody go on.
        for other in self._lines.values():
            self._pump(other)

    def _settle(self, job: Job, tried: Try | None) -> None:
        """Book one try; None if it was cancelled."""
        is_paid = tried is not None and tried.is_success
        cost_usd: float | None = 0.0
        if tried is not None and is_paid:
            job.usage = Usage(*(a + b for a, b in zip(job.usage, tried.usage, strict=True)))
            cost_usd = self._prices.cost_usd(job.request.slot.model, job.address.base_url, tried.usage)
            job.paid_usd = None if cost_usd is None or job.paid_usd is None else job.paid_usd + cost_usd
            self._ledger.call(job.request, tried.usage, cost_usd, tried.seconds)
        self._budget.settle(job.reserved_usd, paid_usd=cost_usd or 0.0, is_paid=is_paid)

    def _failed(self, line: Line, job: Job, failure: Failure) -> None:
        """Try again later, give up, or stop everything."""
        job.n_limited += failure.remedy is Remedy.SLOW_DOWN
        job.n_useless += failure.remedy is Remedy.ASK_ANEW
        job.n_failed += failure.remedy is not Remedy.SLOW_DOWN
        if self._stops_the_run(line, job, failure):
            self._stop(UserError(advice(job.address, job.request, failure)))
            self._end(job, Reply(text="", failure=failure.reason))
            return
        wait = wait_seconds(job.n_failed + job.n_limited, failure.retry_after, job.key.hex())
        waited = self._loop.time() - job.first_sent_at
        is_discouraged = line.n_given_up_in_a_row >= DISCOURAGED_AFTER
        if (
            failure.remedy in (Remedy.GIVE_UP, Remedy.STOP_RUN)
            or job.n_failed >= self._settings.max_attempts
            or job.n_useless >= MAX_USELESS_REPLIES
            or waited + wait > self._settings.max_wait_seconds
            or is_discouraged
        ):
            line.n_given_up_in_a_row += failure.remedy in (Remedy.RETRY, Remedy.SLOW_DOWN)
            self._end(job, self._reply(job, None)._replace(failure=given_up(job, failure, waited, wait)))
            return
        self._resting[job] = self._loop.call_later(wait, self._again, line, job)

    def _stops_the_run(self, line: Line, job: Job, failure: Failure) -> bool:
        if failure.remedy is Remedy.STOP_RUN:
            # A redirect, a 403 or a 404 in the middle of a run is about this one request.
            is_known = job.request.slot.model in line.models_that_answered
            return not (is_known and failure.reason.startswith(("HTTP 3", "HTTP 403", "HTTP 404")))
        if failure.remedy is Remedy.RETRY and not line.has_spoken and failure.reason.startswith("connection"):
            line.n_unreachable += 1
            return job.n_failed >= UNREACHABLE_AFTER and line.n_unreachable >= UNREACHABLE_AFTER
        return False

    def _again(self, line: Line, job: Job) -> None:
        del self._resting[job]
        line.waiting.appendleft(job)
        self._pump(line)

    def _sent(self, job: Job, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._on_error(self._loop, {"exception": error})
            if job in self._open_jobs and job not in self._resting:
                self._end(job, Reply(text="", failure=str(error)))

    def _on_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """A damaged cache, a full disk, or a mistake here: nobody may wait for ever because of it."""
        error = context.get("exception")
        self._stop(error if isinstance(error, Exception) else RuntimeError(str(context.get("message"))))

    def _stop(self, reason: Exception) -> None:
        """Send nothing more; what is in flight gets a few seconds, for it may have been paid for."""
        if self.stopped_by is not None:
            return
        self.stopped_by = reason
        for line in self._lines.values():
            self._pump(line)
        for job, timer in list(self._resting.items()):
            timer.cancel()
            self._end(job, Reply(text="", failure=str(reason)))
        self._resting.clear()
        for job in self._claimer.give_up():
            self._end(job, Reply(text="", failure=str(reason)))
        for task in self._tasks:
            self._loop.call_later(CLOSE_SECONDS, task.cancel)

    def _end(self, job: Job, reply: Reply) -> None:
        self._open_jobs.discard(job)
        job.on_end(job, reply)

    def _reply(self, job: Job, tried: Try | None) -> Reply:
        """What the judge gets, with the tokens and money of all tries."""
        reply = Reply(text="") if tried is None else tried.reply
        return reply._replace(
            n_prompt_tokens=job.usage.n_prompt,
            n_cached_prompt_tokens=job.usage.n_cached_prompt,
            n_completion_tokens=job.usage.n_completion,
            cost_usd=job.paid_usd,
            latency_seconds=self._loop.time() - job.first_sent_at if tried is None else tried.seconds,
        )

    def _largest_cost(self, job: Job) -> float:
        if self._budget.usd is None:
            return 0.0
        request = job.request
        usage = Usage(estimated_prompt_tokens(request), 0, request.decoding.max_tokens)
        return self._prices.cost_usd(request.slot.model, job.address.base_url, usage) or 0.0

    async def _shut_down(self, is_patient: bool) -> None:
        self._stop(UserError("the run was stopped before this was answered"))
        if is_patient and self._tasks:
            await asyncio.wait(list(self._tasks), timeout=CLOSE_SECONDS)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*list(self._tasks), return_exceptions=True)
        for job in list(self._open_jobs):
            self._end(job, Reply(text="", failure=str(self.stopped_by)))
        for line in self._lines.values():
            await line.endpoint.close()
