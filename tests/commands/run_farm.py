"""`farm ...` as a user types it: in this process, or in one of its own where it is killed or starts workers."""

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

from farm.commands.main import run_command
from tests.paths import ROOT

FARM = [sys.executable, "-c", "from farm.commands.main import main; main()"]


class Done(NamedTuple):
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def farm(*arguments: str) -> Done:
    """Run a command in this process, which has imported torch already."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run_command(arguments)
    return Done(code, out.getvalue(), err.getvalue())


def farm_process(*arguments: str) -> Done:
    """Run a command in a process of its own, in the repository's root."""
    done = subprocess.run([*FARM, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)
