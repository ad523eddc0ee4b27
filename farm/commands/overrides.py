"""Composing a command's configuration: every job of a sweep is checked before anything starts, all errors at once."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from hydra import compose, initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from farm.config import CONF_DIR, ConfigError, Problem, did_you_mean, register_resolvers


@dataclass(frozen=True, kw_only=True)
class Job:
    """One composed configuration of a sweep."""

    overrides: tuple[str, ...]
    """What tells it from the others."""
    config: Mapping[str, object]
    """Plain, all interpolations resolved; without Hydra's own node."""


@contextmanager
def composer() -> Iterator[None]:
    """Within it `compose_one` and `expand` read the YAML files under conf/."""
    register_resolvers()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        yield


def compose_one(config_name: str, overrides: Sequence[str]) -> Mapping[str, object]:
    """The configuration of a command that has no sweep.

    Raises:
        ConfigError: with every unknown key and group choice.
    """
    with composer():
        parsed = _parse(overrides)
        if swept := [o.input_line for o in parsed if o.is_sweep_override()]:
            raise ConfigError([Problem(str(line), "this command takes one value, not several") for line in swept])
        _check_keys(config_name, parsed)
        return _plain(compose(config_name, overrides=list(overrides)))


def expand(config_name: str, overrides: Sequence[str], *, is_multirun: bool) -> list[Job]:
    """All jobs of a command line, in order; the sweep may be written in an experiment's YAML.

    Raises:
        ConfigError: with every problem of the command line.
    """
    with composer():
        parsed = _parse(overrides)
        fixed = [o for o in parsed if not o.is_sweep_override()]
        _check_keys(config_name, [*fixed, *itertools.chain.from_iterable(map(_choices, parsed))])
        whole = compose(config_name, overrides=[str(o.input_line) for o in fixed], return_hydra_config=True)
        sweep = {**_written_sweep(whole), **{str(o.key_or_group): o for o in parsed if o.is_sweep_override()}}
        for override in fixed:
            sweep.pop(str(override.key_or_group), None)
        if sweep and not (is_multirun or str(whole.hydra.mode).endswith("MULTIRUN")):
            lines = [str(o.input_line) for o in sweep.values()]
            raise ConfigError([Problem(line, "several values: say `farm run -m ...`") for line in lines])
        axes = [[str(choice.input_line) for choice in _choices(override)] for override in sweep.values()]
        common = [str(o.input_line) for o in fixed]
        return [
            Job(overrides=choices, config=_plain(compose(config_name, overrides=[*common, *choices])))
            for choices in itertools.product(*axes)
        ]


def written_sweep_keys(config_name: str, overrides: Sequence[str]) -> list[str]:
    """The keys that the chosen experiment's own YAML sweeps."""
    with composer():
        fixed = [str(o.input_line) for o in _parse(overrides) if not o.is_sweep_override()]
        return list(_written_sweep(compose(config_name, overrides=fixed, return_hydra_config=True)))


def _parse(overrides: Sequence[str]) -> list[Override]:
    problems, parsed = [], []
    for text in overrides:
        try:
            parsed.append(OverridesParser.create().parse_override(text))
        except HydraException as error:
            problems.append(Problem(text, f"expected key=value: {str(error).splitlines()[0]}"))
    if problems:
        raise ConfigError(problems)
    return parsed


def _written_sweep(whole: DictConfig) -> dict[str, Override]:
    params = cast(dict[str, object], OmegaConf.to_container(whole.hydra.sweeper.params or OmegaConf.create({})))
    return {str(key): OverridesParser.create().parse_override(f"{key}={value}") for key, value in params.items()}


def _choices(override: Override) -> list[Override]:
    """`method=ppo,dpo` -> [method=ppo, method=dpo]; itself if it is no sweep."""
    if not override.is_sweep_override():
        return [override]
    parser = OverridesParser.create()
    return [parser.parse_override(f"{override.key_or_group}={text}") for text in override.sweep_string_iterator()]


def _check_keys(config_name: str, overrides: Sequence[Override]) -> None:
    """Raise for every override that names no group option and no key."""
    loader = GlobalHydra.instance().config_loader()
    groups = [o for o in overrides if _is_group(loader, o)]
    wrong = {id(o): problem for o in groups if (problem := _group_problem(loader, o))}
    lines = [str(o.input_line) for o in groups if id(o) not in wrong and not o.is_sweep_override()]
    try:
        whole = compose(config_name, overrides=lines, return_hydra_config=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError([*wrong.values(), Problem("configuration", str(error).splitlines()[0])]) from error
    problems = [*wrong.values()]
    problems += [problem for o in overrides if o not in groups and (problem := _key_problem(loader, whole, o))]
    if problems:
        raise ConfigError(problems)


def _is_group(loader: ConfigLoader, override: Override) -> bool:
    name = str(override.key_or_group).split("@")[0]
    return loader.get_group_options(name, results_filter=ObjectType.CONFIG) != []


def _group_problem(loader: ConfigLoader, override: Override) -> Problem | None:
    name = str(override.key_or_group).split("@")[0]
    options = loader.get_group_options(name, results_filter=ObjectType.CONFIG)
    if override.is_sweep_override() or override.value() in options or override.value() is None:
        return None
    return Problem(str(override.key_or_group), f"no choice {override.value()!r}; {did_you_mean(str(override.value()), options)}")


def _key_problem(loader: ConfigLoader, whole: DictConfig, override: Override) -> Problem | None:
    if override.is_add() or override.is_delete():
        return None
    node: object = whole
    seen: list[str] = []
    for part in str(override.key_or_group).split("."):
        keys = [str(key) for key in node] if isinstance(node, DictConfig) else []
        if part not in keys:
            groups = loader.get_group_options("", results_filter=ObjectType.GROUP) if not seen else []
            known = [*(key for key in keys if key not in ("hydra", "_target_")), *groups]
            return Problem(".".join([*seen, part]), f"unknown key; {did_you_mean(part, known)}")
        seen.append(part)
        node = cast(DictConfig, node)._get_node(part)
    return None


def _plain(config: DictConfig) -> Mapping[str, object]:
    try:
        container = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError([Problem("configuration", str(error).splitlines()[0])]) from error
    return cast(Mapping[str, object], {k: v for k, v in cast(dict[str, object], container).items() if k != "hydra"})
