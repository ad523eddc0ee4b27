"""`farm ...` as a user types it: in this process, or in one of its own where it is killed or starts workers."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout

from farm.commands.main import run_command
from tests.forked import MAIN, Done, run_forked

FARM = [sys.executable, "-c", MAIN]
"""In an interpreter of its own, which imports everything anew."""


def farm(*arguments: str) -> Done:
    """Run a command in this process, which has imported torch already."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run_command(arguments)
    return Done(code, out.getvalue(), err.getvalue())


def farm_process(*arguments: str) -> Done:
    """Run a command in a process of its own, in the repository's root."""
    return run_forked(MAIN, *arguments)
