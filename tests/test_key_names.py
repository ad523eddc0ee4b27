"""Whatever can stand in an artifact's key declares a name of its own there."""

import dataclasses
import importlib
import pkgutil
import re
import typing
from collections import Counter

import farm
from farm.config.conf_dirs import CONF_DIR

OUTSIDE_KEYS = {"ReportSettings"}
"""Targets of YAML nodes that no artifact depends on."""


def classes() -> dict[str, type]:
    found = {}
    for module in pkgutil.walk_packages(farm.__path__, "farm."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == module.name:
                found[f"{module.name}.{name}"] = value
    return found


def dataclasses_in(hint: object) -> typing.Iterator[type]:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        yield hint
    for argument in typing.get_args(hint):
        yield from dataclasses_in(argument)


def test_every_class_that_a_setting_can_name_declares_its_name() -> None:
    every = classes()
    targets = {t for path in CONF_DIR.rglob("*.yaml") for t in re.findall(r"_target_: (\S+)", path.read_text())}
    waiting = [every[target] for target in sorted(targets)]
    seen: set[type] = set()
    while waiting:
        kind = waiting.pop()
        if kind in seen or kind.__name__ in OUTSIDE_KEYS:
            continue
        seen.add(kind)
        hints = typing.get_type_hints(kind)
        kept = [field.name for field in dataclasses.fields(kind) if field.metadata.get("in_key", True)]
        waiting += [found for name in kept for found in dataclasses_in(hints[name])]
    assert len(seen) > 60
    assert [kind.__qualname__ for kind in seen if "key_name" not in vars(kind)] == []


def test_no_two_classes_share_a_name() -> None:
    names = Counter(vars(kind)["key_name"] for kind in classes().values() if "key_name" in vars(kind))
    assert len(names) > 70
    assert [name for name, n in names.items() if n > 1] == []
