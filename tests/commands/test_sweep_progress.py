"""A sweep says how many of its runs are done and how long the others may take, once for each run that ends."""

import json
from pathlib import Path

import pytest

from farm.commands import sweep_progress as module
from farm.commands.sweep_progress import sweep_progress, time_left


def record(folder: Path, label: str) -> None:
    (folder / f"{label}.json").write_text(json.dumps({"line": f"[{label}] 7 s"}))


def test_each_run_that_ends_is_one_line_with_the_time_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    record(tmp_path, "of the sweep before")
    with sweep_progress(tmp_path, total=3):
        now[0] = 120.0
        record(tmp_path, "dpo/crowd/0".replace("/", "-"))
    # 120 s for one run, so the other two take 240 s.
    assert capsys.readouterr().err == "1 of 3 runs, about 4 min left  [dpo-crowd-0] 7 s\n"
    with sweep_progress(tmp_path, total=1):
        record(tmp_path, "last")
    assert capsys.readouterr().err == "1 of 1 runs  [last] 7 s\n"


def test_times_have_the_unit_that_a_person_would_use() -> None:
    assert [time_left(seconds) for seconds in (12, 89, 90, 600, 5400, 9000)] == [
        "12 s", "89 s", "2 min", "10 min", "1.5 h", "2.5 h",
    ]  # fmt: skip
