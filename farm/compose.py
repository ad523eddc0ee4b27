"""Composing a command's configuration: every job of a sweep is checked before anything starts, all errors at once."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import NamedTuple, TypeVar, cast

from hydra import compose, initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, ListConfig, Node, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from farm.conf_dirs import open_conf_dirs, user_conf_dir
from farm.config import CONF_DIR, ConfigError, Problem, did_you_mean

T = TypeVar("T")
Config = Mapping[str, object]
"""A composed configuration: plain, all interpolations resolved, without Hydra's own node."""


def compose_one(config_name: str, overrides: Sequence[str], make: Callable[[Config], T]) -> T:
    """Compose the configuration of a command that has no sweep, and make its object.

    Raises:
        ConfigError: with every unknown key, unknown choice and wrong value.
    """
    with _composer():
        settings = _settings_named_like_groups(config_name, overrides)
        line = _read(config_name, [text for text in overrides if text not in settings])
        several = [o for o in (*line.good, *settings.values()) if o.is_sweep_override()]
        problems = [*line.problems, *(Problem(_text(o), "this command takes one value, not several") for o in several)]
        single = [_text(o) for o in line.good if not o.is_sweep_override()]
        config = _composed(config_name, single)
        for override in settings.values():
            if not override.is_sweep_override():
                OmegaConf.update(config, str(override.key_or_group), override.value())
        made = _make(_plain(config), make, problems)
        return _unless(problems, made)[0]


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
    with _composer():
        line = _read(config_name, overrides)
        problems = list(line.problems)
        fixed = [o for o in line.good if not o.is_sweep_override()]
        whole = _chosen(config_name, fixed)
        sweep = {**_written_sweep(whole), **{str(o.key_or_group): o for o in line.good if o.is_sweep_override()}}
        for override in fixed:
            sweep.pop(str(override.key_or_group), None)
        if sweep and not (is_multirun or str(whole.hydra.mode).endswith("MULTIRUN")):
            problems += [Problem(_text(o), "several values: say `farm run -m ...`") for o in sweep.values()]
            sweep = {}
        made: list[T] = []
        for choices in itertools.product(*(_choices(override) for override in sweep.values())):
            config = _plain(_composed(config_name, [_text(o) for o in (*fixed, *choices)]))
            made += _make(config, make, problems)
        return _unless(problems, made)


def written_sweep_keys(config_name: str, overrides: Sequence[str]) -> list[str]:
    """The keys that the chosen experiment's own YAML sweeps."""
    with _composer():
        fixed = [o for o in _read(config_name, overrides).good if not o.is_sweep_override()]
        return list(_written_sweep(_chosen(config_name, fixed)))


def settings_as_axes(config_name: str, overrides: Sequence[str]) -> list[str]:
    """The command line for Hydra's launcher, which sets all settings before it makes a sweep's choices.

    A setting of a swept group (`method.n_steps=2` beside `method=ppo,quark`) becomes an axis of one value, which it
    sets in every job.
    """
    with _composer():
        good = _read(config_name, overrides).good
        on_line = {str(o.key_or_group) for o in good if o.is_sweep_override()}
        swept = on_line | set(_written_sweep(_chosen(config_name, [o for o in good if not o.is_sweep_override()])))
        line = []
        for override in good:
            key = str(override.key_or_group)
            is_inside = "." in key and key.split(".")[0] in swept and not override.is_sweep_override()
            value = _text(override).partition("=")[2]
            line.append(f"{key}=choice({value})" if is_inside and value else _text(override))
        return line


class _Line(NamedTuple):
    """A command line, read."""

    good: list[Override]
    problems: list[Problem]


class _UserConfDir(SearchPathPlugin):
    """Hydra looks into the user's folder too, here and in its own launchers, which hand the path to their workers."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        if user_conf_dir().is_dir():
            search_path.append("user", f"file://{user_conf_dir().absolute()}")


@contextmanager
def _composer() -> Iterator[None]:
    open_conf_dirs()
    Plugins.instance().register(_UserConfDir)
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        yield


def _read(config_name: str, overrides: Sequence[str]) -> _Line:
    """Parse a command line and set aside what names no key and no choice."""
    parsed, problems = [], []
    for text in overrides:
        try:
            parsed.append(OverridesParser.create().parse_override(text))
        except HydraException as error:
            problems.append(Problem(text, f"expected key=value: {str(error).splitlines()[0]}"))
    loader = GlobalHydra.instance().config_loader()
    wrong = {i: problem for i, o in enumerate(parsed) if (problem := _group_problem(loader, o))}
    choices = [o for i, o in enumerate(parsed) if i not in wrong and _options(loader, o)]
    settings = {i: o for i, o in enumerate(parsed) if not _options(loader, o)}
    set_in = {str(o.key_or_group).split(".")[0] for o in settings.values()}
    try:
        wholes = _with_every_choice(config_name, choices, set_in)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError([*problems, *wrong.values(), _hydra_problem(error)]) from error
    for i, override in settings.items():
        found = [problem for whole in wholes if (problem := _key_problem(loader, whole, override))]
        wrong |= {i: found[0]} if found else {}
    return _Line([o for i, o in enumerate(parsed) if i not in wrong], [*problems, *wrong.values()])


def _chosen(config_name: str, fixed: Sequence[Override]) -> DictConfig:
    """The configuration with its choices made and nothing else set: a key need not exist before a sweep's choice."""
    loader = GlobalHydra.instance().config_loader()
    made = [_text(o) for o in fixed if _options(loader, o) or str(o.key_or_group).startswith("hydra.")]
    return compose(config_name, overrides=made, return_hydra_config=True)


