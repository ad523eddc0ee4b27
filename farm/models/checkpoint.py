"""Loading and saving Hugging Face checkpoints, safely: safetensors only, no remote code, no pickle.

This is the only place that calls `from_pretrained`.

What was trained as an adapter is saved twice: merged into its base, an ordinary checkpoint that every later stage and
any other tool reads without knowing, and in `adapter/` beside it as PEFT writes it, small enough to pass on.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Literal

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import (
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from farm.config.checks import check_fields
from farm.errors import UserError
from farm.models.adapter import LoRA, TrainingStage, is_adapted, merge_into, save_adapter
from farm.models.flops import count_flops_of
from farm.models.prompts import Prompt

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_HUB_NAME = re.compile(r"(?:[\w-][\w.-]*/)?[\w-][\w.-]*")
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


class CheckpointError(UserError):
    """A checkpoint is missing, incomplete, or would have to run code to load."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A pretrained causal LM to start from, and how to talk to it."""

    key_name: ClassVar[str] = "Model"

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
    adapter: LoRA | None = field(metadata={"in_key": False})
    """Train an adapter on frozen weights; None to train all weights. In the keys of trainings, for only they see it."""

    def __post_init__(self) -> None:
        check_fields(
            self,
            at_least={
                "max_prompt_tokens": 1,
                "max_new_tokens": 1,
                "threads": 1,
                "micro_batch_size": 1,
                "generation_batch_size": 1,
            },
        )

    def for_stage(self, stage: TrainingStage) -> "Model":
        """The same model, without its adapter if this training fits all weights."""
        return self if self.adapter is None or stage in self.adapter.stages else replace(self, adapter=None)

    @property
    def torch_device(self) -> torch.device:
        return device_named(self.device)

    @property
    def torch_dtype(self) -> torch.dtype:
        return DTYPES[self.dtype]


def device_named(name: str) -> torch.device:
    """cpu, cuda, cuda:1 and so on; auto is a GPU if there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def check_checkpoint(path: str | Path) -> None:
    """Refuse a local directory that is no checkpoint, needs remote code, or holds weights only as a pickle.

    Raises:
        CheckpointError: with the reason and what to do.
    """
    directory = Path(path)
    if not directory.is_dir():
        if not _HUB_NAME.fullmatch(str(path)):
            raise CheckpointError(f"{path}: no such folder, and no name on the hub (`name` or `owner/name`) either")
        return  # from_pretrained below refuses remote code and pickles there
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
    with _readable(path):
        tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False)
    if tokenizer.eos_token_id is None:
        raise CheckpointError(f"{path}: the tokenizer has no eos_token, so no answer could ever end")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_causal_lm(path: str | Path, *, dtype: torch.dtype, device: torch.device) -> PreTrainedModel:
    """A causal LM in evaluation mode (no dropout)."""
    check_checkpoint(path)
    with _readable(path):
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            path, dtype=dtype, trust_remote_code=False, use_safetensors=True
        )
    return _placed(model, device)


def load_reward_model(path: str | Path, *, dtype: torch.dtype, device: torch.device) -> PreTrainedModel:
    """A one-label sequence classifier in evaluation mode; from a causal LM the head starts new."""
    check_checkpoint(path)
    with _readable(path):
        config = AutoConfig.from_pretrained(path, num_labels=1, trust_remote_code=False)
    if type(config) not in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING:
        raise CheckpointError(
            f"{path}: transformers has no sequence classifier for `{config.model_type}`, so it cannot become a reward "
            "model; choose another family, or a method that needs none (sft, dpo, kto, ...)"
        )
    with _readable(path):
        model: PreTrainedModel = AutoModelForSequenceClassification.from_pretrained(
            path, config=config, dtype=dtype, trust_remote_code=False, use_safetensors=True
        )
    return _placed(model, device)


@contextmanager
def _readable(path: str | Path) -> Iterator[None]:
    """Turn what transformers says of files that are missing, cut short or out of reach into one sentence."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CheckpointError(f"{path}: the checkpoint cannot be read: {reason}") from error


def load_again(model: PreTrainedModel, *, dtype: torch.dtype, device: torch.device) -> PreTrainedModel:
    """What a model was before it was trained, from its checkpoint."""
    path = str(model.name_or_path)
    check_checkpoint(path)
    again: PreTrainedModel = type(model).from_pretrained(
        path, config=model.config, dtype=dtype, trust_remote_code=False, use_safetensors=True
    )
    return _placed(again, device)


def reward_head(reward_model: PreTrainedModel) -> nn.Linear:
    """The layer that turns the last hidden state into the score; families name it differently.

    Raises:
        CheckpointError: there is more between hidden state and score than one linear layer.
    """
    outside = [module for module in reward_model.children() if module is not reward_model.base_model]
    (head, *others) = outside
    if others or not isinstance(head, nn.Linear):
        raise CheckpointError(
            f"{type(reward_model).__name__}: expected one linear layer on top of the backbone, got {outside}"
        )
    return head


def save_checkpoint(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, directory: Path) -> Path:
    """Save weights (safetensors) and tokenizer, and the adapter if there is one; returns the directory."""
    if is_adapted(model):
        save_adapter(model, directory / "adapter")
        model = _merged(model)
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


def _merged(model: PreTrainedModel) -> PreTrainedModel:
    """The base, read again, with the adapter's products added in float32. The model that is trained stays as it is."""
    with torch.random.fork_rng(devices=[]):  # a head that is not in the base is drawn first, and then replaced
        base = load_again(model, dtype=torch.float32, device=torch.device("cpu"))
    merge_into(base, model)
    return base


def _placed(model: PreTrainedModel, device: torch.device) -> PreTrainedModel:
    torch.nn.Module.to(model, device)
    model.train(False)
    count_flops_of(model)
    return model
