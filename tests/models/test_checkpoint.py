"""Checkpoints that cannot be loaded are named in one sentence."""

from pathlib import Path

import pytest
import torch

from farm.models.checkpoint import CheckpointError, load_causal_lm, load_reward_model, load_tokenizer
from tests.tiny import tiny_causal_lm

CPU = torch.device("cpu")


@pytest.mark.parametrize("name", ["/nowhere/model", "../model", "a/b/c", "~/model", "model name"])
def test_what_is_neither_a_folder_nor_a_name_on_the_hub_is_said_so(name: str) -> None:
    with pytest.raises(CheckpointError, match="no such folder, and no name on the hub"):
        load_tokenizer(name)


def test_a_name_on_the_hub_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for load in (load_causal_lm, load_reward_model):
        with pytest.raises(CheckpointError, match="nobody/has-this: the checkpoint cannot be read: "):
            load("nobody/has-this", dtype=torch.float32, device=CPU)


def test_a_file_that_was_cut_short_is_named(tmp_path: Path) -> None:
    tiny_causal_lm(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="the checkpoint cannot be read: "):
        load_causal_lm(tmp_path, dtype=torch.float32, device=CPU)
