"""What the YAML files say of the keys of a composed configuration: values, comments, choices."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from farm.config.compose import OF_THE_LINE, Job, composer
from farm.config.yaml_comments import read_comments

SEEN_ABOVE = "see above"
"""The comment of a key that passes another one on."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group of choices that the command's own file lists."""

    name: str
    """As it is given: `method=...`."""
    choice: str | None
    """What is chosen."""
    comment: str
    """What is chosen here."""
    options: Mapping[str, str]
    """What each choice is, in a sentence."""
    keys: tuple[str, ...]
    """The keys that the choice brings."""


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A composed configuration in words."""

    values: Mapping[str, str]
    """Values by dotted key, as YAML writes them."""
    comments: Mapping[str, str]
    """Comments by dotted key."""
    own_keys: tuple[str, ...]
    """The keys of the command's own file."""
    groups: tuple[Group, ...]
    """In the order of that file."""


def explained(config_name: str, job: Job) -> Explained:
    """Gather what the files say that a job was composed of."""
    with composer():
        loader = GlobalHydra.instance().config_loader()
        parts = [
            part
            for part in loader.compute_defaults_list(config_name, list(job.line), RunMode.RUN).defaults
            if part.config_path and not part.config_path.startswith("hydra/")
        ]
        texts = {part.config_path: _text(loader, part.config_path) for part in parts}
        values = dict(_leaves(job.config, ""))
        own = read_comments(texts[config_name])
        comments: dict[str, str] = {}
        keys_of: dict[str, list[str]] = {}
        for part in parts:
            read = read_comments(texts[part.config_path])
            package = "" if part.package in (None, "", "_global_") else f"{part.package}."
            comments |= {package + key: comment for key, comment in read.keys.items() if comment}
            inside = [key for key in values if key.startswith(package)] if package else list(read.keys)
            keys_of.setdefault(part.config_path, []).extend(key for key in inside if key in values)
        groups = []
        for name, comment in own.groups.items():
            choice = job.config.hydra.runtime.choices.get(name)
            folder = name.split("@")[0]
            groups.append(
                Group(
                    name=name,
                    choice=choice,
                    comment=comment,
                    options={
                        option: read_comments(_text(loader, f"{folder}/{option}")).summary
                        for option in loader.get_group_options(folder, results_filter=ObjectType.CONFIG)
                    },
                    keys=_keys_in(keys_of.get(f"{folder}/{choice}", []), name.split("@")[-1]),
                )
            )
    return Explained(
        values=values,
        comments=comments,
        own_keys=tuple(key for key, comment in own.keys.items() if key in values and comment != SEEN_ABOVE),
        groups=tuple(groups),
    )


def _keys_in(keys: Sequence[str], place: str) -> tuple[str, ...]:
    """Those under the group's own place; all of a choice that sets keys of other places."""
    return tuple(key for key in keys if key.startswith(f"{place}.")) or tuple(keys)


def _text(loader: ConfigLoader, config_path: str) -> str:
    """The text of a settings file, which may stand in any folder that Hydra looks into."""
    folders = [
        Path(source.path.removeprefix("file://")) for source in loader.get_sources() if source.scheme() == "file"
    ]
    files = [folder / f"{config_path}.yaml" for folder in folders]
    return next((file.read_text("utf-8") for file in files if file.is_file()), "")


def _leaves(config: DictConfig, where: str) -> Iterator[tuple[str, str]]:
    """Every key that can be set, with its value."""
    plain = OmegaConf.to_container(config, resolve=False)
    yield from _plain_leaves(plain, where)


def _plain_leaves(value: object, where: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict() if value:
            items: Sequence[tuple[object, object]] = list(value.items())
        case list() if value and isinstance(value[0], dict):
            items = list(enumerate(value))
        case _:
            yield where, _written(value)
            return
    for key, inner in items:
        if key != "_target_" and (where or key not in OF_THE_LINE):
            yield from _plain_leaves(inner, f"{where}.{key}" if where else str(key))


def _written(value: object) -> str:
    text = value if isinstance(value, str) else yaml.safe_dump(value, default_flow_style=True, width=10_000)
    return " ".join(text.removesuffix("\n...\n").split())
