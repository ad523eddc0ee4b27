"""DPO starts at its reference, with every loss, and moves towards the chosen answers."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
import torch
from transformers import TrainerControl, TrainerState, TrainingArguments
from trl.trainer.dpo_config import DPOConfig

from farm.config.compose import expand
from farm.config.objects import ConfigError
from farm.methods.method import TrainingInputs
from farm.methods.preference.dpo import DPO
from farm.methods.trl import dpo as dpo_training
from farm.methods.trl.callbacks import StartsAtReference
from farm.methods.trl.dpo_loss import LOSSES, LossName
from farm.methods.trl.training import TrainingJob, TrainingSettings, load_policies_to_train
from farm.models.trainable import PolicyAndReference
from farm.options.run import plan
from tests.methods.conftest import Folders

pytestmark = pytest.mark.slow

# By hand, with beta 1/2 and the papers' label smoothing: all log-ratios are 0, log sigmoid(0) = -log 2 = -0.693147.
AT_REFERENCE = {
    "sigmoid": 0.693147,
    "hinge": 1.0,  # max(0, 1 - 0)
    "ipo": 1.0,  # (0 - 1 / (2 * 1/2))^2
    # 1/2 (log 1/2 - log .999) + 1/2 (log 1/2 - log .001) = (-.692147 + 6.214608) / 2
    "exo_pair": 2.761231,
    "nca_pair": 1.386294,  # log 2 + log 2 / 2 + log 2 / 2
    "robust": 0.693147,  # (.9 log 2 - .1 log 2) / (1 - .2)
    "bco_pair": 1.386294,  # log 2 + log 2
    "sppo_hard": 2.0,  # (0 - 1)^2 + (0 + 1)^2
    "aot": 0.693147,
    "aot_unpaired": 0.693147,
    "apo_zero": 1.0,  # 1 - 1/2 + 1/2
    "apo_down": 1.0,  # 1/2 + 1 - 1/2
    "discopop": 0.846574,  # log 2 / 2 + exp(0) / 2
    "sigmoid_norm": 0.693147,
}


def method(settings: TrainingSettings, loss_type: str = "sigmoid", beta: float = 0.1) -> DPO:
    return DPO(
        name="dpo", loss_type=loss_type, beta=beta, label_smoothing=None, ld_alpha=None, uses_wpo=False,
        rows_per_forward=4, training=settings, temperature=0.7,
    )  # fmt: skip


def metrics(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_loss_at_the_reference_is_log_2(inputs: TrainingInputs, settings: TrainingSettings, folders: Folders) -> None:
    output_dir, scratch_dir = folders("dpo")
    method(replace(settings, epochs=3)).train(inputs, output_dir, scratch_dir, 0)
    steps = metrics(output_dir)
    assert steps[0]["loss"] == pytest.approx(math.log(2), abs=1e-6)
    assert steps[0]["rewards/margins"] == pytest.approx(0, abs=1e-6)
    assert steps[-1]["loss"] < 0.5
    assert steps[-1]["rewards/accuracies"] > 0.9


def test_these_are_the_losses_that_trl_documents() -> None:
    documented = DPOConfig.__doc__ or ""
    start = documented.index("loss_type (`list[str]`")
    named = documented[start : documented.index("loss_weights", start)].split("'")[1::2]
    assert sorted(LOSSES) == sorted(named) and LOSSES.keys() - AT_REFERENCE.keys() == {"sft"}


@pytest.mark.parametrize("loss_type", LOSSES)
def test_every_loss_starts_where_it_must_and_trains_whatever_the_micro_batch(
    loss_type: str, inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    logged = []
    for micro_batch_size, epochs in ((16, 6), (4, 1)):
        few = replace(inputs, pairs=inputs.pairs[:16], model=replace(inputs.model, micro_batch_size=micro_batch_size))
        output_dir, scratch_dir = folders(str(micro_batch_size))
        method(replace(settings, epochs=epochs), loss_type, 0.5).train(few, output_dir, scratch_dir, 0)
        logged.append(metrics(output_dir))
    (first, *_, last), (other, *_) = logged
    for name in ("loss", "grad_norm"):
        assert first[name] == pytest.approx(other[name], rel=1e-4), name
    assert first["rewards/chosen"] == pytest.approx(0, abs=1e-5)
    assert first["grad_norm"] > 0
    if loss_type in AT_REFERENCE:
        assert first["loss"] == pytest.approx(AT_REFERENCE[loss_type], rel=1e-4)
    if loss_type not in ("sft", "discopop"):  # imitation; and a loss that has a minimum at a negative margin
        assert last["rewards/margins"] > 0.05


def test_wpo_weighs_each_pair_by_its_likelihood(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    """At the reference every pair's loss is log 2; its weight, of two probabilities, is below 1."""
    output_dir, scratch_dir = folders("wpo")
    replace(method(settings), uses_wpo=True).train(inputs, output_dir, scratch_dir, 0)
    assert 0 < metrics(output_dir)[0]["loss"] < 0.9 * math.log(2)


def test_ld_alpha_takes_the_longer_answers_surplus_away(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    norms = []
    for alpha in (None, 1.0, 0.0):
        output_dir, scratch_dir = folders(str(alpha))
        replace(method(settings), ld_alpha=alpha).train(inputs, output_dir, scratch_dir, 0)
        norms.append(metrics(output_dir)[0]["grad_norm"])
    assert norms[0] == pytest.approx(norms[1], rel=1e-5)
    assert norms[0] != pytest.approx(norms[2], rel=1e-2)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["method.loss_type=sigmod"], "got 'sigmod'; did you mean `sigmoid`?"),
        (["method.loss_type=xyz"], "input should be 'sigmoid', 'hinge', 'ipo', 'exo_pair'"),
        (["method.loss_type=robust", "method.label_smoothing=0.5"], "robust needs at least 0 and less than 0.5"),
        (["method.loss_type=exo_pair", "method.label_smoothing=0.0"], "exo_pair needs at least 1e-09"),
        (["method.ld_alpha=1.5"], "ld_alpha: expected 0 to 1, or null, got 1.5"),
        (["method.loss_type=aot", "method.uses_wpo=true"], "weights belong to pairs, and aot mixes them"),
        (["method.loss_type=sft", "method.rows_per_forward=5"], r"a divisor of training.batch_size \(32\), got 5"),
        (["method.beta=0.0"], "beta: expected more than 0"),
    ],
)
def test_what_dpo_cannot_do_is_refused_before_anything_starts(overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        expand("config", ["method=dpo", *overrides], plan, is_multirun=False)


def test_the_named_losses_are_those_with_a_formula() -> None:
    assert get_args(LossName) == tuple(LOSSES)


def test_all_losses_are_one_sweep() -> None:
    jobs = expand("config", ["method=dpo", f"method.loss_type={','.join(LOSSES)}"], plan, is_multirun=True)
    assert len(jobs) == 15


def test_a_policy_that_is_not_its_reference_is_refused(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_with_another_reference(start: str, job: TrainingJob, *, reference: str) -> PolicyAndReference:
        policies = load_policies_to_train(start, job, reference=reference)
        torch.nn.init.normal_(policies.ref_policy.get_input_embeddings().weight)
        return policies

    monkeypatch.setattr(dpo_training, "load_policies_to_train", load_with_another_reference)
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
