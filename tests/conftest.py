"""How tests are run, and fixtures for all of them."""

import functools
import gc
import importlib.metadata
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

# Before torch is imported, and for the processes that tests start: two workers on two cores, and the same sums in all.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

from tests.paths import HUMANDATA

# accelerate asks at each step of a training whether peft is there, which reads a long file: a tenth of small trainings.
importlib.metadata.metadata = functools.cache(importlib.metadata.metadata)

BY_HAND = ("soak", "perf")
"""Tests that run only where -m names them."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two; none where single files are named, for which starting workers takes longer than it saves."""
    if any(Path(argument.split("::")[0]).suffix == ".py" for argument in config.args):
        config.option.dist = "no"
        return 0
    return 2


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is run by hand; files with slow tests come first, so that both workers are busy to the end."""
    chosen = str(config.option.markexpr)
    left_out = [item for item in items if any(item.get_closest_marker(m) and m not in chosen for m in BY_HAND)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    slow_files = {item.path for item in items if item.get_closest_marker("slow")}
    items[:] = [item for item in items if item not in left_out]
    items.sort(key=lambda item: item.path not in slow_files)


def pytest_collection_finish() -> None:
    """What torch and its like have made on import stays; no collection of garbage need look at it again."""
    gc.freeze()


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    """Commands set the number of threads of their process, on which the order of sums, and so the last bit, depends."""
    torch = sys.modules.get("torch")  # it is not there on Pythons that test only what does without it
    before = torch.get_num_threads() if torch else None
    yield
    if torch:
        torch.set_num_threads(before)


@pytest.fixture(scope="session")
def humandata() -> Path:
    """Recorded human labels beside the repository; never part of it."""
    folder = HUMANDATA
    if not folder.is_dir():
        pytest.skip(f"recorded human labels are not at {folder}")
    return folder


@pytest.fixture(scope="session")
def pandalm_answers(humandata: Path) -> dict[str, dict[str, object]]:
    """Figures computed independently from the same files."""
    answers: dict[str, dict[str, object]] = json.loads((humandata / "known_answers_visible.json").read_text())[
        "pandalm"
    ]
    return answers


@pytest.fixture(scope="session")
def known_answers(humandata: Path) -> dict[str, dict[str, dict[str, object]]]:
    """All figures computed independently from the same files, by data set."""
    found: dict[str, dict[str, dict[str, object]]] = json.loads((humandata / "known_answers_visible.json").read_text())
    return found
