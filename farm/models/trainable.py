"""Loading what is trained: all weights, or an adapter on frozen ones, and the frozen reference beside it.

Weights that are trained are float32, for at learning rates like 1e-6 a bfloat16 weight would round every update away.
Frozen ones under an adapter are kept in the model's own precision, once: the reference shares them with the policy.
Nothing is dropped out, so that a policy starts at its reference and a padded batch is the sum of its rows.
"""

import copy
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from transformers import PreTrainedModel

from farm.models.adapter import add_adapter
from farm.models.checkpoint import Model, load_again, load_causal_lm, load_reward_model, reward_head


class PolicyAndReference(NamedTuple):
    """Two models that answer alike until the first update."""

    policy: PreTrainedModel
    ref_policy: PreTrainedModel
    """Frozen."""


def load_policy(checkpoint: str | Path, model: Model, *, seed: int) -> PreTrainedModel:
    """A causal LM to train."""
    policy = load_causal_lm(checkpoint, dtype=trained_dtype(model), device=model.torch_device)
    _disable_dropout(policy)
    if model.adapter is not None:
        add_adapter(policy, model.adapter, head=None, seed=seed)
    return policy


def load_policy_and_reference(
    start: str | Path, model: Model, *, reference: str | Path, seed: int
) -> PolicyAndReference:
    """A causal LM to train, and the one that it is compared with, most often the same."""
    ref_policy = load_causal_lm(reference, dtype=trained_dtype(model), device=model.torch_device)
    ref_policy.requires_grad_(False)
    _disable_dropout(ref_policy)
    if model.adapter is None or start != reference:
        return PolicyAndReference(load_policy(start, model, seed=seed), ref_policy)
    policy = sharing_weights(ref_policy)
    add_adapter(policy, model.adapter, head=None, seed=seed)
    return PolicyAndReference(policy, ref_policy)


def load_classifier(checkpoint: str | Path, model: Model, *, seed: int) -> PreTrainedModel:
    """A sequence classifier to train; its head may be new, and is trained in full."""
    classifier = load_reward_model(checkpoint, dtype=trained_dtype(model), device=model.torch_device, is_head_new=True)
    _disable_dropout(classifier)
    if model.adapter is not None:
        add_adapter(classifier, model.adapter, head=reward_head(classifier), seed=seed)
    return classifier


def load_backbone(frozen: PreTrainedModel, model: Model, *, seed: int) -> PreTrainedModel:
    """The transformer below a model's head, to train it below another one.

    Args:
        frozen: a causal LM or a classifier as it was loaded; an adapter shares its weights.
        model: what is trained, and how.
        seed: of the adapter's first weights.
    """
    if model.adapter is None:
        return _backbone(load_again(frozen, dtype=torch.float32, device=model.torch_device))
    backbone = _backbone(sharing_weights(frozen))
    add_adapter(backbone, model.adapter, head=None, seed=seed)
    return backbone


def trained_dtype(model: Model) -> torch.dtype:
    """Of the weights that are loaded for training; an adapter's own are float32 always."""
    return torch.float32 if model.adapter is None else model.torch_dtype


def sharing_weights(model: PreTrainedModel) -> PreTrainedModel:
    """Another model with the very same tensors: what is put into one is not in the other."""
    tensors = [*model.parameters(), *model.buffers()]
    return copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})


def _backbone(model: PreTrainedModel) -> PreTrainedModel:
    backbone = model.base_model
    assert isinstance(backbone, PreTrainedModel)
    return backbone


def _disable_dropout(model: PreTrainedModel) -> None:
    """Some families have layers for it, others (OPT, and attention everywhere) keep its probability as a number."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name, value in vars(module).items():
            if "dropout" in name and isinstance(value, float):
                setattr(module, name, 0.0)
