"""Progress as plain lines, where the output is no terminal."""

import pytest

from farm import progress as module
from farm.progress import job_label, progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_lines_give_rate_and_time_left(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with job_label("ppo/crowd/0"), progress("sampling", total=100, unit="answers") as bar:
        clock[0] += 4
        bar.advance(10)  # the sweep has its own line; that of a job comes every five minutes
        clock[0] += 396
        bar.advance(10)  # 20 in 400 s: .05/s, so the other 80 take 1600 s
    with progress("sampling", total=100, unit="answers") as bar:
        bar.advance(10)  # nothing in the first two seconds
        clock[0] += 4
        bar.advance(10)  # 20 in 4 s: 5/s, so the other 80 take 16 s
        clock[0] += 1
        bar.advance(10)  # not every time
    assert capsys.readouterr().err.splitlines() == [
        "[ppo/crowd/0] sampling: 20/100 answers, 0.05/s, 1600 s left",
        "sampling: 20/100 answers, 5/s, 16 s left",
    ]


def test_short_loops_are_silent_and_nothing_done_is_no_error(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with progress("sampling", total=2, unit="answers") as bar:
        bar.advance(2)
    assert capsys.readouterr().err == ""
    with progress("training", total=2, unit="steps") as bar:
        clock[0] += 9
        bar.advance(0)
    assert "0/2 steps, 0/s, no estimate yet" in capsys.readouterr().err


def test_a_note_stands_beside_the_rate(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with progress("annotating", total=100, unit="comparisons") as bar:
        clock[0] += 4
        bar.note("8 calls, $0.01, 0 unparsed")
        bar.advance(8)
    assert capsys.readouterr().err == "annotating: 8/100 comparisons, 2/s, 46 s left, 8 calls, $0.01, 0 unparsed\n"
