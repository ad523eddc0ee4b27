"""From YAML to checked objects.

A node with `_target_` names a frozen dataclass; `build_all` checks every key and type against the dataclass's fields,
collects all problems of all nodes, and only then makes objects. No config object leaves this file.
"""

import dataclasses
import importlib
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import pydantic

from farm.addresses import with_shown_addresses
from farm.config.checks import FieldError
from farm.config.suggestions import did_you_mean
from farm.errors import UserError

TargetT = TypeVar("TargetT")


class ConfigError(UserError):
    """All that is wrong with a configuration, one problem a line."""

    exit_code = 2

    def __init__(self, problems: Sequence["Problem"]) -> None:
        self.problems = list(dict.fromkeys(problems))
        super().__init__("\n".join(f"{problem.where}: {problem.message}" for problem in self.problems))

    def __reduce__(self) -> tuple[type["ConfigError"], tuple[list["Problem"]]]:
        # A worker of a sweep sends it back; made from the message alone, it would break the pool of workers.
        return ConfigError, (self.problems,)

    def report(self) -> str:
        n = len(self.problems)
        lines = [f"  {problem.where}: {problem.message}".replace("  : ", "  ") for problem in self.problems]
        text = "\n".join([f"farm: {n} problem{'s' if n > 1 else ''}; nothing was started", *lines])
        return with_shown_addresses(text)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong."""

    where: str
    """Dotted key."""
    message: str
    """What was expected, what came, what to do."""


def build(target: type[TargetT], node: Mapping[str, object]) -> TargetT:
    """Make the object that a config node describes.

    Args:
        target: a dataclass; its fields may be other dataclasses, or Protocols that any `_target_` may fulfil.
        node: a plain mapping, interpolations resolved.

    Raises:
        ConfigError: with every problem found below this node.
    """
    problems: list[Problem] = []
    value = _convert(node, target, "", problems)
    if problems:
        raise ConfigError(problems)
    assert isinstance(value, target)
    return value


def value_problems(value: object, hint: object, where: str) -> list[Problem]:
    """What is wrong with a plain value at a dotted key, by the type that its field declares."""
    problems: list[Problem] = []
    _convert(value, hint, where, problems)
    return problems


_FAILED = object()
MANY_CHOICES = 4
"""Of more than this many, the one that was probably meant is named."""


def _convert(value: object, hint: object, where: str, problems: list[Problem]) -> object:
    """The value as the hint asks, or `_FAILED` with the reason appended to problems."""
    if isinstance(value, str) and value == "???":
        problems.append(Problem(where, "is required; give it on the command line or in the YAML"))
        return _FAILED
    options = [a for a in typing.get_args(hint) if a is not type(None)] if _is_optional(hint) else [hint]
    if value is None and _is_optional(hint):
        return None
    (hint,) = options if len(options) == 1 else (hint,)
    if isinstance(value, Mapping) and ("_target_" in value or dataclasses.is_dataclass(hint)):
        return _convert_object(value, hint, where, problems)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (tuple, list, Sequence) and isinstance(value, Sequence) and not isinstance(value, str):
        items = [_convert(item, arguments[0], f"{where}[{i}]", problems) for i, item in enumerate(value)]
        return _FAILED if _FAILED in items else tuple(items)
    if origin in (dict, Mapping) and isinstance(value, Mapping):
        entries = {str(k): _convert(v, arguments[1], _join(where, str(k)), problems) for k, v in value.items()}
        return _FAILED if _FAILED in entries.values() else entries
    if _is_protocol(hint):
        problems.append(Problem(where, f"expected a {_name(hint)} (a mapping with _target_), got {value!r}"))
        return _FAILED
    return _convert_plain(value, hint, where, problems)


def _convert_object(node: Mapping[object, object], hint: object, where: str, problems: list[Problem]) -> object:
    target = _import(str(node["_target_"]), _join(where, "_target_"), problems) if "_target_" in node else hint
    if target is _FAILED or not (isinstance(target, type) and dataclasses.is_dataclass(target)):
        if target is not _FAILED:
            problems.append(Problem(_join(where, "_target_"), f"expected a dataclass, got {target!r}"))
        return _FAILED
    hints = typing.get_type_hints(target)
    fields = {field.name: field for field in dataclasses.fields(target) if field.init}
    given = {str(name): value for name, value in node.items() if name != "_target_"}
    before = len(problems)
    for name in given.keys() - fields.keys():
        problems.append(Problem(_join(where, name), f"unknown key; {did_you_mean(name, list(fields))}"))
    for name, field in fields.items():
        has_default = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        if name not in given and not has_default:
            problems.append(Problem(_join(where, name), f"is missing; {target.__name__} needs it"))
    values = {
        name: _convert(value, hints[name], _join(where, name), problems)
        for name, value in given.items()
        if name in fields
    }
    if len(problems) > before:
        return _FAILED
    try:
        return target(**values)
    except FieldError as error:
        problems += [Problem(_join(where, name), reason) for name, reason in error.reasons.items()]
        return _FAILED
    except (ValueError, TypeError) as error:
        problems.append(Problem(where, str(error)))
        return _FAILED


def _convert_plain(value: object, hint: object, where: str, problems: list[Problem]) -> object:
    if hint is Path and isinstance(value, str):
        return Path(value)
    try:
        settings = pydantic.ConfigDict(arbitrary_types_allowed=True)
        adapter: pydantic.TypeAdapter[object] = pydantic.TypeAdapter(cast(type[object], hint), config=settings)
        return adapter.validate_python(value, strict=True)
    except pydantic.ValidationError as error:
        reason = error.errors()[0]["msg"].lower()
        choices = [str(a) for a in typing.get_args(hint)] if typing.get_origin(hint) is typing.Literal else []
        hint_at = did_you_mean(str(value), choices)
        meant = f"; {hint_at}" if len(choices) > MANY_CHOICES and hint_at.endswith("?") else ""
        problems.append(Problem(where, f"{reason}, got {value!r}{meant}"))
        return _FAILED


def _import(dotted: str, where: str, problems: list[Problem]) -> object:
    module_name, _, name = dotted.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        problems.append(Problem(where, f"cannot import {module_name!r}: {error}"))
        return _FAILED
    if name not in vars(module):
        classes = [n for n, v in vars(module).items() if isinstance(v, type) and dataclasses.is_dataclass(v)]
        problems.append(Problem(where, f"{module_name} has no {name!r}; {did_you_mean(name, classes)}"))
        return _FAILED
    return vars(module)[name]


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _is_optional(hint: object) -> bool:
    return type(None) in typing.get_args(hint)


def _is_protocol(hint: object) -> bool:
    return isinstance(hint, type) and bool(vars(hint).get("_is_protocol", False))


def _name(hint: object) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)
