"""Worker processes of a sweep never see Ctrl-C, and end with the process that started them."""

import importlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

LAUNCHER = "FARM_LAUNCHER"
"""Tells worker processes which process has started them."""
LOOK_EVERY_SECONDS = 0.5
_TRACKERS = ("multiprocessing.resource_tracker", "joblib.externals.loky.backend.resource_tracker")


def end_with_launcher() -> None:
    """In a worker process: end when the process that has started it is gone, however that ended; heed no Ctrl-C."""
    launcher = int(os.environ.get(LAUNCHER, "0"))
    if launcher and launcher != os.getpid():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_end_without, args=(launcher,), daemon=True).start()


@contextmanager
def workers_without_interrupts() -> Iterator[None]:
    """Processes started within it never see Ctrl-C, which a terminal sends to all: this one ends them.

    A blocked signal stays blocked in a new process, from its first instruction on. Here another thread takes it.
    """
    os.environ[LAUNCHER] = str(os.getpid())
    for module in _TRACKERS:
        # Whoever starts one of these unblocks the signal, for the first worker too: they are started before.
        importlib.import_module(module).ensure_running()
    done = threading.Event()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    threading.Thread(target=_take_interrupts, args=(done,), daemon=True).start()
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        done.set()
        del os.environ[LAUNCHER]


def _take_interrupts(done: threading.Event) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    done.wait()


def _end_without(launcher: int) -> None:
    while os.getppid() == launcher:
        time.sleep(LOOK_EVERY_SECONDS)
    os._exit(1)
