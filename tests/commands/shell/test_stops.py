"""Ctrl-C and SIGTERM in real processes: one sentence, one exit code, nobody left, whatever was going on.

What happens before farm's first line runs, while Python itself starts, is Python's to answer.
"""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from farm.commands.shell.stops import STOPPED
from tests.commands.run_farm import FARM
from tests.interrupts import Ended, heed_interrupts, started, stopped
from tests.paths import ROOT

SMALL = (
    "dataset.n_demonstrations=96", "dataset.n_preference=48", "dataset.n_unlabeled=64", "dataset.n_evaluation=16",
    "dataset.n_validation=8", "reward_model.n_held_out=12", "selection.n_instructions=8",
)  # fmt: skip
PPO = (*SMALL, "method.n_steps=4", "method.rollouts_per_step=16")
SWEEP = (
    "run", "-m", "method=ppo,quark", "annotator=crowd,pool", "seed=0", *PPO,
    "hydra/launcher=joblib", "hydra.launcher.n_jobs=2",
)  # fmt: skip
TRAINER = ("run", "method=dpo", "annotator=crowd", "seed=0", *SMALL)
N_MOMENTS = 30
SWALLOWS = """
import time
from farm.commands.shell import stops
stops.PATIENCE_SECONDS = 0.3
with stops.Stops() as heeded:
    try:
        heeded.raise_from_now()
        time.sleep(30)
    except BaseException:
        time.sleep(30)
"""
WORKERS = """
from pathlib import Path
from joblib import Parallel, delayed
from farm.commands.shell.workers import workers_without_interrupts

def blocked(_):
    return next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "SigBlk" in line)

with workers_without_interrupts():
    print(*Parallel(n_jobs=2)(delayed(blocked)(k) for k in range(8)))
"""
"""What the workers of a sweep block; no line of farm has run in them."""
IN_A_THREAD = """
import threading, time
from farm.commands import main as entry

def fail():
    time.sleep(0.3)
    raise RuntimeError("of a thread")

def command(arguments):
    threading.Thread(target=fail).start()
    try:
        time.sleep(30)
    finally:
        time.sleep(0.6)

entry.run_command = command
entry.main()
"""


def wait_until_it_builds(root: Path) -> None:
    deadline = time.monotonic() + 600  # a machine under load takes minutes to import torch in three processes
    while not list(root.glob("artifacts/*/.*.building")):
        assert time.monotonic() < deadline, "the sweep builds nothing"
        time.sleep(0.05)


def is_clean(ended: Ended, number: int = signal.SIGINT) -> bool:
    return ended.returncode == 128 + number and ended.stderr.splitlines()[-1:] == [STOPPED] and ended.n_left == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_while_modules_are_imported(number: int) -> None:
    for seconds in (0.0, 0.05):
        with started([*FARM, "plan", "difference=0.05"]) as process:
            time.sleep(seconds)
            ended = stopped(process, number)
        assert is_clean(ended, number) and ended.stderr.count("\n") == 1, ended


@pytest.mark.parametrize(("code", "n_times"), [(SWALLOWS, 1), (SWALLOWS, 2), (SWALLOWS, 3), (IN_A_THREAD, 1)])
def test_an_interrupt_that_is_swallowed_or_disturbs_a_thread_ends_it_too(code: str, n_times: int) -> None:
    with started([sys.executable, "-c", code]) as process:
        time.sleep(0.15)
        ended = stopped(process, signal.SIGINT, n_times)
    assert is_clean(ended) and ended.stderr.count("\n") == 1 and ended.seconds < 2.0, ended


def test_a_command_that_is_to_ignore_interrupts_ignores_them() -> None:
    code = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{SWALLOWS.replace('30', '0.3')}"
    with started([sys.executable, "-c", code]) as process:
        assert stopped(process, signal.SIGINT).returncode == 0


def test_workers_have_the_signal_blocked_from_their_first_instruction_on() -> None:
    done = subprocess.run([sys.executable, "-c", WORKERS], cwd=ROOT, capture_output=True, text=True, check=True)
    masks = {int(mask, 16) for mask in done.stdout.split()}
    assert masks and all(mask & 1 << signal.SIGINT - 1 for mask in masks)


@pytest.mark.slow
def test_three_times_in_a_sweep_with_two_workers(tmp_path: Path) -> None:
    with started([*FARM, *SWEEP, f"root={tmp_path}"]) as process:
        wait_until_it_builds(tmp_path)
        ended = stopped(process, signal.SIGINT, 3)
    assert is_clean(ended) and "Traceback" not in ended.stderr, ended


@pytest.mark.soak
def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    with started([*FARM, *SWEEP, f"root={tmp_path}"]) as process:
        wait_until_it_builds(tmp_path)
        process.kill()
        ended = stopped(process, signal.SIGCONT)
    assert ended.returncode == -signal.SIGKILL and ended.n_left == 0, ended


@pytest.mark.soak
@pytest.mark.parametrize("n_times", [1, 3])
@pytest.mark.parametrize(
    ("line", "longest"),
    [
        (("plan", "difference=0.05"), 3.0),
        (("compare",), 4.0),
        (TRAINER, 25.0),
        (("run", "method=ppo", "annotator=pool", "seed=0", *PPO), 25.0),
        (SWEEP, 35.0),
    ],
    ids=["plan", "compare", "trainer", "ppo", "sweep"],
)
def test_at_thirty_moments(line: tuple[str, ...], longest: float, n_times: int, tmp_path: Path) -> None:
    draws = random.Random(n_times)
    n_unclean = 0
    place = ("root=" if line[0] in ("run", "compare") else "output=") + str(tmp_path / "place")
    for _ in range(N_MOMENTS):
        with started([*FARM, *line, place]) as process:
            time.sleep(draws.uniform(0.0, longest))
            is_over = process.poll() is not None
            ended = stopped(process, signal.SIGINT, n_times)
        if not (is_over or (is_clean(ended) and "Traceback" not in ended.stderr)):
            print(ended)
            n_unclean += 1
    done = subprocess.run(
        [*FARM, *line, place], cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=heed_interrupts
    )
    assert n_unclean == 0
    assert done.returncode == 0 or line == ("compare",), done.stderr  # there is nothing to compare under an empty root