def _with_every_choice(config_name: str, choices: Sequence[Override], groups: AbstractSet[str]) -> list[DictConfig]:
    """The configuration with each choice that a sweep, of the command line or of an experiment, makes in these groups.

    Several swept groups are not crossed: of the others the first choice stands.
    """
    loader = GlobalHydra.instance().config_loader()
    fixed = [o for o in choices if not o.is_sweep_override()]
    whole = _chosen(config_name, fixed)
    taken = {str(o.key_or_group) for o in fixed}
    swept = {name: o for name, o in _written_sweep(whole).items() if _options(loader, o) and name not in taken}
    swept |= {str(o.key_or_group): o for o in choices if o.is_sweep_override()}
    first = {name: _choices(override)[0] for name, override in swept.items()}
    wholes = [
        _chosen(config_name, [*fixed, *{**first, name: choice}.values()])
        for name, override in swept.items()
        for choice in _choices(override)
        if name in groups
    ]
    return wholes or [whole]


def _settings_named_like_groups(config_name: str, overrides: Sequence[str]) -> dict[str, Override]:
    """The overrides of plain settings whose name is also a folder of conf/, by their text.

    `farm compare annotator=NAME` narrows a table and chooses no conf/annotator, but Hydra takes every key that names a
    folder for a choice, so these are set after it has composed the rest.
    """
    loader = GlobalHydra.instance().config_loader()
    parser = OverridesParser.create()
    found: dict[str, Override] = {}
    whole: DictConfig | None = None
    for text in overrides:
        try:
            override = parser.parse_override(text)
        except HydraException:
            continue  # reported with the other problems
        key = str(override.key_or_group)
        if override.is_add() or override.is_delete() or override.package or not _options(loader, override):
            continue
        if whole is None:
            whole = compose(config_name, return_hydra_config=True)
        if key in list(whole) and key not in whole.hydra.runtime.choices:  # `in whole` would not see a ???
            found[text] = override
    return found


def _make(config: Config, make: Callable[[Config], T], problems: list[Problem]) -> list[T]:
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


def _hydra_problem(error: Exception) -> Problem:
    """Hydra's words; its second line says what would work, where it has one."""
    return Problem("configuration", " ".join(str(error).splitlines()[:2]))


def _text(override: Override) -> str:
    return str(override.input_line)


def _written_sweep(whole: DictConfig) -> dict[str, Override]:
    params = cast(dict[str, object], OmegaConf.to_container(whole.hydra.sweeper.params or OmegaConf.create({})))
    return {str(key): OverridesParser.create().parse_override(f"{key}={value}") for key, value in params.items()}


def _choices(override: Override) -> list[Override]:
    """`method=ppo,dpo` -> [method=ppo, method=dpo]; itself if it is no sweep."""
    if not override.is_sweep_override():
        return [override]
    parser = OverridesParser.create()
    return [parser.parse_override(f"{override.key_or_group}={text}") for text in override.sweep_string_iterator()]


def _options(loader: ConfigLoader, override: Override) -> list[str]:
    """The choices of a configuration group; empty if the override's key is no group."""
    name = str(override.key_or_group).split("@")[0]
    return list(loader.get_group_options(name, results_filter=ObjectType.CONFIG))


def _group_problem(loader: ConfigLoader, override: Override) -> Problem | None:
    options = _options(loader, override)
    if not options:
        return None
    for choice in _choices(override):
        if choice.value() not in options and choice.value() is not None:
            name = str(choice.value())
            return Problem(str(override.key_or_group), f"no choice {name!r}; {did_you_mean(name, options)}")
    return None


def _key_problem(loader: ConfigLoader, whole: DictConfig, override: Override) -> Problem | None:
    if override.is_add() or override.is_delete():
        return None
    node: object = whole
    seen: list[str] = []
    for part in str(override.key_or_group).split("."):
        if isinstance(node, Node) and node._is_interpolation():
            there = node._value()
            return Problem(".".join([*seen, part]), f"`{'.'.join(seen)}` is what stands at {there}; set it there")
        keys = _keys(node)
        if part not in keys:
            groups = loader.get_group_options("", results_filter=ObjectType.GROUP) if not seen else []
            known = [*(key for key in keys if key not in ("hydra", "_target_")), *groups]
            hint = did_you_mean(part, known) if known else f"a new one is added with +{override.key_or_group}=..."
            return Problem(".".join([*seen, part]), f"unknown key; {hint}")
        seen.append(part)
        node = node._get_node(int(part) if isinstance(node, ListConfig) else part)  # type: ignore[attr-defined]
    return None


def _keys(node: object) -> list[str]:
    """Of a mapping its keys, of a list its places from 0."""
    if isinstance(node, ListConfig):
        return [str(place) for place in range(len(node))]
    return [str(key) for key in node] if isinstance(node, DictConfig) else []


def _composed(config_name: str, overrides: list[str]) -> DictConfig:
    try:
        return compose(config_name, overrides=overrides)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError([_hydra_problem(error)]) from error


def _plain(config: DictConfig) -> Config:
    try:
        container = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        origin: BaseException | None = error
        while origin is not None and not isinstance(origin, ConfigError):
            origin = origin.__cause__ or origin.__context__
        if origin is not None:  # from a resolver of ours, which names the key
            raise origin from None
        raise ConfigError([_hydra_problem(error)]) from error
    return {key: value for key, value in cast(dict[str, object], container).items() if key != "hydra"}
