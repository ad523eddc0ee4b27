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
from omegaconf import DictConfig, open_dict

from farm.config.conf_dirs import conf_dirs

Files = frozenset[tuple[str, int, int]]


def composed(config_name: str, overrides: Sequence[str], *, with_hydra: bool) -> DictConfig:
    """The configuration, a copy that may be changed.

    What the choices of files come to is remembered until a file of settings changes. The other overrides are set in the
    copy by Hydra's own function, which sets them after it has put the files together, too.

    Args:
        config_name: the YAML in a folder of settings.
        overrides: the command line, in Hydra's grammar, without sweeps.
        with_hydra: whether Hydra's own node is kept.

    Raises:
        hydra.errors.HydraException: a key, a choice or a value that is not there.
    """
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    files = _files()
    is_choice = [o.is_hydra_override() or bool(_options(_group(o), files)) for o in parsed]
    choices = tuple(text for text, is_one in zip(overrides, is_choice, strict=True) if is_one)
    config = copy.deepcopy(_with_choices(config_name, choices, str(Path.cwd()), files))
    ConfigLoaderImpl._apply_overrides_to_config(
        [o for o, is_one in zip(parsed, is_choice, strict=True) if not is_one], config
    )
    if with_hydra:
        _note_overrides(config, [o for o in parsed if not o.is_hydra_override()])
    else:
        with open_dict(config):
            del config["hydra"]
    return config


def options_of(override: Override) -> list[str]:
    """The choices of a configuration group; empty if the override's key is no group."""
    return list(_options(_group(override), _files()))


def _group(override: Override) -> str:
    return str(override.key_or_group).split("@")[0]


@functools.lru_cache(maxsize=1024)
def _options(group: str, files: Files) -> tuple[str, ...]:  # noqa: ARG001
    loader = GlobalHydra.instance().config_loader()
    return tuple(loader.get_group_options(group, results_filter=ObjectType.CONFIG))


@functools.lru_cache(maxsize=128)
def _with_choices(
    config_name: str,
    choices: tuple[str, ...],
    folder: str,  # noqa: ARG001 (Hydra's node names it)
    files: Files,  # noqa: ARG001
) -> DictConfig:
    return compose(config_name, overrides=list(choices), return_hydra_config=True)


def _note_overrides(config: DictConfig, overrides: Sequence[Override]) -> None:
    """Hydra's node says what a job was given, which launchers name folders after."""
    job = config.hydra.job
    config.hydra.overrides.task = [override.input_line for override in overrides]
    how = job.config.override_dirname
    job.override_dirname = get_overrides_dirname(list(overrides), how.exclude_keys, how.item_sep, how.kv_sep)


def _files() -> Files:
    """Path, time of change and size of every settings file."""
    stats = ((path, path.stat()) for folder in conf_dirs() for path in folder.absolute().rglob("*.yaml"))
    return frozenset((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats)
