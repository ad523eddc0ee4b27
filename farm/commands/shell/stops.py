"""Ctrl-C and SIGTERM end a command with one sentence and an exit code, whatever it is doing.

The first stop raises KeyboardInterrupt in the main thread, so that files and caches are closed. A thread that hears the
signals themselves ends the process where that takes too long, or where a second stop comes: code in C may not return
for minutes, and libraries swallow interrupts. This file is imported first, and imports only what every
Python has imported already, or has built in.
"""

from __future__ import annotations

import _thread
import atexit
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Never, Self

PATIENCE_SECONDS = 5.0
"""How long the first stop may take."""
STOPPED = "farm: stopped; what is finished stays, and the same command goes on from there"
_DEFAULTS = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


class Stops:
    """Heeds stops from the start of its `with` block to the end of the process; there is one, in the main thread."""

    def __init__(self) -> None:
        self._came: list[int] = []
        self._is_raised = False
        self._is_raising = False
        self._saying = _thread.allocate_lock()

    @property
    def has_come(self) -> bool:
        """Whether somebody has asked the process to end."""
        return bool(self._came)

    @property
    def exit_code(self) -> int:
        """What shells report for the signal: 130 after Ctrl-C, 143 after SIGTERM."""
        return 128 + (self._came[0] if self._came else signal.SIGINT)

    def __enter__(self) -> Self:
        heard, written = os.pipe()
        os.set_blocking(written, False)
        signal.set_wakeup_fd(written, warn_on_full_buffer=False)
        _thread.start_new_thread(self._watch, (heard,))
        for number, default in _DEFAULTS.items():
            # A process that was started with a signal ignored (nohup, a shell's background) goes on ignoring it.
            if signal.getsignal(number) == default:
                signal.signal(number, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """From here on a stop ends the process at once: nothing is left to be closed."""
        self._is_raising = False

    def raise_from_now(self) -> None:
        """Have the first stop raise KeyboardInterrupt: for somebody who catches it. Until then it ends the process."""
        self._is_raising = True

    def end(self) -> Never:
        """Say the sentence and end the process, when everything is closed.

        The interpreter's own end would wait for threads, and may report an interrupt under another exit code.
        """
        for number in _DEFAULTS:
            signal.signal(number, signal.SIG_IGN)
        self.say()
        atexit._run_exitfuncs()
        _kill_children()
        os._exit(self.exit_code)

    def say(self) -> None:
        """Print the sentence, once."""
        if self._saying.acquire(blocking=False):
            # Over what the terminal shows of Ctrl-C, or over a bar of progress.
            lead = b"\r\x1b[K" if os.isatty(2) else b""
            try:
                os.write(2, lead + STOPPED.encode() + b"\n")
            except OSError:  # nobody reads it
                return

    def _stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """The handler, which Python calls in the main thread when it gets there."""
        self._came.append(number)
        if self._is_raising and not self._is_raised:
            self._is_raised = True
            _silence_other_threads()
            raise KeyboardInterrupt

    def _watch(self, heard: int) -> None:
        """In a thread of its own: wait for a first stop, then for a second one or the end of patience."""
        self._came.append(_next_stop(heard, None))
        if self._is_raising:
            _next_stop(heard, PATIENCE_SECONDS)
        self.say()
        _kill_children()
        os._exit(self.exit_code)


def _next_stop(heard: int, seconds: float | None) -> int:
    """The number of the next signal that asks for the end; 0 if none comes in time."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not select.select([heard], [], [], left)[0]:
            return 0
        number = os.read(heard, 1)[0]
        if number in _DEFAULTS:
            return number


def _silence_other_threads() -> None:
    """What ends because of the stop has nothing to say."""
    sys.unraisablehook = _say_nothing
    if "threading" in sys.modules:
        vars(sys.modules["threading"])["excepthook"] = _say_nothing
    if "logging" in sys.modules:
        sys.modules["logging"].disable()


def _say_nothing(problem: object) -> None:
    """In place of a traceback."""


def _kill_children() -> None:
    if "multiprocessing" in sys.modules:
        for child in sys.modules["multiprocessing"].active_children():
            child.kill()
