"""Ctrl-C and SIGTERM in tests that run commands of their own."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.paths import ROOT


def heed_interrupts() -> None:
    """For `preexec_fn`: a process that a shell put into the background has SIGINT ignored, and so have its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Ended(NamedTuple):
    """How a stopped command ended."""

    returncode: int
    stderr: str
    seconds: float
    """From the first signal to the end."""
    n_left: int
    """Processes of its group that were still there a moment later."""


@contextmanager
def started(line: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """A command in a process group of its own, given over when it heeds stops: Python itself never heeds SIGTERM."""
    process = subprocess.Popen(
        line,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )
    try:
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None and not _catches(status.read_text(), signal.SIGTERM):
            time.sleep(0.001)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def stopped(process: "subprocess.Popen[str]", number: int, n_times: int = 1) -> Ended:
    """Send a signal to the whole group, as a terminal does, so many times."""
    start = time.monotonic()
    for i in range(n_times):
        if process.poll() is None:
            time.sleep(0.02 * bool(i))
            os.killpg(process.pid, number)
    _, error = process.communicate(timeout=60)
    seconds = time.monotonic() - start
    deadline = time.monotonic() + 3
    while (n_left := _n_in_group(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return Ended(process.returncode, error, seconds, n_left)


def _catches(status: str, number: int) -> bool:
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (number - 1) & 1)


def _n_in_group(group: int) -> int:
    listed = subprocess.run(["ps", "-e", "-o", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return sum(int(pgid) == group and not state.startswith("Z") for pgid, state in rows)
