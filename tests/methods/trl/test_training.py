"""Laws of every trained method: micro-batches, seeds, whole batches, other architectures."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import PreTrainedModel

from farm.methods.examples import EncodedExample
from farm.methods.fine_tuning.feedme import FeedME
from farm.methods.fine_tuning.sft import SFT
from farm.methods.method import TrainingInputs
from farm.methods.online.candidates import snapshots_of
from farm.methods.preference.dpo import DPO
from farm.methods.reward_model import RewardModel
from farm.methods.trl.training import TrainingJob, TrainingSettings, in_training_order
from farm.models.adapter import LoRA
from tests.methods.conftest import Folders, with_model
from tests.tiny import tiny_gpt2, tiny_gpt_neox

pytestmark = pytest.mark.slow

LORA = LoRA(rank=2, alpha=4, target_modules=None, stages=("method",))
Trained = Callable[[str, TrainingInputs, TrainingSettings, int], Path]


@pytest.fixture
def trained(folders: Folders) -> Trained:
    """Train one of the three TRL trainers; returns the checkpoint."""
    calls = 0

    def train(trainer: str, inputs: TrainingInputs, settings: TrainingSettings, seed: int) -> Path:
        nonlocal calls
        calls += 1
        output_dir, scratch_dir = folders(f"{trainer}{calls}")
        if trainer == "reward model":
            stage = RewardModel(
                start="sft",
                head_learning_rate_multiplier=2.0,
                center_rewards_coefficient=0.01,
                normalise=True,
                n_held_out=4,
                training=settings,
            )
            assert inputs.sft is not None
            return stage.train(
                inputs.pairs,
                model=inputs.model,
                sft=inputs.sft,
                output_dir=output_dir,
                scratch_dir=scratch_dir,
                seed=seed,
            )
        methods = {
            "sft": SFT(name="sft", training=settings, temperature=0.7),
            "dpo": DPO(
                name="dpo", loss_type="sigmoid", beta=0.1, label_smoothing=None, ld_alpha=None, uses_wpo=False,
                rows_per_forward=8, training=settings, temperature=0.7,
            ),
        }  # fmt: skip
        return methods[trainer].train(inputs, output_dir, scratch_dir, seed).checkpoint

    return train


def weights(checkpoint: Path) -> dict[str, Tensor]:
    return load_file(checkpoint / "model.safetensors")


def metrics(checkpoint: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (checkpoint / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("trainer", ["sft", "dpo", "reward model"])
def test_micro_batches_change_nothing(
    trainer: str, trained: Trained, inputs: TrainingInputs, settings: TrainingSettings
) -> None:
    at_once = trained(trainer, with_model(inputs, micro_batch_size=8), settings, 0)
    one_by_one = trained(trainer, with_model(inputs, micro_batch_size=1), settings, 0)
    for name, tensor in weights(at_once).items():
        torch.testing.assert_close(weights(one_by_one)[name], tensor, atol=2e-4, rtol=1e-3, msg=name)
    assert metrics(one_by_one)[0]["loss"] == pytest.approx(metrics(at_once)[0]["loss"], rel=1e-5)


@pytest.mark.parametrize("trainer", ["sft", "dpo", "reward model"])
def test_same_seed_same_bytes(
    trainer: str, trained: Trained, inputs: TrainingInputs, settings: TrainingSettings
) -> None:
    first, second, other = (trained(trainer, inputs, settings, seed) for seed in (0, 0, 1))
    for name in ("model.safetensors", "metrics.jsonl"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
        assert (first / name).read_bytes() != (other / name).read_bytes()


@pytest.mark.parametrize("family", [tiny_gpt2, tiny_gpt_neox])
@pytest.mark.parametrize("trainer", ["sft", "dpo", "reward model"])
def test_other_families(
    family: Callable[[Path], tuple[PreTrainedModel, object]],
    trainer: str,
    trained: Trained,
    inputs: TrainingInputs,
    settings: TrainingSettings,
    tmp_path: Path,
) -> None:
    family(tmp_path / "family")
    assert inputs.sft is not None
    theirs = replace(
        with_model(inputs, checkpoint=str(tmp_path / "family")),
        sft=replace(inputs.sft, checkpoint=tmp_path / "family"),
    )
    steps = metrics(trained(trainer, theirs, settings, 0))
    assert steps[-1]["loss"] == steps[-1]["loss"] > 0  # not NaN


def test_sft_learns_its_demonstrations(trained: Trained, inputs: TrainingInputs, settings: TrainingSettings) -> None:
    steps = metrics(trained("sft", inputs, replace(settings, epochs=6, learning_rate=1e-2), 0))
    assert steps[0]["loss"] > 4
    assert steps[-1]["loss"] < 1.5


def test_sft_saves_a_model_that_may_use_its_cache(
    trained: Trained, inputs: TrainingInputs, settings: TrainingSettings
) -> None:
    config = json.loads((trained("sft", inputs, settings, 0) / "config.json").read_text())
    assert config["use_cache"] is True


def test_rows_are_ordered_by_seed_in_whole_batches(
    inputs: TrainingInputs, settings: TrainingSettings, tmp_path: Path
) -> None:
    rows = [EncodedExample([0] * (1 + i % 9), [i]) for i in range(27)]
    two = replace(settings, epochs=2)
    jobs = [TrainingJob("x", inputs.model, two, tmp_path, tmp_path, seed) for seed in (0, 0, 1)]
    first, again, other = (in_training_order(rows, job) for job in jobs)
    assert first == again != other
    assert len(first) == 2 * 24
    epochs = [{row.completion_ids[0] for row in first[:24]}, {row.completion_ids[0] for row in first[24:]}]
    assert [len(epoch) for epoch in epochs] == [24, 24] and epochs[0] != epochs[1]


def test_length_groups_make_batches_of_like_lengths(
    inputs: TrainingInputs, settings: TrainingSettings, tmp_path: Path
) -> None:
    rows = [EncodedExample([0] * (1 + 7 * i % 64), [i]) for i in range(64)]  # each length once

    def padding(batches_per_length_group: int) -> int:
        grouped = replace(settings, batches_per_length_group=batches_per_length_group)
        ordered = in_training_order(rows, TrainingJob("x", inputs.model, grouped, tmp_path, tmp_path, 0))
        batches = [[row.length for row in ordered[i : i + 8]] for i in range(0, 64, 8)]
        return sum(max(batch) - length for batch in batches for length in batch)

    assert padding(8) == 8 * (0 + 1 + 2 + 3 + 4 + 5 + 6 + 7)
    assert padding(1) > 4 * padding(8)


@pytest.mark.parametrize("adapter", [None, LORA], ids=["all weights", "adapter"])
def test_a_candidate_is_what_a_shorter_training_ends_with(
    adapter: LoRA | None, inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    """Fifty rows are six batches; without a schedule the first six steps do not know whether more will come."""
    constant = replace(settings, schedule="constant_with_warmup", warmup_share=0.0)
    inputs = with_model(inputs, adapter=adapter)
    shorter, longer = folders("shorter"), folders("longer")
    SFT(name="sft", training=constant, temperature=0.7).train(inputs, *shorter, 0)
    SFT(name="sft", training=replace(constant, epochs=2, n_snapshots=2), temperature=0.7).train(inputs, *longer, 0)
    (early, end) = snapshots_of(longer[0], longer[0])
    assert (early.step, end.step) == (6, 12)
    files = [file.relative_to(shorter[0]) for file in shorter[0].rglob("*") if file.is_file()]
    for file in files:
        if file.name != "metrics.jsonl":
            assert (early.checkpoint / file).read_bytes() == (shorter[0] / file).read_bytes(), file
    assert (end.checkpoint / "model.safetensors").read_bytes() != (early.checkpoint / "model.safetensors").read_bytes()


def test_too_few_rows_are_refused(inputs: TrainingInputs, settings: TrainingSettings, folders: Folders) -> None:
    few = replace(inputs, pairs=inputs.pairs[:7])
    with pytest.raises(ValueError, match="batch_size is 8, but there are only 7 rows"):
        FeedME(name="feedme", training=settings, temperature=0.7).train(few, *folders("few"), 0)


@pytest.mark.parametrize(("limit", "want"), [(1, 1), (5, 4), (8, 8), (64, 8)])
def test_micro_batch_divides_the_batch(
    limit: int, want: int, inputs: TrainingInputs, settings: TrainingSettings, tmp_path: Path
) -> None:
    model = replace(inputs.model, micro_batch_size=limit)
    assert TrainingJob("x", model, settings, tmp_path, tmp_path, 0).micro_batch_size == want


@pytest.mark.parametrize(("limit", "want"), [(1, 1), (8, 4), (16, 8)])
def test_a_pair_counts_two_sequences(
    limit: int, want: int, inputs: TrainingInputs, settings: TrainingSettings, tmp_path: Path
) -> None:
    model = replace(inputs.model, micro_batch_size=limit)
    assert TrainingJob("x", model, settings, tmp_path, tmp_path, 0, sequences_per_row=2).micro_batch_size == want
