"""A sweep killed again and again, at moments drawn at random, ends as an unbroken one; `pytest -m soak`, by hand."""

import os
import random
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.commands.run_farm import farm_process
from tests.forked import MAIN, Forked

N_KILLS = int(os.environ.get("FARM_KILLS", "50"))
"""Fifty take some twenty minutes of waiting, and what the work between two kills takes."""
LONGEST_WAIT = 35.0
"""Seconds."""
SWEEP = (
    "run", "-m", "method=ppo,quark", "annotator=crowd,pool", "seed=0", "hydra/launcher=joblib",
    "hydra.launcher.n_jobs=2", "method.n_steps=4", "method.rollouts_per_step=32", "dataset.n_demonstrations=320",
    "dataset.n_preference=96", "dataset.n_unlabeled=64", "dataset.n_evaluation=20", "dataset.n_validation=8",
    "reward_model.n_held_out=16", "selection.n_instructions=8",
)  # fmt: skip


@pytest.mark.soak
def test_a_sweep_killed_many_times_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    expected = standings(whole)
    assert len(expected) == 8
    draws, n_kills, n_sweeps = random.Random(0), 0, 1
    while n_kills < N_KILLS:
        with Forked(MAIN, *SWEEP, f"root={broken}") as process:
            time.sleep(draws.uniform(1.0, LONGEST_WAIT))
            if process.is_running:
                process.kill_all()
                n_kills += 1
                continue
        # It has come to its end between two kills: the next kills are for a sweep that begins.
        pd.testing.assert_frame_equal(standings(broken), expected)
        broken, n_sweeps = tmp_path / f"broken{n_sweeps}", n_sweeps + 1
    pd.testing.assert_frame_equal(standings(broken), expected)
    print(f"{n_kills} kills over {n_sweeps} sweeps")


def standings(root: Path) -> pd.DataFrame:
    """What the sweep comes to, run to its end."""
    done = farm_process(*SWEEP, f"root={root}")
    assert done.returncode == 0, done.stdout + done.stderr
    return pd.read_csv(root / "experiments" / "sweep" / "standings.csv")
