"""Composing a command's configuration: every job of a sweep is checked before anything starts, all errors at once."""

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeVar, cast

import hydra
from hydra import initialize_config_dir
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from farm.bounded.yaml_text import UnreadableYamlError, named_by_file
from farm.config.composed import composed, look_at_files_again
from farm.config.conf_dirs import CONF_DIR, user_conf_dir
from farm.config.line_only import allowed_by_a_file, started_by_a_file
from farm.config.objects import ConfigError, Problem
from farm.config.override_line import hydra_problem, read_line, with_choices, written_sweep
from farm.config.override_problems import (
    choices_of,
    settings_named_like_groups,
    text_of,
)
from farm.config.resolvers import open_conf_dirs

T = TypeVar("T")
SourceT = TypeVar("SourceT")
Config = Mapping[str, object]
"""A composed configuration: plain, all interpolations resolved."""
OF_THE_LINE = ("hydra", "verbose")
"""Keys that say how a command runs, and are no settings of what it makes."""


def compose_one(config_name: str, overrides: Sequence[str], make: Callable[[Config], T]) -> T:
    """Compose the configuration of a command that has no sweep, and make its object.

    Raises:
        ConfigError: with every unknown key, unknown choice and wrong value.
    """
    with composer():
        job = _one_job(config_name, overrides)
        config = _composed(config_name, job.line)
        for override in job.named_like_groups:
            OmegaConf.update(config, str(override.key_or_group), override.value())
        plain = plain_config(config)
        problems = [*job.problems, *allowed_by_a_file(plain, overrides)]
        return _unless(problems, _make(plain, make, problems))[0]


def expand(config_name: str, overrides: Sequence[str], make: Callable[[Config], T], *, is_multirun: bool) -> list[T]:
    """One object per job of a command line, in order; the sweep may be written in an experiment's YAML.

    Args:
        config_name: the YAML under conf/.
        overrides: the command line, in Hydra's grammar.
        make: makes a job's object from its configuration; raises ConfigError.
        is_multirun: whether several values of a key are allowed.

    Raises:
        ConfigError: with every problem of the command line and of every job.
    """
    with composer():
        line = read_line(config_name, overrides)
        jobs = _jobs(config_name, line.good, is_multirun=is_multirun)
        problems = [*line.problems, *jobs.problems]
        made: list[T] = []
        for job in jobs.lines:
            config = _composed(config_name, job, with_hydra=True)
            plain = plain_config(config)
            problems += [*allowed_by_a_file(plain, overrides), *started_by_a_file(config)]
            made += _make(plain, make, problems)
        return _unless(problems, made)


class Job(NamedTuple):
    """One run of a command line, composed."""

    line: tuple[str, ...]
    """Its own overrides."""
    config: DictConfig
    """With Hydra's node, interpolations not resolved."""


def jobs_of(
    config_name: str,
    overrides: Sequence[str],
    settings: Sequence[str],
    *,
    takes_sweeps: bool,
    is_multirun: bool,
    max_jobs: int | None = None,
) -> list[Job]:
    """Compose a command line without importing what it configures; this answers before torch is there.

    Args:
        config_name: the YAML under conf/.
        overrides: the command line, in Hydra's grammar.
        settings: dotted names of the dataclasses whose fields are the YAML's own keys.
        takes_sweeps: whether the command runs several jobs.
        is_multirun: whether several values of a key are allowed.
        max_jobs: compose so many only; None for all.

    Raises:
        ConfigError: with every unknown key, unknown choice and value of another type, as far as the YAML files and the
            source of the settings tell them.
    """
    with composer():
        if takes_sweeps:
            line = read_line(config_name, overrides, settings)
            jobs = _jobs(config_name, line.good, is_multirun=is_multirun)
            checked = _OneJob(line=[], named_like_groups=[], problems=[*line.problems, *jobs.problems])
            lines = list(itertools.islice(jobs.lines, max_jobs))
        else:
            checked = _one_job(config_name, overrides, settings)
            lines = [checked.line]
        problems = list(checked.problems)
        made = []
        for job in lines:
            config = _composed(config_name, job, with_hydra=True)
            for override in checked.named_like_groups:
                OmegaConf.update(config, str(override.key_or_group), override.value())
            problems += started_by_a_file(config)
            if _make(config, plain_config, problems):
                made.append(Job(tuple(job), config))
        return _unless(problems, made)


def run_hydra(config_name: str, program: str, arguments: Sequence[str], task: Callable[[DictConfig], None]) -> None:
    """Let Hydra read a command line of its own and run its launcher, or answer a question about itself."""
    before = sys.argv
    sys.argv = [program, *arguments]
    try:
        hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name=config_name)(task)()
    finally:
        sys.argv = before


