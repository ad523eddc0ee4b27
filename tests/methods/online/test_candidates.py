"""Candidates stand at evenly spaced steps, the last of them at the end, and a folder that is whole lists them."""

from dataclasses import replace
from pathlib import Path

import pytest

from farm.methods.method import TrainingInputs
from farm.methods.online.candidates import Snapshot, Snapshots, snapshot_steps, snapshots_of
from farm.methods.trl.training import TrainingSettings
from tests.methods.conftest import Folders
from tests.methods.test_sampling_methods import iteration


def test_steps_are_evenly_spaced_and_end_with_the_end() -> None:
    assert snapshot_steps(80, 4) == [20, 40, 60, 80]
    assert snapshot_steps(14, 4) == [4, 7, 11, 14]  # 3.5, 7, 10.5, 14
    assert snapshot_steps(14, 1) == [14]
    assert snapshot_steps(3, 8) == [1, 2, 3]


def write_step(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "weights").write_text(folder.name)


def test_candidates_are_kept_at_their_steps_and_listed_in_order(tmp_path: Path) -> None:
    output_dir, scratch_dir = tmp_path / "output", tmp_path / "scratch"
    output_dir.mkdir()
    kept = Snapshots(output_dir, scratch_dir, n_steps=6, n_snapshots=3)
    for step in range(1, 7):
        kept.keep(step, write_step)
    assert snapshots_of(output_dir, output_dir) == []  # not finished yet
    kept.finish()
    assert sorted(path.name for path in output_dir.iterdir()) == ["snapshots.json", "step_0002", "step_0004"]
    assert snapshots_of(output_dir, output_dir) == [
        Snapshot(2, output_dir / "step_0002"),
        Snapshot(4, output_dir / "step_0004"),
        Snapshot(6, output_dir),
    ]


def test_the_end_alone_is_no_choice(tmp_path: Path) -> None:
    kept = Snapshots(tmp_path, tmp_path / "scratch", n_steps=6, n_snapshots=1)
    for step in range(1, 7):
        kept.keep(step, write_step)
    kept.finish()
    assert list(tmp_path.iterdir()) == [] and snapshots_of(tmp_path, tmp_path) == []


def test_the_candidates_of_a_method_of_rounds_are_their_ends(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    output_dir, scratch_dir = folders("rounds")
    policy = iteration(settings, rounds=2).train(inputs, output_dir, scratch_dir, 0)
    candidates = snapshots_of(output_dir, policy.checkpoint)
    assert candidates == [Snapshot(1, output_dir / "step_0001"), Snapshot(2, output_dir)]
    first, second = ((c.checkpoint / "model.safetensors").read_bytes() for c in candidates)
    assert first == (scratch_dir / "policy_1" / "model.safetensors").read_bytes() != second
    with pytest.raises(ValueError, match="the candidates are the ends of the rounds, expected 1, got 2"):
        iteration(replace(settings, n_snapshots=2))
