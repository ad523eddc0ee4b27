"""Low-rank adapters: a frozen base, and beside each of its linear layers a trained product of two thin matrices.

Paper: Hu et al. 2021, arXiv 2106.09685; layers and file format are PEFT's. The adapter is put into the model itself, so
trainers, scorers and samplers see the model that they know, and the base's own class still says what it is.

There is no dropout in an adapter, as there is none anywhere in training here: the answers of a rollout and the
log-probabilities of the update must come from the same policy.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import torch
from peft import LoraConfig, TaskType, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from farm.seeds import derive_seed

TrainingStage = Literal["sft", "reward_model", "method"]
_NAME = "default"
_BASE = ".base_layer."
_FUSED = ["out_proj", "conv1d"]
"""Layers of recurrent models whose weights go into a fused kernel, past any adapter; PEFT refuses them."""


@dataclass(frozen=True, kw_only=True)
class LoRA:
    """What an adapter looks like, and which trainings fit one instead of all weights."""

    key_name: ClassVar[str] = "LoRA"

    rank: int
    """Columns of the thin matrices."""
    alpha: float
    """The product is scaled by alpha / rank before it is added to a layer's weight."""
    target_modules: tuple[str, ...] | None
    """Ends of the names of the layers that get one, such as q_proj; None for every linear layer but the output's
    (and, in recurrent models, those that a fused kernel reads)."""
    stages: tuple[TrainingStage, ...] = field(metadata={"in_key": False})
    """Trainings that fit adapters; the others fit all weights. What a training did with it is in its own key."""

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ValueError(f"rank: expected at least 1, got {self.rank}")
        if not self.stages:
            raise ValueError("stages: expected at least one of sft, reward_model, method; adapter=none is without")


def add_adapter(model: PreTrainedModel, lora: LoRA, *, head: nn.Module | None, seed: int) -> None:
    """Freeze the model and put an adapter into it, which changes nothing before it is trained.

    Args:
        model: changed in place; whatever its dtype, the adapter's weights are float32.
        lora: the adapter's shape.
        head: a new output layer, trained in full; None if there is none.
        seed: of the adapter's first weights.
    """
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]  # PEFT divides by the rank, and takes any number
        lora_dropout=0.0,
        target_modules="all-linear" if lora.target_modules is None else list(lora.target_modules),
        exclude_modules=_FUSED if model._is_stateful and lora.target_modules is None else None,
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
        task_type=TaskType.CAUSAL_LM if head is None else TaskType.SEQ_CLS,
    )
    with torch.random.fork_rng(devices=[]):  # PEFT draws from the global generator
        torch.manual_seed(derive_seed(seed, "adapter") % 2**32)
        inject_adapter_in_model(config, model, adapter_name=_NAME)
    for parameter in [*_trained(model).values(), *(() if head is None else head.parameters())]:
        parameter.data = parameter.data.float()
        parameter.requires_grad_(True)


def is_adapted(model: nn.Module) -> bool:
    """Whether there is an adapter in it."""
    return any(True for _ in _layers(model))


def weight_of(linear: nn.Module) -> Tensor:
    """A linear layer's weight, its adapter's product included."""
    if isinstance(linear, LoraLayer):
        return weight_of(linear.get_base_layer()) + _product(linear)
    weight: Tensor = linear.weight  # type: ignore[assignment]
    return weight


def merge_into(base: PreTrainedModel, model: PreTrainedModel) -> None:
    """Add what was trained in `model` to its base, as it was read from disk again.

    Raises:
        RuntimeError: a weight that should have been frozen is not that of the base.
    """
    trained = _trained(model)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".lora_" in name:
                continue
            of_base = base.get_parameter(name.replace(_BASE, "."))
            if name in trained:
                of_base.copy_(parameter)
            elif not torch.equal(of_base.to(parameter.dtype), parameter.to(of_base.device)):
                raise RuntimeError(f"{name} is part of the frozen base, but is not what {model.name_or_path} holds")
        for name, layer in _layers(model):
            weight = base.get_submodule(name).weight
            assert isinstance(weight, Tensor)
            weight += _product(layer).to(weight.device)


def save_adapter(model: PreTrainedModel, directory: Path) -> None:
    """Write what was trained as PEFT writes it, with the name of the base: `PeftModel.from_pretrained` reads it."""
    trained = {
        f"base_model.model.{name.replace(f'.{_NAME}.', '.')}": parameter.detach().cpu().contiguous()
        for name, parameter in _trained(model).items()
    }
    in_full = sorted({name.split(".")[-2] for name in trained if ".lora_" not in name})
    directory.mkdir(parents=True, exist_ok=True)
    save_file(trained, directory / "adapter_model.safetensors", metadata={"format": "pt"})
    (config,) = _configs(model).values()
    settings: dict[str, object] = config.to_dict()  # type: ignore[no-untyped-call]
    settings |= {
        "base_model_name_or_path": model.name_or_path,
        "modules_to_save": in_full or None,
        "inference_mode": True,
    }
    written = {name: sorted(value) if isinstance(value, set) else value for name, value in settings.items()}
    (directory / "adapter_config.json").write_text(json.dumps(written, sort_keys=True, indent=1) + "\n")


def _product(layer: LoraLayer) -> Tensor:
    """What the adapter adds to the layer's weight, in the weight's shape, float32."""
    product: Tensor = layer.get_delta_weight(_NAME)  # type: ignore[attr-defined]
    return product


def _layers(model: nn.Module) -> Iterator[tuple[str, LoraLayer]]:
    return ((name, module) for name, module in model.named_modules() if isinstance(module, LoraLayer))


def _trained(model: nn.Module) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def _configs(model: PreTrainedModel) -> Mapping[str, LoraConfig]:
    configs: Mapping[str, LoraConfig] = model.peft_config  # type: ignore[assignment]
    return configs