def written_sweep_keys(config_name: str, overrides: Sequence[str]) -> list[str]:
    """The keys that the chosen experiment's own YAML sweeps."""
    with composer():
        fixed = [o for o in read_line(config_name, overrides).good if not o.is_sweep_override()]
        return list(written_sweep(with_choices(config_name, fixed)))


def settings_as_axes(config_name: str, overrides: Sequence[str]) -> list[str]:
    """The command line for Hydra's launcher, which sets all settings before it makes a sweep's choices.

    A setting of a swept group (`method.n_steps=2` beside `method=ppo,quark`) becomes an axis of one value, which it
    sets in every job.
    """
    with composer():
        good = read_line(config_name, overrides).good
        on_line = {str(o.key_or_group) for o in good if o.is_sweep_override()}
        swept = on_line | set(written_sweep(with_choices(config_name, [o for o in good if not o.is_sweep_override()])))
        line = []
        for override in good:
            key = str(override.key_or_group)
            is_inside = "." in key and key.split(".")[0] in swept and not override.is_sweep_override()
            value = text_of(override).partition("=")[2]
            line.append(f"{key}=choice({value})" if is_inside and value else text_of(override))
        return line


class _OneJob(NamedTuple):
    """The command line of a command that has no sweep."""

    line: list[str]
    named_like_groups: list[Override]
    """Settings whose name is also a folder of conf/; to be set after Hydra has composed the line."""
    problems: list[Problem]


def _one_job(config_name: str, overrides: Sequence[str], settings: Sequence[str] = ()) -> _OneJob:
    named_like_groups = settings_named_like_groups(config_name, overrides)
    line = read_line(config_name, [text for text in overrides if text not in named_like_groups], settings)
    several = [o for o in (*line.good, *named_like_groups.values()) if o.is_sweep_override()]
    return _OneJob(
        line=[text_of(o) for o in line.good if not o.is_sweep_override()],
        named_like_groups=[o for o in named_like_groups.values() if not o.is_sweep_override()],
        problems=[*line.problems, *(Problem(text_of(o), "this command takes one value, not several") for o in several)],
    )


class _Jobs(NamedTuple):
    """A command line's jobs, each as the overrides of one run."""

    lines: Iterable[list[str]]
    problems: list[Problem]


def _jobs(config_name: str, overrides: Sequence[Override], *, is_multirun: bool) -> _Jobs:
    fixed = [o for o in overrides if not o.is_sweep_override()]
    whole = with_choices(config_name, fixed)
    sweep = {**written_sweep(whole), **{str(o.key_or_group): o for o in overrides if o.is_sweep_override()}}
    for override in fixed:
        sweep.pop(str(override.key_or_group), None)
    problems = []
    if sweep and not (is_multirun or str(whole.hydra.mode).endswith("MULTIRUN")):
        problems = [Problem(text_of(o), "several values: say `farm run -m ...`") for o in sweep.values()]
        sweep = {}
    product = itertools.product(*(choices_of(override) for override in sweep.values()))
    return _Jobs(([text_of(o) for o in (*fixed, *choices)] for choices in product), problems)


class _UserConfDir(SearchPathPlugin):
    """Hydra looks into the user's folder too, here and in its own launchers, which hand the path to their workers."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        if user_conf_dir().is_dir():
            search_path.append("user", f"file://{user_conf_dir().absolute()}")


@contextmanager
def composer() -> Iterator[None]:
    """Within it, Hydra composes what stands in the folders of settings."""
    open_conf_dirs()
    look_at_files_again()
    Plugins.instance().register(_UserConfDir)
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        try:
            with named_by_file():
                yield
        except UnreadableYamlError as error:
            raise ConfigError([Problem("settings", str(error))]) from None


def _make(config: SourceT, make: Callable[[SourceT], T], problems: list[Problem]) -> list[T]:
    """The object in a list; an empty list, with the reasons added to problems, if it cannot be made."""
    try:
        return [make(config)]
    except ConfigError as error:
        problems += error.problems
        return []


def _unless(problems: Sequence[Problem], made: list[T]) -> list[T]:
    if problems:
        raise ConfigError(problems)
    return made


def _composed(config_name: str, overrides: list[str], *, with_hydra: bool = False) -> DictConfig:
    try:
        return composed(config_name, overrides, with_hydra=with_hydra)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError([hydra_problem(error)]) from error


def plain_config(config: DictConfig) -> Config:
    """All interpolations resolved, without the keys of the command line itself.

    Raises:
        ConfigError: an interpolation leads nowhere.
    """
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key not in OF_THE_LINE])
    own._set_parent(config)
    try:
        container = OmegaConf.to_container(own, resolve=True)
    except OmegaConfBaseException as error:
        origin: BaseException | None = error
        while origin is not None and not isinstance(origin, ConfigError):
            origin = origin.__cause__ or origin.__context__
        if origin is not None:  # from a resolver of ours, which names the key
            raise origin from None
        raise ConfigError([hydra_problem(error)]) from error
    return cast(dict[str, object], container)
