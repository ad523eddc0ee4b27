"""Loading and saving Hugging Face checkpoints, safely: safetensors only, no remote code, no pickle.

This is the only place that calls `from_pretrained`.

What was trained as an adapter is saved twice: merged into its base, an ordinary checkpoint that every later stage and
any other tool reads without knowing, and in `adapter/` beside it as PEFT writes it, small enough to pass on.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

import torch
from torch import nn
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from farm.config.checks import check_fields
from farm.models.adapter import LoRA, TrainingStage, is_adapted, merge_into, save_adapter
from farm.models.checkpoint_files.configuration import architectures_of, check_fits, check_sizes
from farm.models.checkpoint_files.errors import CheckpointError
from farm.models.checkpoint_files.folder import check_folder, local_folder
from farm.models.checkpoint_files.loaded import check_finite, check_loaded
from farm.models.checkpoint_files.reading import in_one_sentence
from farm.models.checkpoint_files.stored_weights import stored_tensors
from farm.models.end_tokens import keep_end_ids
from farm.models.flops import count_flops_of
from farm.models.prompts import Prompt
from farm.models.trained import check_trained

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_CLASSIFIER = "ForSequenceClassification"


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


def check_checkpoint(path: str | Path) -> Path:
    """Refuse a checkpoint that is none, needs remote code, or holds weights only as a pickle; returns its folder.

    Raises:
        CheckpointError: with the reason and what to do.
    """
    folder = local_folder(path)
    check_folder(folder)
    check_sizes(folder, stored_tensors(folder))
    return folder


def load_tokenizer(path: str | Path) -> PreTrainedTokenizerBase:
    """The checkpoint's tokenizer. It must have an end token; the pad token falls back to the end token.

    The pad token may be the end token because masks, never token ids, say which tokens are real.
    """
    folder = check_checkpoint(path)
    n_embedded = _config_of(path, folder).get_text_config().vocab_size
    with in_one_sentence(f"{path}: the checkpoint cannot be read: its tokenizer"):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        ids = tokenizer("a")["input_ids"]
        largest = max(tokenizer.get_vocab().values(), default=-1)
    if tokenizer.eos_token_id is None:
        raise CheckpointError(f"{path}: the tokenizer has no eos_token, so no answer could ever end")
    if not ids and largest < 0:
        raise CheckpointError(f"{path}: the tokenizer has no tokens")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if largest >= n_embedded:
        raise CheckpointError(
            f"{path}: the tokenizer has token {largest}, but the model embeds only {n_embedded}: give the tokenizer "
            "that belongs to the model, or enlarge the model with resize_token_embeddings"
        )
    return tokenizer


def check_model_files(path: str | Path) -> PreTrainedConfig:
    """Refuse, without reading a weight, what is no causal language model; returns its configuration.

    Raises:
        CheckpointError: it is another kind of model, or its files do not fit each other.
    """
    folder = check_checkpoint(path)
    architectures = architectures_of(folder)
    if architectures and all(name.endswith(_CLASSIFIER) for name in architectures):
        raise CheckpointError(
            f"{path}: expected a causal language model; this is a {architectures[0]}, a reward model or classifier, "
            "which writes no text"
        )
    config = _config_of(path, folder)
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise CheckpointError(f"{path}: expected a causal language model; transformers has none for {_kind(config)}")
    check_fits(folder, AutoModelForCausalLM.from_config, config, stored_tensors(folder))
    return config


def load_causal_lm(path: str | Path, *, dtype: torch.dtype, device: torch.device) -> PreTrainedModel:
    """A causal LM in evaluation mode (no dropout), all of its weights from the files.

    Raises:
        CheckpointError: it is another kind of model, is not whole, or holds NaN.
    """
    config = check_model_files(path)
    folder = local_folder(path)
    model = _load(path, folder, AutoModelForCausalLM, config, dtype, is_head_new=False)
    keep_end_ids(path, model, folder)
    return _placed(path, model, device)


def load_reward_model(
    path: str | Path, *, dtype: torch.dtype, device: torch.device, is_head_new: bool = False
) -> PreTrainedModel:
    """A one-label sequence classifier in evaluation mode.

    Args:
        path: the checkpoint.
        dtype, device: of its weights.
        is_head_new: it may be a causal LM, and the head starts new whatever it is.

    Raises:
        CheckpointError: it is another kind of model, is not whole, or holds NaN.
    """
    folder = check_checkpoint(path)
    config = _config_of(path, folder, num_labels=1)
    if type(config) not in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING:
        raise CheckpointError(
            f"{path}: transformers has no sequence classifier for {_kind(config)}, so it cannot become a reward "
            "model; choose another family, or a method that needs none (sft, dpo, kto, ...)"
        )
    check_fits(folder, AutoModelForSequenceClassification.from_config, config, stored_tensors(folder))
    model = _load(path, folder, AutoModelForSequenceClassification, config, dtype, is_head_new=is_head_new)
    return _placed(path, model, device)


def load_again(model: PreTrainedModel, *, dtype: torch.dtype, device: torch.device) -> PreTrainedModel:
    """What a model was before it was trained, from its checkpoint."""
    folder = check_checkpoint(str(model.name_or_path))
    again: PreTrainedModel = type(model).from_pretrained(
        folder, config=model.config, dtype=dtype, trust_remote_code=False, use_safetensors=True
    )
    return _placed(folder, again, device)


def _config_of(path: str | Path, folder: Path, **own: int) -> PreTrainedConfig:
    with in_one_sentence(f"{path}: the checkpoint cannot be read: its config.json"):
        config: PreTrainedConfig = AutoConfig.from_pretrained(folder, trust_remote_code=False, **own)
    return config


def _load(
    path: str | Path,
    folder: Path,
    kind: type[AutoModelForCausalLM | AutoModelForSequenceClassification],
    config: PreTrainedConfig,
    dtype: torch.dtype,
    *,
    is_head_new: bool,
) -> PreTrainedModel:
    with in_one_sentence(f"{path}: the checkpoint cannot be read"):
        loaded = kind.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are refused below, with their names
        )
    model, loading = cast(tuple[PreTrainedModel, dict[str, Any]], loaded)
    check_loaded(path, model, loading, is_head_new=is_head_new)
    return model


def _kind(config: PreTrainedConfig) -> str:
    return f"`{config.model_type}`"


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


def save_checkpoint(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, directory: Path, *, trained: str = "the training"
) -> Path:
    """Save weights (safetensors) and tokenizer, and the adapter if there is one; returns the directory.

    Args:
        model: what was trained.
        tokenizer: its own.
        directory: for both.
        trained: what it is called where it has diverged.

    Raises:
        DivergedError: its training has diverged.
    """
    check_trained(trained, model)
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


def _placed(path: str | Path, model: PreTrainedModel, device: torch.device) -> PreTrainedModel:
    torch.nn.Module.to(model, device)
    check_finite(str(path), model)
    model.train(False)
    count_flops_of(model)
    return model
