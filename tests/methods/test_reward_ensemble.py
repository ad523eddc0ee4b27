"""Ensembles of reward models."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from farm.methods.method import Method, TrainingInputs
from farm.methods.reward_ensemble import RewardEnsemble
from farm.methods.reward_model import RewardModel
from farm.methods.trl.training import TrainingSettings
from farm.models.answering import draw_answers, rewards_of, score_answers
from farm.models.prompt_file import saved_prompt
from farm.models.scoring.reward import Combination, load_reward_scorer, save_ensemble
from farm.records import Output
from tests.methods.conftest import Folders
from tests.methods.test_sampling_methods import iteration
from tests.methods.trl.test_rollouts import grpo, rloo

Trained = Callable[[RewardEnsemble, str], Path]


@pytest.fixture
def ensemble(settings: TrainingSettings) -> RewardEnsemble:
    member = RewardModel(
        start="base", head_learning_rate_multiplier=1.0, center_rewards_coefficient=None, normalise=True, n_held_out=8,
        training=settings,
    )  # fmt: skip
    return RewardEnsemble(member=member, n_members=3, combination=Combination(rule="mean", coefficient=0.0))


@pytest.fixture
def trained(inputs: TrainingInputs, folders: Folders) -> Trained:
    def train(ensemble: RewardEnsemble, name: str) -> Path:
        assert inputs.sft is not None
        output_dir, scratch_dir = folders(name)
        return ensemble.train(
            inputs.pairs, model=inputs.model, sft=inputs.sft, output_dir=output_dir, scratch_dir=scratch_dir, seed=0
        )

    return train


def test_combinations_by_hand() -> None:
    scores = np.array([[1.0, 0.0], [3.0, 0.0]])
    # Means 2 and 0, standard deviations 1 and 0.
    for rule, expected in (("mean", [2.0, 0.0]), ("min", [1.0, 0.0]), ("mean_minus_sd", [1.5, 0.0])):
        combined = Combination(rule=rule, coefficient=0.5).apply(scores)  # type: ignore[arg-type]
        assert combined.tolist() == expected


def test_members_differ_and_their_scores_are_combined(
    ensemble: RewardEnsemble, trained: Trained, inputs: TrainingInputs
) -> None:
    folder = trained(ensemble, "out")
    outputs = [Output(instruction=p.instruction, output=p.chosen, generator="") for p in inputs.pairs[:5]]
    alone = [rewards_of(inputs.model, folder / f"member_{k}", outputs) for k in (1, 2, 3)]
    assert not np.allclose(alone[0], alone[1])
    assert rewards_of(inputs.model, folder, outputs) == pytest.approx(np.mean(alone, axis=0))
    worst = json.loads((folder / "ensemble.json").read_text()) | {"rule": "min"}
    (folder / "ensemble.json").write_text(json.dumps(worst))
    assert rewards_of(inputs.model, folder, outputs) == pytest.approx(np.min(alone, axis=0))


def test_members_are_ordinary_classifiers_and_held_out_pairs_are_theirs_too(
    ensemble: RewardEnsemble, trained: Trained, inputs: TrainingInputs
) -> None:
    folder = trained(ensemble, "out")
    model = AutoModelForSequenceClassification.from_pretrained(folder / "member_2")
    assert model.num_labels == 1
    evaluation = json.loads((folder / "evaluation.json").read_text())
    member = json.loads((folder / "member_1" / "evaluation.json").read_text())
    assert evaluation["n_held_out"] == 8
    assert evaluation["n_train"] == member["n_train"] == len(inputs.pairs) - 8
    assert 0 <= evaluation["accuracy"] <= 1


def test_a_killed_ensemble_goes_on_with_the_next_member(
    ensemble: RewardEnsemble, inputs: TrainingInputs, folders: Folders, trained: Trained
) -> None:
    whole = trained(ensemble, "whole")
    output_dir, scratch_dir = folders("broken")
    assert inputs.sft is not None
    arguments = {"model": inputs.model, "sft": inputs.sft, "seed": 0, "scratch_dir": scratch_dir}
    replace(ensemble, n_members=2).train(inputs.pairs, output_dir=output_dir, **arguments)  # type: ignore[arg-type]
    stamp = (scratch_dir / "member_1" / "model.safetensors").stat().st_mtime_ns
    again = output_dir.parent / "again"
    again.mkdir()
    ensemble.train(inputs.pairs, output_dir=again, **arguments)  # type: ignore[arg-type]
    assert (scratch_dir / "member_1" / "model.safetensors").stat().st_mtime_ns == stamp
    for name in ("member_1", "member_3"):
        assert (again / name / "model.safetensors").read_bytes() == (whole / name / "model.safetensors").read_bytes()


def test_one_model_is_an_ensemble_of_one(reward_model: Path) -> None:
    scorer = load_reward_scorer(reward_model, dtype=torch.float32, device=torch.device("cpu"))
    sequences = [[5, 6, 7], [8, 9]]
    assert scorer.of_ids(sequences, batch_size=2).tolist() == scorer.of_members(sequences, batch_size=2)[0].tolist()


def test_one_member_is_refused(ensemble: RewardEnsemble) -> None:
    with pytest.raises(ValueError, match="at least 2, got 1"):
        replace(ensemble, n_members=1)


@pytest.mark.parametrize("rule", ["mean", "min", "mean_minus_sd"])
def test_best_of_n_picks_by_the_combination(rule: str, inputs: TrainingInputs, two_members: Path) -> None:
    save_ensemble(two_members, ["member_1", "member_2"], Combination(rule=rule, coefficient=0.5))  # type: ignore[arg-type]
    assert inputs.sft is not None
    policy = replace(inputs.sft, best_of=3, scorer="reward_model", reward_model=two_members)
    rows = draw_answers(inputs.model, policy, inputs.unlabeled[:4], n=3, temperature=1.0, seed=0, label="test")
    picked = score_answers(inputs.model, policy, inputs.sft, rows, seed=0)
    first, second = (
        rewards_of(inputs.model, two_members / f"member_{k}", [o for row in rows for o in row]) for k in (1, 2)
    )
    # Of two numbers the standard deviation is half their distance.
    mean = (first + second) / 2
    by_hand = {"mean": mean, "min": np.minimum(first, second), "mean_minus_sd": mean - 0.25 * abs(first - second)}
    np.testing.assert_allclose(picked.ravel(), by_hand[rule], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", [iteration, grpo, rloo])
def test_methods_take_an_ensemble_for_a_reward_model(
    method: Callable[[TrainingSettings], Method], inputs: TrainingInputs, settings: TrainingSettings, folders: Folders,
    two_members: Path,
) -> None:  # fmt: skip
    output_dir, scratch_dir = folders("out")
    policy = method(settings).train(replace(inputs, reward_model=two_members), output_dir, scratch_dir, 0)
    assert policy.checkpoint == output_dir and (output_dir / "model.safetensors").is_file()


def test_an_ensembles_probabilities_are_in_its_members_units(
    ensemble: RewardEnsemble, trained: Trained, inputs: TrainingInputs
) -> None:
    """Members alike in everything but chance: the ensemble is about as sure as they are, not as sure as its scores."""
    folder = trained(ensemble, "out")
    members = [json.loads((folder / f"member_{k}" / "evaluation.json").read_text()) for k in (1, 2, 3)]
    evaluation = json.loads((folder / "evaluation.json").read_text())
    assert evaluation["score_scale"] == pytest.approx(np.mean([member["score_scale"] for member in members]))
    assert saved_prompt(folder) == inputs.model.prompt
