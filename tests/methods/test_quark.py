"""Quark: quantiles, its loss by hand, end tokens, resuming."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from farm.conversation import Message
from farm.methods.fine_tuning.sft import SFT
from farm.methods.method import TrainingInputs
from farm.methods.online.networks import Networks
from farm.methods.online.sample_pool import Sample, quantiles_of
from farm.methods.online.training_log import StepLog
from farm.methods.quark import Lesson, Quark, QuarkUpdate, imitation_terms
from farm.methods.trl.training import TrainingSettings
from farm.models.checkpoint import load_causal_lm, load_tokenizer
from farm.models.forward import LanguageModel
from farm.models.scoring.reward import RewardScorer
from tests.methods.conftest import Folders, with_model

CPU = torch.device("cpu")


@pytest.fixture
def method() -> Quark:
    return Quark(
        name="quark", n_steps=3, rollouts_per_step=12, rollout_temperature=1.0, n_quantiles=3, train_on="best",
        quantile_text="Reward {quantile}.\n", pool="step", temperature=0.7, n_snapshots=2,
        checkpoint_every=1,
        update=QuarkUpdate(
            epochs=2, batch_size=4, learning_rate=1e-3, schedule="linear", warmup_steps=1, adam_epsilon=1e-5,
            max_grad_norm=1.0, kl_coef=0.05, entropy_coef=0.0,
        ),
    )  # fmt: skip


def lines(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_quantiles_by_hand() -> None:
    # Sorted: 5 4 4 2 1 0 -> two each.
    assert quantiles_of([1.0, 5.0, 4.0, 0.0, 4.0, 2.0], 3) == [2, 0, 0, 2, 1, 1]
    assert quantiles_of([1.0, 5.0], 1) == [0, 0]
    assert sorted(quantiles_of(list(range(10)), 4)) == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]


def test_one_quantile_is_imitation_with_kl(base: Path) -> None:
    """Terms of a batch against transformers' own loss of the same sequences."""
    model = load_causal_lm(base, dtype=torch.float32, device=CPU)
    prompts, completions = [[5, 6, 7], [8]], [[9, 10], [11, 12, 13, 14]]
    policy = LanguageModel(model)
    networks = Networks(policy, policy, None, None, nullcontext)  # type: ignore[arg-type]
    lessons = [Lesson(prompt, prompt, completion) for prompt, completion in zip(prompts, completions, strict=True)]
    terms = imitation_terms(networks, lessons, temperature=1.0)
    expected = 0.0
    for prompt, completion in zip(prompts, completions, strict=True):
        labels = torch.tensor([[-100] * len(prompt) + completion])
        expected += float(model(input_ids=torch.tensor([prompt + completion]), labels=labels).loss.detach()) * len(
            completion
        )
    assert terms.nll.item() == pytest.approx(expected, rel=1e-5)
    assert terms.kl.item() == pytest.approx(0, abs=1e-5)


