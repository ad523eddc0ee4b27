"""GRPO and RLOO on our samples: they learn, repeat themselves, and score what was sampled."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from farm.methods.grpo import GRPO
from farm.methods.method import TrainingInputs
from farm.methods.rloo import RLOO
from farm.methods.trl.rollouts import RolloutSettings
from farm.methods.trl.training import TrainingSettings
from farm.models.scoring.reward import RewardScorer
from tests.methods.conftest import Folders, with_model

pytestmark = pytest.mark.slow

ROLLOUTS = RolloutSettings(n_steps=3, n_samples=4, rollout_temperature=1.0, missing_eos_penalty=0.0)
Make = Callable[[TrainingSettings], GRPO | RLOO]


def grpo(settings: TrainingSettings) -> GRPO:
    return GRPO(
        name="grpo", rollouts=ROLLOUTS, beta=0.05, loss_type="grpo", scale_rewards="group", cliprange=0.2,
        training=replace(settings, batch_size=16), temperature=0.7,
    )  # fmt: skip


def rloo(settings: TrainingSettings) -> RLOO:
    return RLOO(
        name="rloo", rollouts=ROLLOUTS, beta=0.05, normalise_advantages=True, cliprange=0.2,
        training=replace(settings, batch_size=16), temperature=0.7,
    )  # fmt: skip


def metrics(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("make", [grpo, rloo])
def test_rewarded_tokens_become_common(
    make: Make, inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def share_of_even_ids(_: object, sequences: Sequence[Sequence[int]], **__: object) -> np.ndarray:
        seen.append(len(sequences))
        return np.array([np.mean([i % 2 == 0 for i in sequence[-20:]]) for sequence in sequences])

    monkeypatch.setattr(RewardScorer, "of_ids", share_of_even_ids)
    method = make(settings)
    longer = replace(
        method, beta=0.0, rollouts=replace(ROLLOUTS, n_steps=40),
        training=replace(method.training, learning_rate=1e-2, warmup_share=0.0),
    )  # fmt: skip
    output_dir, scratch_dir = folders("out")
    longer.train(inputs, output_dir, scratch_dir, 0)
    logged = metrics(output_dir)
    assert logged[-1]["reward"] > logged[0]["reward"] + 0.1
    assert seen == [16] * 40


@pytest.mark.parametrize("make", [grpo, rloo])
def test_it_starts_at_the_reference_and_repeats_itself(
    make: Make, inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    written = []
    for name, seed in (("first", 0), ("second", 0), ("other", 1)):
        output_dir, scratch_dir = folders(name)
        make(settings).train(inputs, output_dir, scratch_dir, seed)
        written.append((output_dir / "model.safetensors").read_bytes())
        assert metrics(output_dir)[0]["kl"] == pytest.approx(0, abs=1e-5)
    assert written[0] == written[1] != written[2]


@pytest.mark.parametrize("make", [grpo, rloo])
def test_micro_batches_change_the_first_step_little(
    make: Make, inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    norms = []
    for size in (16, 4):
        output_dir, scratch_dir = folders(str(size))
        one = replace(make(settings), rollouts=replace(ROLLOUTS, n_steps=1))
        one.train(with_model(inputs, micro_batch_size=size), output_dir, scratch_dir, 0)
        norms.append(metrics(output_dir)[0]["grad_norm"])
    assert norms[0] == pytest.approx(norms[1], rel=1e-3)


def test_cut_answers_pay_the_penalty(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RewardScorer, "of_ids", lambda _, sequences, **__: np.ones(len(sequences)))
    method = grpo(settings)
    output_dir, scratch_dir = folders("out")
    replace(method, rollouts=replace(ROLLOUTS, missing_eos_penalty=3.0)).train(inputs, output_dir, scratch_dir, 0)
    for line in metrics(output_dir):
        assert line["reward"] == pytest.approx(1.0 - 3.0 * line["completions/clipped_ratio"], abs=1e-6)


@pytest.mark.parametrize("make", [grpo, rloo])
def test_keeping_candidates_changes_no_weight(
    make: Make, inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    method, written = make(settings), {}
    for n_snapshots in (1, 3):
        output_dir, scratch_dir = folders(str(n_snapshots))
        keeping = replace(method, training=replace(method.training, n_snapshots=n_snapshots))
        keeping.train(inputs, output_dir, scratch_dir, 0)
        written[n_snapshots] = {
            path.relative_to(output_dir).as_posix(): path.read_bytes() for path in output_dir.rglob("*.safetensors")
        }
    assert written[3].keys() == {"model.safetensors", "step_0001/model.safetensors", "step_0002/model.safetensors"}
    assert written[1] == {"model.safetensors": written[3]["model.safetensors"]}
    assert len(set(written[3].values())) == 3


def test_groups_are_whole(settings: TrainingSettings) -> None:
    with pytest.raises(ValueError, match=r"a multiple of n_samples \(4\), got 10"):
        replace(grpo(settings), training=replace(settings, batch_size=10))
    with pytest.raises(ValueError, match="at least 2, got 1"):
        replace(ROLLOUTS, n_samples=1)
