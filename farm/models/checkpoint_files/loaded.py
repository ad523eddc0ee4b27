"""What came out of loading: weights that are all there, all used, and all numbers."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from farm.models.checkpoint_files.errors import CheckpointError
from farm.models.checkpoint_files.stored_weights import some

_CONSTANTS = re.compile(r"(^|\.)(masked_bias|position_ids|inv_freq)$")
"""Masks and tables that older versions of transformers stored with the weights, and newer ones compute."""


def check_loaded(path: str | Path, model: PreTrainedModel, loading: Mapping[str, Any], *, is_head_new: bool) -> None:
    """Refuse a model some of whose weights were drawn at random, or some of whose files' weights were left out.

    Args:
        path: the checkpoint, as it was given.
        model: as it was loaded.
        loading: what transformers says of loading it.
        is_head_new: the layers outside the backbone are drawn anew, and the file's own are left out.

    Raises:
        CheckpointError: with the names.
    """

    def relevant(names: Iterable[str]) -> list[str]:
        backbone = f"{model.base_model_prefix}."
        return sorted(name for name in names if not is_head_new or name.startswith(backbone))

    architecture = type(model).__name__
    missing, unexpected = relevant(loading["missing_keys"]), relevant(loading["unexpected_keys"])
    unexpected = [name for name in unexpected if not _CONSTANTS.search(name)]
    shapes = {entry[0]: entry[1:] for entry in loading["mismatched_keys"]}
    wrong = sorted(shapes)
    if wrong:
        stored, expected = (tuple(shape) for shape in shapes[wrong[0]])
        raise CheckpointError(
            f"{path}: the weights do not have the shapes of config.json's {architecture}: {some(wrong)} (stored "
            f"{stored}, expected {expected})"
        )
    if missing:
        raise CheckpointError(
            f"{path}: the checkpoint lacks weights of its {architecture}, which would be random: {some(missing)}"
            + (f"; it has others that belong to no such model: {some(unexpected)}" if unexpected else "")
        )
    if unexpected:
        raise CheckpointError(
            f"{path}: the checkpoint has weights that its {architecture} does not know: {some(unexpected)}"
        )


def check_finite(subject: str, model: nn.Module) -> None:
    """Refuse weights that are NaN or infinite.

    Raises:
        CheckpointError: beginning with the subject, with the names.
    """
    names = not_finite(model)
    if names:
        raise CheckpointError(
            f"{subject}: {len(names)} weights are NaN or infinite, so nothing that is made with them means anything: "
            f"{some(names)}; a diverged training leaves such: train with a lower learning_rate or max_grad_norm, "
            "give another checkpoint, or delete the folder if it is an artifact"
        )


def not_finite(model: nn.Module) -> list[str]:
    """Names of the parameters that hold NaN or infinity."""
    # The smallest and the largest number are NaN if any is: one pass and no second tensor.
    ends = {
        name: torch.stack(torch.aminmax(parameter.detach()))
        for name, parameter in model.named_parameters()
        if parameter.numel()
    }
    return [name for name, pair in ends.items() if not bool(torch.isfinite(pair).all())]
