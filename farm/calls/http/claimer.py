"""Claims requests before they are sent, and waits for those that another process is asking.

Belongs to the sender's event loop, as everything there does. Without a cache there is nobody to share with.
"""

import asyncio
import logging
from collections.abc import Callable
from itertools import islice

from farm.calls.cache.cache import CallCache
from farm.calls.http.lines import Job, Line
from farm.calls.request import Reply

logger = logging.getLogger(__name__)

CLAIMED_AT_ONCE = 8
"""Requests that are claimed in one commit; those of them that have no place yet wait for one."""
LOOK_SECONDS = 0.1
"""Between two looks at what others are asking."""
NOTICE_SECONDS = 30.0
"""After so long a wait it is said."""
SHORTEST_PATIENCE_SECONDS = 60.0


class Claimer:
    """The claims of one sender."""

    def __init__(
        self,
        cache: CallCache | None,
        loop: asyncio.AbstractEventLoop,
        *,
        max_wait_seconds: float,
        end: Callable[[Job, Reply], None],
        line_up: Callable[[list[Job]], None],
    ) -> None:
        """Claim nothing yet.

        Args:
            cache: where claims are kept; None lets everything be sent.
            loop: of the sender.
            max_wait_seconds: of one request; whoever asks elsewhere gets twice as long, and then it is asked here too.
            end: to call with a job that has been answered elsewhere.
            line_up: to call with jobs that can be asked here after all.
        """
        self._cache, self._loop, self._end, self._line_up = cache, loop, end, line_up
        self._patience = max(SHORTEST_PATIENCE_SECONDS, 2 * max_wait_seconds)
        self._elsewhere: dict[Job, None] = {}
        """Jobs that others are asking, in order."""
        self._has_said_so = False

    def claim_next(self, line: Line) -> None:
        """Claim the next jobs of a line; those that have a reply by now end, those that others ask are set aside."""
        jobs = [job for job in islice(line.waiting, CLAIMED_AT_ONCE) if not job.is_claimed]
        for job in jobs:
            job.is_claimed = True
        if self._cache is None:
            return
        overdue = frozenset(job.key for job in jobs if self._is_overdue(job))
        replies, others = self._cache.claim([job.key for job in jobs], even_of=overdue)
        for job in jobs:
            if job.key in replies or job.key in others:
                line.waiting.remove(job)
        for job in jobs:
            if job.key in replies:
                self._end(job, replies[job.key])
            elif job.key in others:
                self._set_aside(job)

    def give_up(self) -> list[Job]:
        """Wait no more; returns the jobs that have been waited for."""
        jobs = list(self._elsewhere)
        self._elsewhere.clear()
        return jobs

    def _set_aside(self, job: Job) -> None:
        job.is_claimed = False
        job.elsewhere_since = job.elsewhere_since or self._loop.time()
        if not self._elsewhere:
            self._loop.call_later(LOOK_SECONDS, self._look)
        self._elsewhere[job] = None

    def _look(self) -> None:
        if not self._elsewhere or self._cache is None:
            return
        replies, others = self._cache.look([job.key for job in self._elsewhere])
        jobs = [job for job in self._elsewhere if job.key not in others or self._is_overdue(job)]
        for job in jobs:
            del self._elsewhere[job]
        if self._elsewhere:
            self._loop.call_later(LOOK_SECONDS, self._look)
            self._say_so()
        for job in jobs:
            if job.key in replies:
                self._end(job, replies[job.key])
        self._line_up([job for job in jobs if job.key not in replies])

    def _is_overdue(self, job: Job) -> bool:
        return bool(job.elsewhere_since) and self._loop.time() - job.elsewhere_since > self._patience

    def _say_so(self) -> None:
        waited = self._loop.time() - min(job.elsewhere_since for job in self._elsewhere)
        if waited >= NOTICE_SECONDS and not self._has_said_so:
            self._has_said_so = True
            logger.warning(
                "%d requests are being asked by another process that shares this cache; their replies are waited for",
                len(self._elsewhere),
            )
