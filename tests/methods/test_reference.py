"""Every method with a reference refuses to train if its policy is not that reference; ORPO and SimPO have none."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel

from farm.methods.grpo import GRPO
from farm.methods.method import Method, TrainingInputs
from farm.methods.preference import kto, online_dpo
from farm.methods.preference.dpo import DPO
from farm.methods.preference.kto import KTO
from farm.methods.preference.online_dpo import OnlineDPO
from farm.methods.rloo import RLOO
from farm.methods.trl import dpo as dpo_training
from farm.methods.trl import rollouts as trl_rollouts
from farm.methods.trl.rollouts import RolloutSettings
from farm.methods.trl.training import TrainingSettings
from tests.methods.conftest import Folders
from tests.methods.scripted_labels import LongerWins

ROLLOUTS = RolloutSettings(n_steps=2, n_samples=4, rollout_temperature=1.0, missing_eos_penalty=0.0)


def methods(settings: TrainingSettings) -> dict[str, tuple[Method, ModuleType, str]]:
    """Each method, and who loads its policy."""
    return {
        "dpo": (
            DPO(
                name="dpo", loss_type="sigmoid", beta=0.1, label_smoothing=None, ld_alpha=None, uses_wpo=False,
                rows_per_forward=8, training=settings, temperature=0.7,
            ),
            dpo_training,
            "load_policies_to_train",
        ),
        "kto": (
            KTO(
                name="kto", loss_type="kto", beta=0.1, desirable_weight=1.0, undesirable_weight=1.0,
                rows_per_forward=8, training=settings, temperature=0.7,
            ),
            kto,
            "load_policies_to_train",
        ),
        "online_dpo": (
            OnlineDPO(
                name="online_dpo", loss_type="sigmoid", beta=0.1, label_smoothing=None, rollout_temperature=1.0,
                training=settings, temperature=0.7,
            ),
            online_dpo,
            "load_policies_to_train",
        ),
        "grpo": (
            GRPO(
                name="grpo", rollouts=ROLLOUTS, beta=0.1, loss_type="grpo", scale_rewards="group", cliprange=0.2,
                training=settings, temperature=0.7,
            ),
            trl_rollouts,
            "load_policy_to_train",
        ),
        "rloo": (
            RLOO(
                name="rloo", rollouts=ROLLOUTS, beta=0.1, normalise_advantages=True, cliprange=0.2, training=settings,
                temperature=0.7,
            ),
            trl_rollouts,
            "load_policy_to_train",
        ),
    }  # fmt: skip


def first_line(folder: Path) -> dict[str, float]:
    line: dict[str, float] = json.loads((folder / "metrics.jsonl").read_text().splitlines()[0])
    return line


def shifted(load: Callable[..., Any]) -> Callable[..., Any]:
    """The loader, whose policy is not what lies on disk."""

    def load_and_shift(*args: Any, **kwargs: Any) -> Any:
        loaded = load(*args, **kwargs)
        policy = loaded if isinstance(loaded, PreTrainedModel) else loaded.policy
        with torch.no_grad():
            embeddings = policy.get_input_embeddings().weight
            embeddings.add_(0.1 * torch.randn(embeddings.shape, generator=torch.Generator().manual_seed(0)))
        return loaded

    return load_and_shift


@pytest.mark.parametrize("name", ["dpo", "kto", "online_dpo", "grpo", "rloo"])
def test_a_policy_that_is_not_the_reference_is_refused(
    name: str, inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, module, loader = methods(settings)[name]
    monkeypatch.setattr(module, loader, shifted(vars(module)[loader]))
    with pytest.raises(RuntimeError, match="did not start at its reference"):
        method.train(replace(inputs, labels=LongerWins(budget=16)), *folders(name), 0)


@pytest.mark.parametrize("loss_type", ["grpo", "dapo", "dr_grpo"])
@pytest.mark.parametrize("scale_rewards", ["group", "batch", "none"])
def test_every_form_of_grpo_starts_at_the_reference_whatever_the_micro_batch(
    loss_type: Any, scale_rewards: Any, inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    grpo, *_ = methods(replace(settings, batch_size=8))["grpo"]
    assert isinstance(grpo, GRPO)
    one = replace(grpo, loss_type=loss_type, scale_rewards=scale_rewards, rollouts=replace(ROLLOUTS, n_steps=1))
    norms = []
    for size in (8, 2):
        output_dir, scratch_dir = folders(str(size))
        model = replace(inputs.model, micro_batch_size=size)
        one.train(replace(inputs, model=model), output_dir, scratch_dir, 0)
        first = first_line(output_dir)
        assert first["kl"] == pytest.approx(0, abs=1e-5)
        norms.append(first["grad_norm"])
    assert norms[0] == pytest.approx(norms[1], rel=1e-3) and norms[0] > 0
