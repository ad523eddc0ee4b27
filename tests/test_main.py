"""`python -m farm` is `farm`; the modules below it are no commands, and say so."""

import subprocess
import sys

import pytest

from tests.commands.run_farm import FARM
from tests.paths import ROOT


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("line", [("--version",), ("plam",), ("--help",)])
def test_the_package_runs_as_the_console_script_does(line: tuple[str, ...]) -> None:
    as_package, as_script = run(sys.executable, "-m", "farm", *line), run(*FARM, *line)
    assert (as_package.returncode, as_package.stdout, as_package.stderr) == (
        as_script.returncode,
        as_script.stdout,
        as_script.stderr,
    )


@pytest.mark.parametrize(
    ("words", "module"),
    [
        (("-m", "farm.commands.main", "--help"), "farm.commands.main"),
        (("-m", "farm.commands.plan"), "farm.commands.plan"),
        (("-mfarm.reports.page", "x"), "farm.reports.page"),
        (("-m", "farm.api"), "farm.api"),
    ],
)
def test_a_module_of_it_is_no_command(words: tuple[str, ...], module: str) -> None:
    done = run(sys.executable, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"farm: {module} is no command; all commands: python -m farm --help\n"


def test_other_modules_that_import_it_run() -> None:
    assert run(sys.executable, "-m", "timeit", "-n1", "-r1", "import farm").returncode == 0
