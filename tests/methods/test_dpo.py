"""DPO starts at its reference and moves towards the chosen answers."""

import json
import math
from dataclasses import replace

import pytest
import torch
from transformers import TrainerControl, TrainerState, TrainingArguments

from farm.methods import dpo
from farm.methods.dpo import DPO
from farm.methods.method import TrainingInputs
from farm.methods.trl_training import StartsAtReference, TrainingJob, TrainingSettings
from farm.models.checkpoint import load_causal_lm
from tests.methods.conftest import Folders


def method(settings: TrainingSettings, loss_type: str = "sigmoid", beta: float = 0.1) -> DPO:
    return DPO(name="dpo", loss_type=loss_type, beta=beta, label_smoothing=0.0, training=settings, temperature=0.7)


def test_loss_at_the_reference_is_log_2(inputs: TrainingInputs, settings: TrainingSettings, folders: Folders) -> None:
    output_dir, scratch_dir = folders("dpo")
    method(replace(settings, epochs=3)).train(inputs, output_dir, scratch_dir, 0)
    steps = [json.loads(line) for line in (output_dir / "metrics.jsonl").read_text().splitlines()]
    assert steps[0]["loss"] == pytest.approx(math.log(2), abs=1e-6)
    assert steps[0]["rewards/margins"] == pytest.approx(0, abs=1e-6)
    assert steps[-1]["loss"] < 0.5
    assert steps[-1]["rewards/accuracies"] > 0.9


def test_ipo_at_the_reference_is_the_squared_target(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    output_dir, scratch_dir = folders("ipo")
    method(settings, "ipo", beta=0.5).train(inputs, output_dir, scratch_dir, 0)
    first = json.loads((output_dir / "metrics.jsonl").read_text().splitlines()[0])
    assert first["loss"] == pytest.approx(1.0, abs=1e-5)  # (0 - 1/(2 * 0.5))^2


def test_a_policy_that_is_not_its_reference_is_refused(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []

    def load_another(checkpoint: str, job: TrainingJob) -> object:
        policy = load_causal_lm(checkpoint, dtype=torch.float32, device=job.model.torch_device)
        loaded.append(policy)
        if len(loaded) == 2:  # the reference
            torch.nn.init.normal_(policy.get_input_embeddings().weight)
        return policy

    monkeypatch.setattr(dpo, "load_policy_to_train", load_another)
    with pytest.raises(RuntimeError, match="did not start at its reference"):
        method(settings).train(inputs, *folders("other"), 0)


def test_later_steps_are_not_checked(tmp_path: object) -> None:
    check = StartsAtReference({"rewards/chosen": 0.0, "rewards/rejected": 0.0})
    state = TrainerState(global_step=10, log_history=[{"loss": 0.1, "rewards/chosen": 3.0, "rewards/rejected": -3.0}])
    arguments = TrainingArguments(output_dir=str(tmp_path), use_cpu=True)
    check.on_log(arguments, state, TrainerControl())
    state.global_step = 1
    with pytest.raises(RuntimeError, match="did not start at its reference"):
        check.on_log(arguments, state, TrainerControl())
