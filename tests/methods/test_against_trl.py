"""Our adapters against TRL's own trainers, fed plain text in TRL's standard way: the first loss and gradient agree.

All answers are finished and the tiny tokenizer merges nothing across the end of the prompt, so that both see the same
ids; what our ids are for elsewhere (unfinished answers, merges) stands in trl/test_ids.py.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedTokenizerBase, Trainer, TrainingArguments
from trl.experimental.cpo import CPOConfig, CPOTrainer
from trl.experimental.orpo import ORPOConfig, ORPOTrainer
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.kto_config import KTOConfig
from trl.trainer.kto_trainer import KTOTrainer
from trl.trainer.reward_config import RewardConfig
from trl.trainer.reward_trainer import RewardTrainer
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from farm.methods.examples import EncodedPair, Example, encode_examples, encode_pairs
from farm.methods.fine_tuning.sft import SFT
from farm.methods.method import Method, TrainingInputs
from farm.methods.preference.dpo import DPO
from farm.methods.preference.kto import KTO
from farm.methods.preference.orpo import ORPO
from farm.methods.preference.simpo import SimPO
from farm.methods.reward_model import RewardModel, split_held_out
from farm.methods.trl.training import (
    TrainingJob,
    TrainingSettings,
    dataset_of,
    in_training_order,
    load_classifier_to_train,
    load_policy_to_train,
)
from farm.models.checkpoint import load_tokenizer
from tests.methods.conftest import Folders, with_model

pytestmark = pytest.mark.slow


@pytest.fixture
def finished(inputs: TrainingInputs) -> TrainingInputs:
    """Every answer ended, and all of a batch in one forward pass."""
    pairs = [replace(pair, chosen_is_finished=True, rejected_is_finished=True) for pair in inputs.pairs]
    return with_model(replace(inputs, pairs=pairs), micro_batch_size=16)


def first_pairs(inputs: TrainingInputs, settings: TrainingSettings, name: str, n: int) -> list[dict[str, str]]:
    """The texts of the first n pairs in our order."""
    assert inputs.sft is not None
    tokenizer = load_tokenizer(inputs.sft.checkpoint)
    job = TrainingJob(name, inputs.model, replace(settings, batch_size=n), Path(), Path(), 0)
    ordered: list[EncodedPair] = in_training_order(encode_pairs(inputs.model, tokenizer, inputs.pairs), job)
    rows = [{side: decoded(tokenizer, ids) for side, ids in pair._asdict().items()} for pair in ordered[:n]]
    assert tokenizer(rows[0]["prompt_ids"] + rows[0]["chosen_ids"])["input_ids"] == (
        ordered[0].prompt_ids + ordered[0].chosen_ids[:-1]
    )
    return [{side.removesuffix("_ids"): text for side, text in row.items()} for row in rows]


def decoded(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> str:
    return tokenizer.decode(ids, skip_special_tokens=True)


def first_step_of_trl(
    trainer: Callable[..., Trainer],
    config: Callable[..., TrainingArguments],
    rows: Sequence[dict[str, Any]],
    inputs: TrainingInputs,
    folder: Path,
    *,
    needs_reference: bool = False,
    model: torch.nn.Module | None = None,
    **own: object,
) -> dict[str, float]:
    """What TRL logs of one step on a batch of plain text."""
    assert inputs.sft is not None
    checkpoint = inputs.sft.checkpoint
    job = TrainingJob("trl", inputs.model, any_settings(), folder, folder, 0)
    reference = {"ref_model": load_policy_to_train(checkpoint, job)} if needs_reference else {}
    running = trainer(
        model=model or load_policy_to_train(checkpoint, job),
        args=config(
            output_dir=str(folder), per_device_train_batch_size=len(rows), max_steps=1, learning_rate=3e-3,
            train_sampling_strategy="sequential", bf16=False, gradient_checkpointing=False, use_cpu=True,
            report_to="none", save_strategy="no", logging_steps=1, disable_tqdm=True, max_length=128, **own,
        ),
        train_dataset=dataset_of(rows),
        processing_class=load_tokenizer(checkpoint),
        **reference,
    )  # fmt: skip
    running.train()
    first: dict[str, float] = running.state.log_history[0]
    return first


def any_settings() -> TrainingSettings:
    return TrainingSettings(
        learning_rate=3e-3, epochs=1, batch_size=8, batches_per_length_group=1, warmup_share=0.0, schedule="cosine",
        weight_decay=0.0, max_grad_norm=1.0, gradient_checkpointing=False,
    )  # fmt: skip


def first_step_of_ours(method: Method, inputs: TrainingInputs, folders: Folders) -> dict[str, float]:
    output_dir, scratch_dir = folders("ours")
    method.train(inputs, output_dir, scratch_dir, 0)
    return first_line(output_dir)


def first_line(folder: Path) -> dict[str, float]:
    line: dict[str, float] = json.loads((folder / "metrics.jsonl").read_text().splitlines()[0])
    return line


def agree(ours: dict[str, float], theirs: dict[str, float], *names: str) -> None:
    for name in ("loss", "grad_norm", *names):
        assert ours[name] == pytest.approx(theirs[name], rel=1e-4, abs=1e-5), name
    assert ours["grad_norm"] > 0.01


def test_sft(finished: TrainingInputs, settings: TrainingSettings, folders: Folders, tmp_path: Path) -> None:
    ours = first_step_of_ours(SFT(name="sft", training=settings, temperature=0.7), finished, folders)
    tokenizer = load_tokenizer(finished.model.checkpoint)
    job = TrainingJob("sft", finished.model, settings, tmp_path, tmp_path, 0)
    examples = [Example(row.instruction, row.input, row.output) for row in finished.demonstrations]
    rows = [
        {"prompt": decoded(tokenizer, row.prompt_ids), "completion": decoded(tokenizer, row.completion_ids)}
        for row in in_training_order(encode_examples(finished.model, tokenizer, examples), job)[:8]
    ]
    agree(ours, first_step_of_trl(SFTTrainer, SFTConfig, rows, finished, tmp_path), "mean_token_accuracy", "entropy")


@pytest.mark.parametrize("loss_type", ["sigmoid", "ipo", "robust", "sigmoid_norm"])
def test_dpo(
    loss_type: Any, finished: TrainingInputs, settings: TrainingSettings, folders: Folders, tmp_path: Path
) -> None:
    method = DPO(
        name="dpo", loss_type=loss_type, beta=0.3, label_smoothing=None, ld_alpha=None, uses_wpo=False,
        rows_per_forward=8, training=settings, temperature=0.7,
    )  # fmt: skip
    theirs = first_step_of_trl(
        DPOTrainer, DPOConfig, first_pairs(finished, settings, "dpo", 8), finished, tmp_path, needs_reference=True,
        loss_type=[loss_type], beta=0.3, label_smoothing=method.loss.smoothing,
    )  # fmt: skip
    agree(first_step_of_ours(method, finished, folders), theirs, "logps/chosen", "logps/rejected", "entropy")


@pytest.mark.parametrize("loss_type", ["kto", "apo_zero_unpaired"])
def test_kto(
    loss_type: Any, finished: TrainingInputs, settings: TrainingSettings, folders: Folders, tmp_path: Path
) -> None:
    """At the reference the KL is 0, however it is estimated."""
    method = KTO(
        name="kto", loss_type=loss_type, beta=0.3, desirable_weight=1.0, undesirable_weight=0.5, rows_per_forward=8,
        training=settings, temperature=0.7,
    )  # fmt: skip
    pairs = first_pairs(finished, settings, "kto", 4)
    rows = [
        {"prompt": pair["prompt"], "completion": pair[side], "label": side == "chosen"}
        for side in ("chosen", "rejected")
        for pair in pairs
    ]
    theirs = first_step_of_trl(
        KTOTrainer, KTOConfig, rows, finished, tmp_path, needs_reference=True, loss_type=loss_type, beta=0.3,
        desirable_weight=1.0, undesirable_weight=0.5,
    )  # fmt: skip
    agree(first_step_of_ours(method, finished, folders), theirs, "logps/chosen", "logps/rejected")


def test_orpo(finished: TrainingInputs, settings: TrainingSettings, folders: Folders, tmp_path: Path) -> None:
    method = ORPO(name="orpo", beta=0.3, rows_per_forward=8, training=settings, temperature=0.7)
    pairs = first_pairs(finished, settings, "orpo", 8)
    theirs = first_step_of_trl(ORPOTrainer, ORPOConfig, pairs, finished, tmp_path, beta=0.3)
    agree(first_step_of_ours(method, finished, folders), theirs, "logps/chosen", "logps/rejected")


def test_simpo(finished: TrainingInputs, settings: TrainingSettings, folders: Folders, tmp_path: Path) -> None:
    method = SimPO(
        name="simpo", beta=2.0, gamma=0.5, cpo_alpha=0.0, rows_per_forward=8, training=settings, temperature=0.7
    )
    theirs = first_step_of_trl(
        CPOTrainer, CPOConfig, first_pairs(finished, settings, "simpo", 8), finished, tmp_path, loss_type="simpo",
        beta=2.0, simpo_gamma=0.5, cpo_alpha=0.0,
    )  # fmt: skip
    agree(first_step_of_ours(method, finished, folders), theirs, "logps/chosen", "logps/rejected")


def test_reward_model(finished: TrainingInputs, settings: TrainingSettings, folders: Folders, tmp_path: Path) -> None:
    """Both start from the same new head."""
    stage = RewardModel(
        start="base", head_learning_rate_multiplier=1.0, center_rewards_coefficient=0.01, normalise=False,
        n_held_out=0, training=settings,
    )  # fmt: skip
    output_dir, scratch_dir = folders("ours")
    assert finished.sft is not None
    stage.train(
        finished.pairs, model=finished.model, sft=finished.sft, output_dir=output_dir, scratch_dir=scratch_dir, seed=0
    )
    in_its_order = replace(finished, pairs=split_held_out(finished.pairs, 0, 0).train)
    job = TrainingJob("reward model", finished.model, settings, tmp_path, tmp_path, 0)
    theirs = first_step_of_trl(
        RewardTrainer, RewardConfig, first_pairs(in_its_order, settings, "reward model", 8), finished, tmp_path,
        model=load_classifier_to_train(finished.model.checkpoint, job), center_rewards_coefficient=0.01,
    )  # fmt: skip
    agree(first_line(output_dir), theirs, "accuracy", "margin")
