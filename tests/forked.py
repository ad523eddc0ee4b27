"""Processes of their own without the seconds in which torch is imported: forks of one that has imported it already.

A fork server, one in each process of pytest, imports what farm's commands import and runs nothing. A process forked
from it has its own folder, environment, output, session, exit code and signals, as `python -c CODE ARGUMENT ...` has;
only its modules are there from the start. What is about starting up, or about modules that must not be imported, needs
an interpreter of its own.
"""

import atexit
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from tests.paths import ROOT

MAIN = "from farm.commands.main import main; main()"
"""What `farm ...` runs."""
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.preloaded"])


class Done(NamedTuple):
    """What a process printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


class Forked:
    """A process that runs code; as a context, one that does not outlive it."""

    def __init__(self, code: str, *arguments: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._stdout, self._stderr = Path(self._folder.name) / "stdout", Path(self._folder.name) / "stderr"
        self._stdout.touch()
        environment = dict(os.environ if env is None else env)
        self._process: BaseProcess = _CONTEXT.Process(
            target=_run, args=(code, arguments, str(cwd), environment, str(self._stdout), str(self._stderr))
        )
        self._process.start()

    def __enter__(self) -> "Forked":
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_running:
            self.kill_all()
        self._folder.cleanup()

    @property
    def is_running(self) -> bool:
        return self._process.is_alive()

    def interrupt(self) -> None:
        """Ctrl-C."""
        os.kill(self._pid, signal.SIGINT)

    def kill_all(self) -> None:
        """Kill it and the processes that it started."""
        os.killpg(self._pid, signal.SIGKILL)
        self._process.join()

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code; minus the signal that killed it."""
        self._process.join(timeout)
        assert self._process.exitcode is not None, "it still runs"
        return self._process.exitcode

    def done(self, timeout: float | None = None) -> Done:
        """What it has printed at its end."""
        code = self.wait(timeout)
        return Done(code, self._stdout.read_text(), self._stderr.read_text())

    def lines(self) -> Iterator[str]:
        """What it prints, line by line, as it comes."""
        with self._stdout.open() as file:
            is_over, line = False, ""
            while not is_over:
                is_over = not self.is_running
                for piece in file:  # a line that is being written comes in pieces
                    line += piece
                    if line.endswith("\n"):
                        yield line
                        line = ""
                time.sleep(0.002)
            if line:
                yield line

    @property
    def _pid(self) -> int:
        """Also that of its session."""
        assert self._process.pid is not None
        return self._process.pid


def run_forked(code: str, *arguments: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Done:
    """Run code to its end in a process of its own."""
    with Forked(code, *arguments, cwd=cwd, env=env) as process:
        return process.done()


def _run(
    code: str, arguments: tuple[str, ...], cwd: str, environment: Mapping[str, str], stdout: str, stderr: str
) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background processes have it ignored
    for number, path in ((1, stdout), (2, stderr)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv = ["-c", *arguments]
    main = sys.modules["__main__"] = ModuleType("__main__")
    try:
        exec(compile(code, "<string>", "exec"), vars(main))
    finally:
        # As an interpreter ends; a forked process would wait for its children first, and joblib's wait for minutes.
        threading._shutdown()
        atexit._run_exitfuncs()
