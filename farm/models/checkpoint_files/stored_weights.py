"""Which safetensors files hold a checkpoint's weights, and what their headers say, without reading a weight."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError, safe_open

from farm.bounded.json_text import read_json
from farm.models.checkpoint_files.errors import CheckpointError
from farm.models.checkpoint_files.settings_file import read_settings

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
SHOWN = 3
"""Names in a sentence; the others are counted."""


class StoredTensor(NamedTuple):
    """A tensor of a safetensors header."""

    dtype: str
    """As the format writes it: F32, BF16, I64."""
    shape: tuple[int, ...]

    @property
    def n_numbers(self) -> int:
        return math.prod(self.shape)


def check_index(folder: Path) -> None:
    """Refuse an index that names anything but safetensors files beside it.

    Raises:
        CheckpointError: with the name.
    """
    index = folder / INDEX
    if not index.is_file():
        return
    places = read_settings(index).get("weight_map")
    if not isinstance(places, Mapping) or not places:
        raise CheckpointError(f"{index}: expected a `weight_map` from names of weights to files")
    for name in sorted({str(place) for place in places.values()}):
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise CheckpointError(f"{index} names {name!r}: expected the name of a .safetensors file beside it")
        if not (folder / name).is_file():
            raise CheckpointError(f"{index} names {name}, which is not there: the checkpoint is incomplete")


def weight_files(folder: Path) -> list[Path]:
    """The files that transformers reads: the whole one, or those of the index; none if there is neither."""
    whole, index = folder / WEIGHTS, folder / INDEX
    if whole.is_file():
        return [whole]
    if index.is_file():
        return [folder / name for name in sorted({str(n) for n in read_settings(index)["weight_map"].values()})]
    return []


def stored_tensors(folder: Path) -> dict[str, StoredTensor]:
    """All tensors of the weights' files, by name; a shard's tensors are those that the index expects there.

    Raises:
        CheckpointError: a file is no safetensors file, was cut short, or lacks what the index expects in it.
    """
    tensors: dict[str, StoredTensor] = {}
    for file in weight_files(folder):
        tensors |= _header(file)
    if not (folder / WEIGHTS).is_file():
        absent = sorted(set(read_settings(folder / INDEX)["weight_map"]) - set(tensors))
        if absent:
            raise CheckpointError(f"{folder / INDEX} expects weights that its files lack: {some(absent)}")
    if not tensors:
        raise CheckpointError(f"{folder}: the weights' file is empty")
    return tensors


def some(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _header(file: Path) -> dict[str, StoredTensor]:
    try:
        with safe_open(file, framework="pt"):  # checks the header's length, and that the tensors fill the file
            pass
        with file.open("rb") as opened:
            header = read_json(opened.read(int.from_bytes(opened.read(8), "little")))
        assert isinstance(header, dict)
    except (OSError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"{file}: the checkpoint cannot be read: {error}") from error
    return {
        name: StoredTensor(tensor["dtype"], tuple(tensor["shape"]))
        for name, tensor in header.items()
        if name != "__metadata__"
    }
