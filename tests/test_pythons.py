"""Newer Pythons, where they are installed: all files compile, and what needs no torch passes its tests."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.paths import ROOT

NEWER = [f"3.{minor}" for minor in range(sys.version_info.minor + 1, 14)]
NEED_TORCH = {"torch", "transformers", "trl", "accelerate", "peft", "datasets"}
ROOMS = [
    "config", "test_records.py", "test_conversation.py", "analysis", "data", "labels", "leaderboard", "reports",
    "stats", "store",
]  # fmt: skip
WITH_TORCH = ["config/test_checks.py", "config/test_compose.py", "config/test_field_types.py", "store/test_cost.py"]
"""Of these rooms, what makes methods or measures torch's memory."""


def interpreter(version: str) -> str:
    """Another Python: on the path, or one of pyenv's."""
    known = (Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python")
    for path in (shutil.which(f"python{version}"), *known):
        if path and subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0:
            return str(path)
    pytest.skip(f"no Python {version} is installed here")


@pytest.mark.parametrize("version", NEWER)
def test_all_files_compile_without_a_warning(version: str) -> None:
    code = "import sys; [compile(open(path).read(), path, 'exec') for path in sys.argv[1:]]"
    files = [str(path) for path in sorted((ROOT / "farm").rglob("*.py"))]
    command = [interpreter(version), "-W", "error::SyntaxWarning", "-c", code, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_rooms_are_there() -> None:
    assert [name for name in (*ROOMS, *WITH_TORCH) if not (ROOT / "tests" / name).exists()] == []


@pytest.mark.soak
@pytest.mark.parametrize("version", NEWER)
def test_what_needs_no_torch_passes_its_tests(version: str, tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(r for r in project["optional-dependencies"]["dev"] if "farm[" not in r)]
    light = [line for line in lines if Requirement(line).name not in NEED_TORCH]
    subprocess.run([interpreter(version), "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", *light], check=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    rooms = [*(f"tests/{room}" for room in ROOMS), *(f"--ignore=tests/{file}" for file in WITH_TORCH)]
    command = [python, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", *rooms]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
