"""Fixtures for all tests."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.paths import HUMANDATA


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    """Commands set the number of threads of their process, on which the order of sums, and so the last bit, depends."""
    before = torch.get_num_threads()
    yield
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
