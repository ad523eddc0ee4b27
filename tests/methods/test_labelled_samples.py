"""Iterated DPO and expert iteration by labels: whose answers are compared, and what is learnt from the verdicts."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from farm.errors import UserError
from farm.methods.examples import EncodedPair
from farm.methods.fine_tuning.expert_iteration import ExpertIteration
from farm.methods.method import TrainingInputs
from farm.methods.preference import iterated_dpo
from farm.methods.preference.iterated_dpo import IteratedDPO
from farm.methods.trl.dpo import train_dpo
from farm.methods.trl.dpo_loss import DPOLoss
from farm.methods.trl.training import TrainingJob, TrainingSettings
from farm.records import Output
from farm.store.tables import read_table
from tests.methods.conftest import Folders
from tests.methods.scripted_labels import LongerWins


def iterated(settings: TrainingSettings, reference: str = "sft") -> IteratedDPO:
    return IteratedDPO(
        name="iterated_dpo", rounds=2, reference=reference, loss_type="sigmoid", beta=0.1,  # type: ignore[arg-type]
        label_smoothing=None, rollout_temperature=1.0, training=settings, temperature=0.7,
    )  # fmt: skip


def by_labels(settings: TrainingSettings, n_prompts: int = 8) -> ExpertIteration:
    return ExpertIteration(
        name="expert_iteration_labels", n=3, n_prompts=n_prompts, rounds=2, chooser="annotator", start=None,
        rollout_temperature=1.0, training=settings, temperature=0.7,
    )  # fmt: skip


def test_iterated_dpo_compares_the_current_policy_on_new_prompts(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    labels = LongerWins(budget=25)
    output_dir, scratch_dir = folders("out")
    policy = iterated(settings).train(replace(inputs, labels=labels), output_dir, scratch_dir, 0)
    assert policy.checkpoint == output_dir and (output_dir / "model.safetensors").is_file()
    assert [len(request) for request in labels.requests.values()] == [12, 12]  # the budget in equal parts
    asked = [{c.instruction for c in request} for request in labels.requests.values()]
    assert not asked[0] & asked[1] and asked[0] | asked[1] <= {i.instruction for i in inputs.unlabeled}
    first = json.loads((output_dir / "metrics_round_1.jsonl").read_text().splitlines()[0])
    assert first["loss"] == pytest.approx(0.693147, abs=1e-5)


@pytest.mark.parametrize("reference", ["sft", "previous"])
def test_each_round_goes_on_from_the_last_and_a_killed_one_trains_nothing_twice(
    reference: str,
    inputs: TrainingInputs,
    settings: TrainingSettings,
    folders: Folders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rounds: list[tuple[Path, Path]] = []

    def train(job: TrainingJob, loss: DPOLoss, pairs: Sequence[EncodedPair], *, start: Path, reference: Path) -> Path:
        rounds.append((start, reference))
        if len(rounds) == 2:
            raise KeyboardInterrupt
        return train_dpo(job, loss, pairs, start=start, reference=reference)

    monkeypatch.setattr(iterated_dpo, "train_dpo", train)
    output_dir, scratch_dir = folders("out")
    labelled = replace(inputs, labels=LongerWins(budget=40))
    with pytest.raises(KeyboardInterrupt):
        iterated(settings, reference).train(labelled, output_dir, scratch_dir, 0)
    iterated(settings, reference).train(labelled, output_dir, scratch_dir, 0)
    assert inputs.sft is not None
    sft, first = inputs.sft.checkpoint, scratch_dir / "policy_1"
    again = (first, sft if reference == "sft" else first)
    assert rounds == [(sft, sft), again, again]
    assert (output_dir / "metrics_round_1.jsonl").is_file()


def test_a_budget_below_a_batch_per_round_is_refused(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    with pytest.raises(UserError, match="the budget of 15 labels gives 2 rounds less than a batch of 8"):
        iterated(settings).train(replace(inputs, labels=LongerWins(budget=15)), *folders("out"), 0)


def test_expert_iteration_keeps_what_the_annotator_prefers(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    labels = LongerWins(budget=32)
    output_dir, scratch_dir = folders("out")
    method = by_labels(settings)
    assert set(method.requires) == {"sft", "labels", "unlabeled"}
    method.train(replace(inputs, labels=labels, reward_model=None), output_dir, scratch_dir, 0)
    assert [len(labels.requests[request]) for request in range(4)] == [8, 8, 8, 8]  # 2 labels, 8 prompts, 2 rounds
    for round_index in range(2):
        kept = read_table(output_dir / f"candidates_round_{round_index + 1}.parquet", Output)
        finals = labels.requests[2 * round_index + 1]
        assert [len(k.output) for k in kept] == [max(len(c.output_1), len(c.output_2)) for c in finals]


def test_a_knockout_beyond_the_budget_is_refused_before_it_begins(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    labels = LongerWins(budget=32)
    with pytest.raises(UserError, match="takes 36 labels; the budget is 32"):
        by_labels(settings, n_prompts=9).train(replace(inputs, labels=labels), *folders("out"), 0)
    assert not labels.requests
