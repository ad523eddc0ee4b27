"""Normalised rewards: KL coefficients that were found for one reward model hold for another."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlamaForSequenceClassification

from farm.methods.method import TrainingInputs
from farm.methods.reward_model import RewardModel
from farm.methods.trl.training import TrainingSettings
from farm.models.answering import rewards_of
from farm.models.scoring.reward import score_scale
from farm.records import Output
from tests.methods.conftest import Folders
from tests.methods.trl.test_rollouts import grpo


def scaled_head(reward_model: Path, factor: float, folder: Path) -> Path:
    """The same reward model, its scores times a factor."""
    model = LlamaForSequenceClassification.from_pretrained(reward_model)
    with torch.no_grad():
        model.score.weight *= factor
    model.save_pretrained(folder)
    for file in reward_model.glob("tokenizer*"):
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_a_reward_model_is_saved_with_unit_spread_whatever_its_head(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    """Normalised at training, GRPO, RLOO and every other method see one scale; log-odds come back by score_scale."""
    stage = RewardModel(
        start="base", head_learning_rate_multiplier=1.0, center_rewards_coefficient=None, normalise=True,
        n_held_out=12, training=settings,
    )  # fmt: skip
    assert inputs.sft is not None
    outputs = [
        Output(instruction=p.instruction, input=p.input, output=text, generator="", is_finished=finished)
        for p in inputs.pairs
        for text, finished in ((p.chosen, p.chosen_is_finished), (p.rejected, p.rejected_is_finished))
    ]
    log_odds = []
    for name, is_normalised in (("plain", False), ("normal", True)):
        output_dir, scratch_dir = folders(name)
        folder = replace(stage, normalise=is_normalised).train(
            inputs.pairs, model=inputs.model, sft=inputs.sft, output_dir=output_dir, scratch_dir=scratch_dir, seed=0
        )
        scores = rewards_of(inputs.model, folder, outputs)
        assert is_normalised == (0.9 < scores.std() < 1.1)
        log_odds.append(scores * score_scale(folder))
        written = json.loads((folder / "prompt.json").read_text())
        assert written["kind"] == "template" and written["without_input"] == "{instruction}\nAnswer:"
    np.testing.assert_allclose(log_odds[1], log_odds[0], rtol=1e-3, atol=1e-4)


def test_grpo_learns_the_same_from_louder_scores(
    inputs: TrainingInputs, settings: TrainingSettings, reward_model: Path, folders: Folders, tmp_path: Path
) -> None:
    """Rewards are divided by the group's own spread, so beta means the same; undivided they move the policy further."""
    louder = scaled_head(reward_model, 10.0, tmp_path / "louder")
    final = {}
    for scale in ("group", "none"):
        for name, folder in (("plain", reward_model), ("louder", louder)):
            output_dir, scratch_dir = folders(f"{name}_{scale}")
            method = replace(grpo(settings), scale_rewards=scale)
            # Adam forgets the size of a gradient: look at the first one's norm, not at the weights.
            method.train(replace(inputs, reward_model=folder), output_dir, scratch_dir, 0)
            lines = (output_dir / "metrics.jsonl").read_text().splitlines()
            final[name, scale] = json.loads(lines[0])["grad_norm"]
    assert final["louder", "group"] == pytest.approx(final["plain", "group"], rel=0.02)
    assert final["louder", "none"] == pytest.approx(10 * final["plain", "none"], rel=0.02)
