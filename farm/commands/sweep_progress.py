"""One line for a whole sweep: how many of its runs are done, and how long the others may take."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from farm.bounded.json_text import read_json_object
from farm.plain_text import one_line, raw_stream

LOOK_EVERY_SECONDS = 1.0
_CLEAR = "\r\x1b[K"


@contextmanager
def sweep_progress(records: Path, *, total: int) -> Iterator[None]:
    """Show `k of n runs, about 5 min left` while the block runs, and what every run that ends has to say.

    Runs work in other processes; each writes a JSON record with its `line` into a folder when it ends.

    Args:
        records: the folder; records that are there already belong to another sweep.
        total: how many runs there are.
    """
    watch = _Watch(records, total, raw_stream(sys.stderr))
    stop = threading.Event()
    thread = threading.Thread(target=_watch_until, args=(watch, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        watch.look()
        watch.end()


def time_left(seconds: float) -> str:
    """In the unit that a person would use."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _watch_until(watch: "_Watch", stop: threading.Event) -> None:
    while not stop.wait(LOOK_EVERY_SECONDS):
        watch.look()


class _Watch:
    def __init__(self, records: Path, total: int, stream: TextIO) -> None:
        self._records, self._total, self._stream = records, total, stream
        self._seen = set(records.glob("*.json"))
        self._n_done = 0
        self._start = time.monotonic()
        self._is_terminal = stream.isatty()

    def look(self) -> None:
        """Print what has ended since the last look."""
        for path in sorted(set(self._records.glob("*.json")) - self._seen):
            self._seen.add(path)
            self._n_done += 1
            line = one_line(read_json_object(path)["line"])
            if self._is_terminal:
                print(f"{_CLEAR}{line}", file=self._stream)
            else:
                print(f"{self._status()}  {line}", file=self._stream, flush=True)
        if self._is_terminal:
            print(f"{_CLEAR}{self._status()}", end="", file=self._stream, flush=True)

    def end(self) -> None:
        """Leave an empty line for what comes next."""
        if self._is_terminal:
            print(_CLEAR, end="", file=self._stream, flush=True)

    def _status(self) -> str:
        status = f"{self._n_done} of {self._total} runs"
        if not 0 < self._n_done < self._total:
            return status
        seconds = (time.monotonic() - self._start) / self._n_done * (self._total - self._n_done)
        return f"{status}, about {time_left(seconds)} left"
