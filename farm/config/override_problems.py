"""What is wrong with one override of a command line, told without importing what is configured."""

from collections.abc import Iterator, Mapping, Sequence
from typing import get_origin

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, Node

from farm.config.composed import composed_choices, options_of
from farm.config.field_types import field_class, field_names, field_type
from farm.config.objects import Problem, value_problems
from farm.config.suggestions import did_you_mean, did_you_mean_key

_HIDDEN = ("hydra", "_target_")


def text_of(override: Override) -> str:
    """As it stands on the command line."""
    return str(override.input_line)


def choices_of(override: Override) -> list[Override]:
    """`method=ppo,dpo` -> [method=ppo, method=dpo]; itself if it is no sweep."""
    if not override.is_sweep_override():
        return [override]
    parser = OverridesParser.create()
    return [parser.parse_override(f"{override.key_or_group}={text}") for text in override.sweep_string_iterator()]


def group_problem(override: Override) -> Problem | None:
    """The override chooses what is no choice of its group."""
    options = options_of(override)
    if not options:
        return None
    for choice in choices_of(override):
        value = choice.value()
        for name in value if isinstance(value, list) else [value]:  # of noise=[length_bias,label_flip] each
            if name not in options and name is not None:
                hint = did_you_mean(str(name), options)
                return Problem(str(override.key_or_group), f"no choice {str(name)!r}; {hint}")
    return None


def unused_groups(config_name: str, parsed: Sequence[Override]) -> dict[int, Problem]:
    """The overrides, by their places, of groups that stand in conf/ but mean nothing to this command."""
    bare = composed_choices(config_name, [])
    return {
        i: unknown_key(bare, str(o.key_or_group))
        for i, o in enumerate(parsed)
        if options_of(o)
        and not (o.package or o.is_add())
        and str(o.key_or_group) not in [*bare.hydra.runtime.choices, *bare]
    }


def settings_named_like_groups(config_name: str, overrides: Sequence[str]) -> dict[str, Override]:
    """The overrides of plain settings whose name is also a folder of conf/, by their text.

    `farm compare annotator=NAME` narrows a table and chooses no conf/annotator, but Hydra takes every key that names a
    folder for a choice, so these are set after it has composed the rest.
    """
    parser = OverridesParser.create()
    settings: dict[str, Override] = {}
    whole: DictConfig | None = None
    for text in overrides:
        try:
            override = parser.parse_override(text)
        except HydraException:
            continue  # reported with the other problems
        key = str(override.key_or_group)
        if override.is_add() or override.is_delete() or override.package or not options_of(override):
            continue
        if whole is None:
            whole = composed_choices(config_name, [])
        if key in list(whole) and key not in whole.hydra.runtime.choices:  # `in whole` would not see a ???
            settings[text] = override
    return settings


def setting_problem(whole: DictConfig, override: Override, settings: Sequence[str]) -> Problem | None:
    """The override sets or adds a key that is not there, or sets one to a value of another type.

    Args:
        whole: the composed configuration, with the choices of the command line.
        override: of a setting, not of a group.
        settings: dotted names of the dataclasses whose fields are the top-level keys.
    """
    if override.is_delete() or (override.is_add() and str(override.key_or_group).startswith("hydra.")):
        return None
    node: object = whole
    seen: list[str] = []
    classes = list(settings)
    hint: object | None = None
    for part in str(override.key_or_group).split("."):
        if isinstance(node, Node) and node._is_interpolation():
            there = node._value()
            return Problem(".".join([*seen, part]), f"`{'.'.join(seen)}` is what stands at {there}; set it there")
        if part not in _keys(node):
            takes_any = override.is_add() and seen and not any(field_names(name) for name in classes)
            return None if takes_any else unknown_key(whole, str(override.key_or_group))
        hint = next((h for name in classes if (h := field_type(name, part)) is not None), None)
        inner = next((c for name in classes if (c := field_class(name, part))), None)
        seen.append(part)
        node = node._get_node(int(part) if isinstance(node, ListConfig) else part)  # type: ignore[attr-defined]
        target = _target(node) or inner
        classes = [target] if target else []
    return _value_problem(override, ".".join(seen), node, hint)