def test_scores_rise_and_the_end_is_trained(
    method: Quark,
    inputs: TrainingInputs,
    settings: TrainingSettings,
    folders: Folders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With short answers rewarded the policy stops ever earlier: impossible if the end token were no target."""
    words = ["duck", "duck otter", "duck otter cat", "duck otter cat frog heron"]
    rows = [replace(row, output=words[i % 4]) for i, row in enumerate(inputs.demonstrations)]
    sft = SFT(name="sft", training=replace(settings, epochs=4, learning_rate=1e-2), temperature=1.0)
    started = replace(inputs, sft=sft.train(replace(inputs, demonstrations=rows), *folders("sft"), 0))

    def shortness(_: object, sequences: Sequence[Sequence[int]], **__: object) -> np.ndarray:
        return np.array([-float(len(sequence)) for sequence in sequences])

    monkeypatch.setattr(RewardScorer, "of_ids", shortness)
    longer = replace(method, n_steps=10, rollouts_per_step=24, update=replace(method.update, kl_coef=0.0))
    output_dir, scratch_dir = folders("out")
    longer.train(started, output_dir, scratch_dir, 0)
    first, last = lines(output_dir)[0], lines(output_dir)[-1]
    assert last["mean_length"] < 0.8 * first["mean_length"]
    assert last["share_finished"] >= first["share_finished"]


@pytest.mark.parametrize("size", [1, 4])
def test_micro_batches_change_nothing(size: int, method: Quark, inputs: TrainingInputs, folders: Folders) -> None:
    weights = []
    for micro_batch_size in (3, size):
        output_dir, scratch_dir = folders(f"micro_{micro_batch_size}")
        replace(method, n_steps=1).train(
            with_model(inputs, micro_batch_size=micro_batch_size), output_dir, scratch_dir, 0
        )
        weights.append(load_file(output_dir / "model.safetensors"))
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, atol=2e-4, rtol=1e-3, msg=name)


def test_a_broken_run_ends_like_an_unbroken_one(
    method: Quark, inputs: TrainingInputs, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = replace(method, train_on="all", pool="all")
    whole, scratch_dir = folders("whole")
    every.train(inputs, whole, scratch_dir, 0)
    broken, scratch_dir = folders("broken")

    class StoppedError(Exception):
        pass

    write = StepLog.write

    def stop_at_2(log: StepLog, step: int, *args: object) -> None:
        if step == 2:
            raise StoppedError
        write(log, step, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(StepLog, "write", stop_at_2)
    with pytest.raises(StoppedError):
        every.train(inputs, broken, scratch_dir, 0)
    monkeypatch.undo()
    for left in broken.iterdir():
        left.unlink()
    every.train(inputs, broken, scratch_dir, 0)
    for name in ("model.safetensors", "metrics.jsonl", "rollouts.parquet", "step_0002/model.safetensors"):
        assert (broken / name).read_bytes() == (whole / name).read_bytes()


def test_all_quantiles_are_named_and_the_best_is_asked_for(
    method: Quark, inputs: TrainingInputs, folders: Folders
) -> None:
    output_dir, scratch_dir = folders("all")
    policy = replace(method, train_on="all").train(inputs, output_dir, scratch_dir, 0)
    assert policy.prefix == "Reward 0.\n"
    assert [line["n_trained"] for line in lines(output_dir)] == [12, 12, 12]
    output_dir, scratch_dir = folders("best")
    assert method.train(inputs, output_dir, scratch_dir, 0).prefix == ""
    assert [line["n_trained"] for line in lines(output_dir)] == [4, 4, 4]


def test_the_first_step_starts_at_the_reference(method: Quark, inputs: TrainingInputs, folders: Folders) -> None:
    output_dir, scratch_dir = folders("out")
    still = replace(method, n_steps=1, update=replace(method.update, epochs=1, batch_size=12))
    still.train(inputs, output_dir, scratch_dir, 0)
    assert lines(output_dir)[0]["kl"] == pytest.approx(0, abs=1e-6)


def test_settings_that_make_no_sense_are_refused(method: Quark) -> None:
    with pytest.raises(ValueError, match="n_quantiles: expected 1 to rollouts_per_step"):
        replace(method, n_quantiles=13)
    with pytest.raises(ValueError, match="quantile_text"):
        replace(method, train_on="all", quantile_text="good")


def test_tokens_are_decoded_without_the_end(method: Quark, inputs: TrainingInputs, folders: Folders) -> None:
    output_dir, scratch_dir = folders("out")
    method.train(inputs, output_dir, scratch_dir, 0)
    end = load_tokenizer(output_dir).eos_token
    assert not pd.read_parquet(output_dir / "rollouts.parquet")["output"].str.contains(end, regex=False).any()


def test_a_pool_that_was_kept_comes_back() -> None:
    sample = Sample("Sort.", "b, a", [1, 2], 0.5, (Message("system", "Be brief."),))
    assert Sample.of_state(json.loads(json.dumps(list(sample)))) == sample
    # Before samples had a history, the state held four values.
    assert Sample.of_state(["Sort.", "", [1], 0.5]) == Sample("Sort.", "", [1], 0.5)
