"""Composing the same settings once: Hydra takes a quarter of a second, and one command line asks several times."""

import copy
import functools
from collections.abc import Sequence
from pathlib import Path

from hydra import compose
from omegaconf import DictConfig

from farm.config.conf_dirs import conf_dirs


def composed(config_name: str, overrides: Sequence[str], *, with_hydra: bool) -> DictConfig:
    """The configuration, a copy that may be changed; remembered until a settings file changes.

    Args:
        config_name: the YAML in a folder of settings.
        overrides: the command line, in Hydra's grammar.
        with_hydra: whether Hydra's own node is kept.

    Raises:
        hydra.errors.HydraException: a key, a choice or a value that is not there.
    """
    return copy.deepcopy(_composed(config_name, tuple(overrides), with_hydra, str(Path.cwd()), _files()))


@functools.lru_cache(maxsize=64)
def _composed(
    config_name: str,
    overrides: tuple[str, ...],
    with_hydra: bool,
    folder: str,  # noqa: ARG001 (Hydra's node names it)
    files: frozenset[tuple[str, int, int]],  # noqa: ARG001
) -> DictConfig:
    return compose(config_name, overrides=list(overrides), return_hydra_config=with_hydra)


def _files() -> frozenset[tuple[str, int, int]]:
    """Path, time of change and size of every settings file."""
    paths = [path for folder in conf_dirs() for path in folder.rglob("*.yaml")]
    return frozenset((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in paths)
