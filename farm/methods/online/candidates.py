"""Candidates: the policy as it is at evenly spaced steps of its training, of which a held-out judge chooses one.

Each is an ordinary checkpoint, `step_0004` and so on beside the final weights, which are the last candidate.
`snapshots.json` lists their steps. Who chooses, and how, stands in farm/pipeline/judging/checkpoint_selection.py.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from farm.bounded.json_text import read_json_object

_LIST = "snapshots.json"


class Snapshot(NamedTuple):
    """A candidate."""

    step: int
    """Optimizer steps, or rounds of rollouts, that it was trained for."""
    checkpoint: Path


def snapshot_steps(n_steps: int, n_snapshots: int) -> list[int]:
    """`n_snapshots` of the steps 1 to `n_steps`, evenly spaced, the last included; all of them if there are fewer."""
    count = min(n_steps, n_snapshots)
    return [-(-n_steps * k // count) for k in range(1, count + 1)]  # rounded up


def check_rounds_are_candidates(n_snapshots: int) -> None:
    """Raise ValueError if a method of several rounds asks for candidates within a round."""
    if n_snapshots != 1:
        raise ValueError(
            f"training.n_snapshots: the candidates are the ends of the rounds, expected 1, got {n_snapshots}"
        )


class Snapshots:
    """Keeps candidates while a method trains.

    They wait in the scratch folder. A killed run that resumes from an earlier step makes those after it again, with the
    same weights; to resume after a step it must have been kept before, so call `keep` before the state is saved.
    """

    def __init__(self, output_dir: Path, scratch_dir: Path, *, n_steps: int, n_snapshots: int) -> None:
        self._output_dir, self._waiting_dir = output_dir, scratch_dir / "snapshots"
        self._steps = snapshot_steps(n_steps, n_snapshots)

    def keep(self, step: int, save: Callable[[Path], object]) -> None:
        """Keep the policy after `step` steps if that is one of the candidates; the end is saved by the method itself.

        Args:
            step: how many steps it has been trained for.
            save: writes the checkpoint into the folder.
        """
        if step in self._steps[:-1]:
            save(self._waiting_dir / _folder(step))

    def finish(self) -> None:
        """Put the candidates beside the final weights. Does nothing where the end is the only one."""
        if len(self._steps) == 1:
            return
        for step in self._steps[:-1]:
            # A copy: killed while moving, the next attempt would miss what has been moved already.
            shutil.copytree(self._waiting_dir / _folder(step), self._output_dir / _folder(step))
        (self._output_dir / _LIST).write_text(json.dumps({"steps": self._steps}) + "\n")


def snapshots_of(trained_dir: Path, checkpoint: Path) -> list[Snapshot]:
    """The candidates of a trained policy in the order of their steps; empty if it kept no more than its end.

    Args:
        trained_dir: where the method wrote.
        checkpoint: the final weights, the last candidate.
    """
    file = trained_dir / _LIST
    if not file.is_file():
        return []
    *early, last = read_json_object(file)["steps"]
    return [*(Snapshot(step, trained_dir / _folder(step)) for step in early), Snapshot(last, checkpoint)]


def _folder(step: int) -> str:
    return f"step_{step:04d}"
