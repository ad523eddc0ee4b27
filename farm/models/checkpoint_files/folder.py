"""What lies in a checkpoint's folder, looked at before any library reads it: no pickle, no code, nothing outside.

A checkpoint may come from a stranger. Everything that is refused here is refused in one sentence, before its weights
are read: this is the first of three looks (folder, configuration, loaded weights; farm/models/checkpoint.py).
"""

import re
from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import snapshot_download

from farm.config.suggestions import close_name
from farm.models.checkpoint_files.builtin_code import check_builtin_code
from farm.models.checkpoint_files.errors import CheckpointError
from farm.models.checkpoint_files.settings_file import read_settings
from farm.models.checkpoint_files.stored_weights import check_index, weight_files

CONFIG = "config.json"
ADAPTER = "adapter_config.json"
_HUB_NAME = re.compile(r"(?:[\w-][\w.-]*/)?[\w-][\w.-]*")
_HUB_FILES = ["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt"]
"""What is fetched of a name on the hub: no pickle, no code, and nothing from its folders."""
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
_QUANTISED = ("quantization_config", "compression_config")


def local_folder(path: str | Path) -> Path:
    """The folder of a checkpoint, which is downloaded first if it is a name on the hub.

    Raises:
        CheckpointError: there is no such folder, or the hub cannot be reached.
    """
    folder = Path(path)
    if folder.is_dir():
        return folder
    if folder.is_file():
        raise CheckpointError(no_folder(folder))
    hint = _meant(folder)
    if not _HUB_NAME.fullmatch(str(path)):
        raise CheckpointError(f"{path}: no such folder, and no name on the hub (`name` or `owner/name`) either{hint}")
    try:
        return Path(snapshot_download(str(path), allow_patterns=_HUB_FILES, ignore_patterns=["*/*"]))
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CheckpointError(
            f"{path}: the checkpoint cannot be read: no such folder, and from the hub: {reason}{hint}"
        ) from error


def check_folder(folder: Path) -> None:
    """Refuse a folder that is no checkpoint, needs remote code, or would read pickles or files elsewhere.

    Raises:
        CheckpointError: with the reason and what to do.
    """
    names = sorted(entry.name for entry in folder.iterdir())
    if not names:
        raise CheckpointError(f"{folder}: the folder is empty")
    _check_entries(folder)
    if ADAPTER in names:
        raise CheckpointError(_adapter_sentence(folder))
    quantised = [name for name in names if name.endswith(".gguf")]
    if quantised and not any(name.endswith(".safetensors") for name in names):
        raise CheckpointError(
            f"{folder}: {quantised[0]} is GGUF, a quantised format for inference; give the model's original folder, "
            "with config.json and .safetensors files"
        )
    if CONFIG not in names:
        raise CheckpointError(f"{folder}: no {CONFIG} here, so this is no Hugging Face checkpoint")
    for name in names:
        if name.endswith("config.json"):
            _check_settings(folder / name)
    check_index(folder)
    if not weight_files(folder):
        raise CheckpointError(f"{folder}: no .safetensors file here{_instead(folder, names)}")


def no_folder(path: Path) -> str:
    """Says that there is no such folder, and which one may have been meant."""
    if path.is_file():
        return f"{path} is a file; a checkpoint is a folder with config.json and .safetensors files"
    return f"{path}: no such folder{_meant(path)}"


def _check_entries(folder: Path) -> None:
    """Only plain files and folders, and no links that lead out: a pipe never ends, a link reads what is not yours."""
    inside = [folder.resolve()]
    if folder.parent.name == "snapshots":  # the hub's own cache links to its blobs
        inside.append(folder.parent.parent.resolve() / "blobs")
    for entry in folder.iterdir():
        if entry.is_symlink():
            try:
                target = entry.resolve(strict=True)
            except (OSError, RuntimeError):
                raise CheckpointError(f"{entry} is a link that leads nowhere") from None
            if not any(target.is_relative_to(place) for place in inside):
                raise CheckpointError(f"{entry} is a link out of the checkpoint's folder; copy what it names into it")
        if not (entry.is_file() or entry.is_dir()):
            raise CheckpointError(f"{entry} is neither a file nor a folder; a checkpoint has nothing else")


def _check_settings(file: Path) -> None:
    settings = read_settings(file)
    if "auto_map" in settings or settings.get("trust_remote_code"):
        raise CheckpointError(
            f"{file}: `auto_map` asks to run Python code that comes with the checkpoint; this is refused. "
            "Use an architecture that transformers has built in."
        )
    check_builtin_code(file, settings)
    for name in _QUANTISED:
        if isinstance(settings.get(name), Mapping):
            method = settings[name].get("quant_method", "of an unnamed kind")
            raise CheckpointError(
                f"{file}: the weights are quantised ({method}), which cannot be read or trained here; give the "
                "model's unquantised folder"
            )
    if "transformers_weights" in settings:
        raise CheckpointError(
            f"{file}: `transformers_weights` names a file of weights; call that model.safetensors and remove the key"
        )


def _instead(folder: Path, names: list[str]) -> str:
    pickles = [name for name in names if name.endswith(_PICKLES)]
    if pickles:
        return (
            f", only pickled weights ({', '.join(pickles)}), which can run code when loaded and are refused; "
            "convert them with transformers' save_pretrained"
        )
    others = [name for name in names if name.endswith(".safetensors") and (folder / name).is_file()]
    return f" that is called model.safetensors or stands in an index; there is {', '.join(others)}" if others else ""


def _adapter_sentence(folder: Path) -> str:
    base = read_settings(folder / ADAPTER).get("base_model_name_or_path") or "its base"
    if (folder.parent / CONFIG).is_file() and weight_files(folder.parent):
        return f"{folder} is an adapter; merged into its base it lies in {folder.parent}: give that folder"
    return (
        f"{folder} is an adapter of {base}, no whole model; merge it first: "
        f'AutoPeftModelForCausalLM.from_pretrained("{folder}").merge_and_unload().save_pretrained(DIR), with the '
        "tokenizer beside it, and give DIR"
    )


def _meant(folder: Path) -> str:
    parent = folder.parent
    if not parent.is_dir():
        return ""
    close = close_name(folder.name, [entry.name for entry in parent.iterdir() if entry.is_dir()])
    return f"; did you mean {parent / close}?" if close else ""
