"""The loop that PPO and Quark share: steps, states and candidates, learning rates, minibatches, clipping."""

import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from torch import nn

from farm.methods.method import TrainingInputs
from farm.methods.online.candidates import snapshots_of
from farm.methods.online.loop import TrainingLoop, clip_and_step, minibatches, scheduled
from farm.methods.online.networks import Networks, load_networks
from farm.methods.online.training_log import Clock
from tests.methods.conftest import Folders


class BrokenOffError(Exception):
    pass


def run(networks: Networks, output_dir: Path, scratch_dir: Path, *, broken_in: int | None = None) -> list[int]:
    """Seven steps that count and move one weight; returns those that were made."""
    settings = SimpleNamespace(name="test", n_steps=7, n_snapshots=2, checkpoint_every=3)
    weight = networks.policy.model.get_input_embeddings().weight
    optimizer = torch.optim.SGD([weight], lr=1.0)
    loop = TrainingLoop(settings, networks, {"policy": networks.policy.model}, optimizer, output_dir, scratch_dir)
    total, made = loop.state.get("total", 0), []
    for step in loop:
        if step == broken_in:
            raise BrokenOffError
        made.append(step)
        total += step
        with torch.no_grad():
            weight.add_(1.0)
        clock = Clock()
        with clock.measure("update"):
            rollouts = pd.DataFrame({"step": [step], "output": [str(total)]})
        loop.end_step(step, {"total": total}, clock, rollouts, {"total": total})
    return made


def test_a_broken_loop_goes_on_from_its_last_state(inputs: TrainingInputs, folders: Folders, tmp_path: Path) -> None:
    (whole, whole_scratch), (broken, scratch_dir) = folders("whole"), folders("broken")
    assert run(load_networks(inputs, 0), whole, whole_scratch) == list(range(7))
    with pytest.raises(BrokenOffError):
        run(load_networks(inputs, 0), broken, scratch_dir, broken_in=5)
    resumed = tmp_path / "resumed"
    resumed.mkdir()
    assert run(load_networks(inputs, 0), resumed, scratch_dir) == [3, 4, 5, 6]
    for name in ("metrics.jsonl", "rollouts.parquet", "model.safetensors", "step_0004/model.safetensors"):
        assert (resumed / name).read_bytes() == (whole / name).read_bytes(), name
    lines = [json.loads(line) for line in (resumed / "metrics.jsonl").read_text().splitlines()]
    assert lines == [{"step": step, "total": step * (step + 1) // 2} for step in range(7)]
    assert [snapshot.step for snapshot in snapshots_of(resumed, resumed)] == [4, 7]


def test_learning_rates_rise_to_the_peak_and_fall_to_zero_after_the_last_step() -> None:
    # thirds on the way up, then quarters of what is left of six steps
    linear = [scheduled(12.0, "linear", warmup_steps=2, step=step, n_steps=6) for step in range(6)]
    assert linear == [4, 8, 12, 9, 6, 3]
    constant = [scheduled(12.0, "constant", warmup_steps=2, step=step, n_steps=6) for step in range(6)]
    assert constant == [4, 8, 12, 12, 12, 12]


def test_every_pass_sees_each_row_once_in_an_order_of_its_own() -> None:
    rows = list(minibatches(10, 4, 2, seed=0, purpose="test", step=0))
    assert [len(batch) for batch in rows] == [4, 4, 2, 4, 4, 2]
    first, second = [*rows[0], *rows[1], *rows[2]], [*rows[3], *rows[4], *rows[5]]
    assert sorted(first) == sorted(second) == list(range(10)) and first != second
    assert rows == list(minibatches(10, 4, 2, seed=0, purpose="test", step=0))
    assert rows != list(minibatches(10, 4, 2, seed=0, purpose="test", step=1))


def test_each_group_is_clipped_by_itself() -> None:
    long, short = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))
    long.grad, short.grad = torch.tensor([3.0, 4.0]), torch.tensor([0.3, 0.4])
    optimizer = torch.optim.SGD([{"params": [long]}, {"params": [short]}], lr=1.0)
    norms = clip_and_step(optimizer, max_grad_norm=1.0, step=1)
    # lengths 5 and 1/2: the first is divided by 5, the second stays
    assert [float(norm) for norm in norms] == pytest.approx([5.0, 0.5])
    assert long.tolist() == pytest.approx([-0.6, -0.8], abs=1e-5) and short.tolist() == pytest.approx([-0.3, -0.4])
    assert long.grad is None and short.grad is None
