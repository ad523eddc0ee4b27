"""Whether a checkpoint's config.json describes a model that can be made, and that its weights' files can fill.

transformers allocates what config.json asks for before it looks into the files: a vocabulary of 10^12 ends in a crash,
-3 layers in a model without any. So the model is made without memory first, and counted.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from transformers import PreTrainedConfig, PreTrainedModel

from farm.models.checkpoint_files.errors import CheckpointError
from farm.models.checkpoint_files.reading import in_one_sentence
from farm.models.checkpoint_files.settings_file import read_settings
from farm.models.checkpoint_files.stored_weights import StoredTensor, some

SIZES = (
    "vocab_size", "hidden_size", "n_embd", "d_model", "intermediate_size", "num_hidden_layers", "n_layer", "num_layers",
    "num_attention_heads", "n_head", "num_heads", "num_key_value_heads", "head_dim", "max_position_embeddings",
    "n_positions",
)  # fmt: skip
"""Names of sizes in the configurations of most families: each is at least 1."""
LAYERS = ("num_hidden_layers", "n_layer", "num_layers")
MAX_POSITIONS = 2**31
MAX_TIMES_STORED = 4
"""A model has at most so many numbers for each that is stored: tied weights are stored once."""
WIDTH_OF_NEW_HEAD = 2**20
"""Numbers beyond that: a new head, and whatever small the files leave out."""
FLOATS = ("F64", "F32", "F16", "BF16")


def check_sizes(folder: Path, stored: Mapping[str, StoredTensor]) -> None:
    """Refuse sizes that no model can have, or that the stored weights cannot fill.

    Raises:
        CheckpointError: with the name in config.json, its value, and what is possible.
    """
    file = folder / "config.json"
    settings = read_settings(file)
    nested = settings.get("text_config")
    for name, value in [*settings.items(), *(nested.items() if isinstance(nested, Mapping) else ())]:
        if name not in SIZES or value is None or isinstance(value, list):
            continue
        limit = _limit(name, stored)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= limit:
            raise CheckpointError(f"{file}: {name}: expected a whole number from 1 to {limit:,}, got {value!r:.40}")


def architectures_of(folder: Path) -> list[str]:
    """The classes that config.json says the weights are of; none if it says nothing.

    Raises:
        CheckpointError: it says something else than names.
    """
    names = read_settings(folder / "config.json").get("architectures") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CheckpointError(f"{folder / 'config.json'}: architectures: expected names of classes, got {names!r:.40}")
    return names


def check_fits(
    folder: Path,
    make: Callable[[PreTrainedConfig], PreTrainedModel],
    config: PreTrainedConfig,
    stored: Mapping[str, StoredTensor],
) -> None:
    """Refuse a configuration whose model cannot be made, or is far larger than what is stored.

    Args:
        folder: the checkpoint's.
        make: makes the model of a configuration.
        config: the configuration.
        stored: the tensors in the weights' files.

    Raises:
        CheckpointError: with both numbers of weights, or why the model cannot be made.
    """
    file = folder / "config.json"
    with in_one_sentence(f"{file}: no model can be made of it"), torch.device("meta"):
        model = make(config)
    n_model = sum(tensor.numel() for tensor in [*model.parameters(), *model.buffers()])
    n_stored = sum(tensor.n_numbers for tensor in stored.values())
    if n_model > MAX_TIMES_STORED * n_stored + WIDTH_OF_NEW_HEAD:
        raise CheckpointError(
            f"{file} describes a model of {n_model:,} weights, but the files hold {n_stored:,}: they do not belong "
            "together"
        )
    trained = dict(model.named_parameters())
    whole = sorted(name for name, tensor in stored.items() if name in trained and tensor.dtype not in FLOATS)
    if whole:
        raise CheckpointError(
            f"{folder}: weights are stored as {stored[whole[0]].dtype}, not as floating-point numbers "
            f"({', '.join(FLOATS)}): {some(whole)}; give the unquantised checkpoint"
        )


def _limit(name: str, stored: Mapping[str, StoredTensor]) -> int:
    if name in LAYERS:
        return len(stored)
    if name in ("max_position_embeddings", "n_positions"):
        return MAX_POSITIONS
    return sum(tensor.n_numbers for tensor in stored.values())