def unknown_key(whole: DictConfig, key: str) -> Problem:
    """Say that there is no such key or group, and which was meant, wherever it lies."""
    groups = [str(name) for name in whole.hydra.runtime.choices if not str(name).startswith("hydra")]
    node: object = whole
    seen: list[str] = []
    for part in key.split("."):
        seen.append(part)
        if part not in _keys(node):
            break
        node = node._get_node(int(part) if isinstance(node, ListConfig) else part)  # type: ignore[attr-defined]
    shown = [name for name in _keys(node) if name not in _HIDDEN]
    is_open = isinstance(node, DictConfig) and not _keys(node)  # a mapping that is there to be filled
    hint = None if is_open else did_you_mean_key(key, [*dict.fromkeys([*_dotted_keys(whole, ""), *groups])])
    if hint is None:
        known = sorted({*shown, *([] if len(seen) > 1 else (name for name in groups if "@" not in name))})
        hint = f"known here: {', '.join(known)}" if known else f"a new one is added with +{key}=..."
    choice = whole.hydra.runtime.choices.get(seen[0]) if len(seen) > 1 else None
    lacking = f"{seen[0]}={choice} has no such key" if choice else "unknown key"
    return Problem(".".join(seen), f"{lacking}; {hint}")


def _value_problem(override: Override, where: str, node: object, hint: object | None) -> Problem | None:
    for choice in choices_of(override):
        value = choice.value()
        if isinstance(value, Mapping) or (isinstance(value, str) and value.startswith("${")):
            continue
        if isinstance(node, DictConfig) and value is not None:
            inside = [f"{where}.{name}" for name in _keys(node) if name not in _HIDDEN]
            return Problem(where, f"holds several keys, got {value!r}; set one of {', '.join(inside)}")
        problem = _unlike_default(value, node, where) if hint is None else _unlike_type(value, hint, where)
        if problem:
            return problem
    return None


def _unlike_type(value: object, hint: object, where: str) -> Problem | None:
    if get_origin(hint) is tuple and not isinstance(value, list):
        return None  # some commands take one value for a list of one
    return next(iter(value_problems(value, hint, where)), None)


def _unlike_default(value: object, node: object, where: str) -> Problem | None:
    """Where no type is known, the YAML's own value shows what is expected."""
    default = node._value() if isinstance(node, Node) and not node._is_interpolation() else None
    if isinstance(default, bool):
        return None if isinstance(value, bool | None) else Problem(where, f"expected true or false, got {value!r}")
    if isinstance(default, int | float) and isinstance(value, str | bool | list):
        return Problem(where, f"expected a number, as {default} is, got {value!r}")
    return None


def _target(node: object) -> str | None:
    """The class that a mapping names."""
    if not isinstance(node, DictConfig) or "_target_" not in _keys(node):
        return None
    return str(node["_target_"])


def _dotted_keys(node: object, where: str) -> Iterator[str]:
    """All keys below a node, `a`, `a.b`, ...; what stands elsewhere (an interpolation) is not followed."""
    if not isinstance(node, DictConfig):
        return
    for name in _keys(node):
        if name not in _HIDDEN:
            key = f"{where}.{name}" if where else name
            yield key
            yield from _dotted_keys(node._get_node(name), key)


def _keys(node: object) -> list[str]:
    """Of a mapping its keys, of a list its places from 0; none of what stands elsewhere (an interpolation)."""
    if not isinstance(node, DictConfig | ListConfig) or node._is_none() or node._is_missing():
        return []
    if node._is_interpolation():
        return []
    if isinstance(node, ListConfig):
        return [str(place) for place in range(len(node))]
    return [str(key) for key in node]
