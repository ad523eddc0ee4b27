"""The reward model learns the order of its pairs, and says honestly how well."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

from farm.methods.examples import EncodedPair, encode_pairs
from farm.methods.method import TrainingInputs
from farm.methods.reward_model import RewardModel, _pair_scores
from farm.methods.trl.training import TrainingSettings
from farm.models.checkpoint import load_tokenizer
from farm.records import PreferencePair
from tests.methods.conftest import Folders
from tests.tiny import tiny_causal_lm


def stage(settings: TrainingSettings, **changes: object) -> RewardModel:
    plain = RewardModel(
        start="base",
        head_learning_rate_multiplier=1.0,
        center_rewards_coefficient=None,
        normalise=False,
        n_held_out=12,
        training=settings,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def train(stage: RewardModel, inputs: TrainingInputs, folders: tuple[Path, Path], seed: int = 0) -> Path:
    assert inputs.sft is not None
    output_dir, scratch_dir = folders
    return stage.train(
        inputs.pairs, model=inputs.model, sft=inputs.sft, output_dir=output_dir, scratch_dir=scratch_dir, seed=seed
    )


def scores_one_by_one(checkpoint: Path, pairs: list[EncodedPair]) -> np.ndarray:
    """Without padding: transformers' own forward on each sequence alone."""
    classifier = AutoModelForSequenceClassification.from_pretrained(checkpoint).eval()
    classifier.config.pad_token_id = None
    sequences = [(p.prompt_ids + p.chosen_ids, p.prompt_ids + p.rejected_ids) for p in pairs]
    with torch.no_grad():
        return np.array([[classifier(torch.tensor([ids])).logits.item() for ids in pair] for pair in sequences])


def test_it_learns_and_reports(inputs: TrainingInputs, settings: TrainingSettings, folders: Folders) -> None:
    checkpoint = train(stage(replace(settings, epochs=4)), inputs, folders("rm"))
    evaluation = json.loads((checkpoint / "evaluation.json").read_text())
    assert evaluation["n_train"] == 48 and evaluation["n_held_out"] == 12
    assert evaluation["accuracy"] > 0.8 and evaluation["log_loss"] < 0.5
    assert 0.5 <= evaluation["confidence"] <= 1
    assert evaluation["score_scale"] == 1.0


def test_flipped_labels_mirror_the_held_out_split(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    """Flipping every label leaves the split and mirrors the lesson, so accuracy on it is as good."""
    flipped = [replace(p, chosen=p.rejected, rejected=p.chosen) for p in inputs.pairs]
    straight = train(stage(replace(settings, epochs=4)), inputs, folders("straight"))
    mirrored = train(stage(replace(settings, epochs=4)), replace(inputs, pairs=flipped), folders("mirrored"))
    tokenizer = load_tokenizer(inputs.model.checkpoint)
    pairs = encode_pairs(inputs.model, tokenizer, inputs.pairs)
    margins = [np.diff(scores_one_by_one(checkpoint, pairs), axis=1) for checkpoint in (straight, mirrored)]
    assert (margins[0] < 0).mean() > 0.9
    assert (margins[1] > 0).mean() > 0.9


def test_normalised_scores_have_unit_deviation(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    plain = train(stage(settings, n_held_out=4), inputs, folders("plain"))
    normal = train(stage(settings, n_held_out=4, normalise=True), inputs, folders("normal"))
    tokenizer = load_tokenizer(inputs.model.checkpoint)
    pairs = encode_pairs(inputs.model, tokenizer, inputs.pairs)  # the training pairs are all but 4 of these 60
    before, after = scores_one_by_one(plain, pairs), scores_one_by_one(normal, pairs)
    report = json.loads((normal / "evaluation.json").read_text())
    np.testing.assert_allclose(before, after * report["score_scale"], rtol=1e-3, atol=1e-4)
    assert after.std() == pytest.approx(1.0, abs=0.1)
    assert report["score_mean"] == pytest.approx(after.mean(), abs=0.1)
    # Probabilities are those of the scores before scaling.
    assert report["log_loss"] == json.loads((plain / "evaluation.json").read_text())["log_loss"]


def test_a_head_that_may_not_learn_stays(inputs: TrainingInputs, settings: TrainingSettings, folders: Folders) -> None:
    still = train(stage(settings, head_learning_rate_multiplier=0.0), inputs, folders("still"))
    moved = train(stage(settings, head_learning_rate_multiplier=10.0), inputs, folders("moved"))
    slow = train(stage(replace(settings, learning_rate=1e-12)), inputs, folders("slow"))
    heads = {name: load_file(path / "model.safetensors")["score.weight"] for name, path in
             (("still", still), ("moved", moved), ("slow", slow))}  # fmt: skip
    torch.testing.assert_close(heads["still"], heads["slow"])  # both are the head as drawn
    assert (heads["moved"] - heads["still"]).abs().min() > 1e-4
    key = "model.layers.0.mlp.up_proj.weight"
    assert not torch.equal(load_file(still / "model.safetensors")[key], load_file(slow / "model.safetensors")[key])


def test_the_end_token_is_read_where_it_is_the_pad_token_too(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, tmp_path: Path
) -> None:
    """Pairs that differ in nothing but the end token can be told apart (GPT-2, Pythia: pad is end)."""
    causal_lm, tokenizer = tiny_causal_lm(tmp_path / "pad_is_end")
    tokenizer.pad_token = tokenizer.eos_token
    causal_lm.config.pad_token_id = tokenizer.eos_token_id
    causal_lm.save_pretrained(tmp_path / "pad_is_end")
    tokenizer.save_pretrained(tmp_path / "pad_is_end")
    pairs = [
        PreferencePair(instruction=f"Name {i}.", chosen="A duck", rejected="A duck", rejected_is_finished=False)
        for i in range(60)
    ]
    model = replace(inputs.model, checkpoint=str(tmp_path / "pad_is_end"))
    pad_is_end = replace(inputs, model=model, pairs=pairs)
    checkpoint = train(stage(replace(settings, epochs=3)), pad_is_end, folders("pad_is_end"))
    assert json.loads((checkpoint / "evaluation.json").read_text())["accuracy"] == 1.0
    assert load_tokenizer(checkpoint).pad_token_id == load_tokenizer(checkpoint).eos_token_id


def test_padding_changes_no_score(inputs: TrainingInputs, reward_model: Path) -> None:
    tokenizer = load_tokenizer(reward_model)
    pairs = encode_pairs(inputs.model, tokenizer, inputs.pairs)
    classifier = AutoModelForSequenceClassification.from_pretrained(reward_model).eval()
    np.testing.assert_allclose(
        _pair_scores(classifier, pairs, inputs.model), scores_one_by_one(reward_model, pairs), rtol=1e-4, atol=1e-5
    )


def test_candidates_are_for_policies(settings: TrainingSettings) -> None:
    with pytest.raises(ValueError, match="nobody chooses among reward models, expected 1, got 3"):
        stage(replace(settings, n_snapshots=3))
