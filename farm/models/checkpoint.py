"""Loading and saving Hugging Face checkpoints, safely: safetensors only, no remote code, no pickle.

This is the only place that calls `from_pretrained`.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from farm.errors import UserError
from farm.models.prompts import Prompt

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


class CheckpointError(UserError):
    """A checkpoint is missing, incomplete, or would have to run code to load."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A pretrained causal LM to start from, and how to talk to it."""

    name: str
    """Shown in tables."""
    checkpoint: str = field(metadata={"is_path": True})
    """A local checkpoint directory, or a name on the hub."""
    prompt: Prompt
    """How instructions are rendered."""
    max_prompt_tokens: int
    """Longer prompts are left out of training and refused at evaluation."""
    max_new_tokens: int
    """An answer is cut here."""
    dtype: Literal["float32", "bfloat16"]
    """Weights and arithmetic in training and generation."""
    device: str = field(metadata={"in_key": False})
    """Where it runs: cpu, cuda, cuda:1, or auto."""
    threads: int | None = field(metadata={"in_key": False})
    """CPU threads; None for all cores. Sums are rounded in another order with another number."""
    micro_batch_size: int = field(metadata={"in_key": False})
    """Sequences per forward pass in training; gradients are accumulated to the method's batch size."""
    generation_batch_size: int = field(metadata={"in_key": False})
    """Sequences generated at once."""

    @property
    def torch_device(self) -> torch.device:
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        return torch.device(self.device)

    @property
    def torch_dtype(self) -> torch.dtype:
        return DTYPES[self.dtype]


def check_checkpoint(path: str | Path) -> None:
    """Refuse a local directory that is no checkpoint, needs remote code, or holds weights only as a pickle.

    Raises:
        CheckpointError: with the reason and what to do.
    """
    directory = Path(path)
    if not directory.is_dir():
        return  # a hub name: from_pretrained below refuses remote code and pickles there
    config_path = directory / "config.json"
    if not config_path.is_file():
        raise CheckpointError(f"{directory}: no config.json here, so this is no Hugging Face checkpoint")
    for file in (config_path, directory / "tokenizer_config.json"):
        settings = json.loads(file.read_text()) if file.is_file() else {}
        if "auto_map" in settings:
            raise CheckpointError(
                f"{file}: `auto_map` asks to run Python code that comes with the checkpoint; this is refused. "
                "Use an architecture that transformers has built in."
            )
    if not list(directory.glob("*.safetensors")):
        pickles = sorted(f.name for f in directory.iterdir() if f.suffix in _PICKLES)
        raise CheckpointError(
            f"{directory}: no .safetensors file here"
            + (
                f", only pickled weights ({', '.join(pickles)}), which can run code when loaded and are refused; "
                "convert them with transformers' save_pretrained"
                if pickles
                else ""
            )
        )


def load_tokenizer(path: str | Path) -> PreTrainedTokenizerBase:
    """The checkpoint's tokenizer. It must have an end token; the pad token falls back to the end token.

    The pad token may be the end token because masks, never token ids, say which tokens are real.
    """
    check_checkpoint(path)
    tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False)
    if tokenizer.eos_token_id is None:
        raise CheckpointError(f"{path}: the tokenizer has no eos_token, so no answer could ever end")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_causal_lm(path: str | Path, *, dtype: torch.dtype, device: torch.device) -> PreTrainedModel:
    """A causal LM in evaluation mode (no dropout)."""
    check_checkpoint(path)
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        path, dtype=dtype, trust_remote_code=False, use_safetensors=True
    )
    return _placed(model, device)


def load_reward_model(path: str | Path, *, dtype: torch.dtype, device: torch.device) -> PreTrainedModel:
    """A one-label sequence classifier in evaluation mode; from a causal LM the head starts new."""
    check_checkpoint(path)
    model: PreTrainedModel = AutoModelForSequenceClassification.from_pretrained(
        path, num_labels=1, dtype=dtype, trust_remote_code=False, use_safetensors=True
    )
    return _placed(model, device)


def save_checkpoint(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, directory: Path) -> Path:
    """Save weights (safetensors) and tokenizer; returns the directory."""
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


def _placed(model: PreTrainedModel, device: torch.device) -> PreTrainedModel:
    torch.nn.Module.to(model, device)
    model.train(False)
    return model
