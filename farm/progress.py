"""Progress with a rate and an ETA on everything that takes longer than two seconds.

A bar on a terminal; plain lines where the output is no terminal, or where several jobs share it.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Never, Protocol

from tqdm import tqdm

from farm.plain_text import one_line, raw_stream

QUIET_SECONDS = 2.0
LINE_EVERY_SECONDS = 15.0
JOB_LINE_EVERY_SECONDS = 300.0
"""Between the lines of one job of a sweep, which has a line of its own for all its jobs."""

_job: ContextVar[str] = ContextVar("job", default="")


class Bar(Protocol):
    """Counts finished units."""

    def advance(self, n: int = 1) -> None: ...

    def note(self, text: str) -> None:
        """Show this beside the rate, from the next `advance` on: what was spent, what could not be read."""


@contextmanager
def job_label(label: str) -> Iterator[None]:
    """Within it, this job is one of several on the same terminal: plain lines that begin with its label."""
    token = _job.set(label)
    try:
        yield
    finally:
        _job.reset(token)


@contextmanager
def progress(label: str, *, total: int, unit: str) -> Iterator[Bar]:
    """Show how far a loop has come: `with progress("sampling", total=8000, unit="answers") as bar: ...`."""
    label = one_line(label)
    if sys.stderr.isatty() and not _job.get():
        bar: tqdm[Never] = tqdm(
            total=total, desc=label, unit=f" {unit}", delay=QUIET_SECONDS, leave=False, file=raw_stream(sys.stderr)
        )
        with bar:
            yield _TerminalBar(bar)
    else:
        job = _job.get()
        if job:
            yield _PlainLines(
                f"[{job}] {label}", total, unit, first=JOB_LINE_EVERY_SECONDS, every=JOB_LINE_EVERY_SECONDS
            )
        else:
            yield _PlainLines(label, total, unit, first=QUIET_SECONDS, every=LINE_EVERY_SECONDS)


class _TerminalBar:
    def __init__(self, bar: "tqdm[Never]") -> None:
        self._bar = bar

    def advance(self, n: int = 1) -> None:
        self._bar.update(n)

    def note(self, text: str) -> None:
        self._bar.set_postfix_str(one_line(text))


class _PlainLines:
    def __init__(self, label: str, total: int, unit: str, *, first: float, every: float) -> None:
        self._label, self._total, self._unit, self._every = label, total, unit, every
        self._note = ""
        self._done = 0
        self._start = time.monotonic()
        self._next_line = self._start + first

    def note(self, text: str) -> None:
        self._note = one_line(text)

    def advance(self, n: int = 1) -> None:
        self._done += n
        now = time.monotonic()
        if now < self._next_line or self._done >= self._total:
            return
        self._next_line = now + self._every
        rate = self._done / (now - self._start)
        left = f"{(self._total - self._done) / rate:.0f} s left" if rate else "no estimate yet"
        note = f", {self._note}" if self._note else ""
        print(
            f"{self._label}: {self._done}/{self._total} {self._unit}, {rate:.3g}/s, {left}{note}",
            file=sys.stderr,
            flush=True,
        )
