"""Composing the same choices once: Hydra takes a quarter of a second, and one command line asks several times."""

import copy
import functools
from collections.abc import Sequence
from pathlib import Path

from hydra import compose
from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict

from farm.config.conf_dirs import conf_dirs

Files = frozenset[tuple[str, int, int]]
"""Path, time of change and size of every settings file."""


def composed(config_name: str, overrides: Sequence[str], *, with_hydra: bool) -> DictConfig:
    """The configuration, a copy that may be changed.

    What the choices of files come to is remembered until a file of settings changes. The other overrides are set in a
    copy of it, by the function with which Hydra sets them after it has put the files together.

    Args:
        config_name: the YAML in a folder of settings.
        overrides: the command line, in Hydra's grammar, without sweeps.
        with_hydra: whether Hydra's own node is kept.

    Raises:
        hydra.errors.HydraException: a key, a choice or a value that is not there.
    """
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    choices = [override for override in parsed if is_choice(override)]
    config = copy.deepcopy(composed_choices(config_name, choices))
    OmegaConf.set_readonly(config, None)
    ConfigLoaderImpl._apply_overrides_to_config([override for override in parsed if override not in choices], config)
    if with_hydra:
        _note_overrides(config, [override for override in parsed if not override.is_hydra_override()])
    else:
        with open_dict(config):
            del config["hydra"]
    return config


def composed_choices(config_name: str, choices: Sequence[Override]) -> DictConfig:
    """The configuration with Hydra's node and these choices, for all who ask: it cannot be changed.

    Raises:
        hydra.errors.HydraException: a choice that is not there.
    """
    texts = tuple(str(choice.input_line) for choice in choices)
    return _composed_choices(config_name, texts, str(Path.cwd()), _files())


def is_choice(override: Override) -> bool:
    """Whether it says which files are put together, or sets something of Hydra's own."""
    return override.is_hydra_override() or bool(options_of(override))


def options_of(override: Override) -> list[str]:
    """The choices of a configuration group; empty if the override's key is no group."""
    return list(_options(str(override.key_or_group).split("@")[0], _files()))


def look_at_files_again() -> None:
    """Begin a command line: within one, files of settings do not change."""
    _files.cache_clear()


@functools.lru_cache(maxsize=128)
def _composed_choices(
    config_name: str,
    choices: tuple[str, ...],
    folder: str,  # noqa: ARG001 (Hydra's node names it)
    files: Files,  # noqa: ARG001
) -> DictConfig:
    config = compose(config_name, overrides=list(choices), return_hydra_config=True)
    OmegaConf.set_readonly(config, True)
    return config


@functools.lru_cache(maxsize=1024)
def _options(group: str, files: Files) -> tuple[str, ...]:  # noqa: ARG001
    loader = GlobalHydra.instance().config_loader()
    return tuple(loader.get_group_options(group, results_filter=ObjectType.CONFIG))


@functools.cache
def _files() -> Files:
    stats = ((path, path.stat()) for folder in conf_dirs() for path in folder.absolute().rglob("*.yaml"))
    return frozenset((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats)


def _note_overrides(config: DictConfig, overrides: Sequence[Override]) -> None:
    """Hydra's node says what a job was given."""
    job = config.hydra.job
    config.hydra.overrides.task = [override.input_line for override in overrides]
    how = job.config.override_dirname
    job.override_dirname = get_overrides_dirname(list(overrides), how.exclude_keys, how.item_sep, how.kv_sep)
