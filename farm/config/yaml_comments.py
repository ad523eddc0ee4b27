"""The words that stand beside the keys of a settings file: on the line, or on the lines above it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_LINE = re.compile(r"(?P<indent> *)(?P<item>- )?(?P<key>[^\s#:][^\s#]*):(?P<value>\s[^#]*)?(?:#(?P<comment>.*))?$")


@dataclass(frozen=True, kw_only=True)
class YamlComments:
    """What a settings file says about itself."""

    summary: str
    """The first sentence of the comment that it begins with."""
    keys: Mapping[str, str]
    """Comments by dotted key; an item of a list counts from 0."""
    groups: Mapping[str, str]
    """Comments of its list of defaults, by group."""


def read_comments(text: str) -> YamlComments:
    """Read the comments of a settings file that is laid out as those in conf/ are."""
    lines = text.splitlines()
    keys: dict[str, str] = {}
    groups: dict[str, str] = {}
    open_keys: list[tuple[int, str]] = []  # indent and name of the keys that the line is in
    n_items: dict[str, int] = {}
    above: list[str] = []
    for line in lines:
        if line.lstrip().startswith("#"):
            above.append(line.strip(" #"))
            continue
        match = _LINE.match(line)
        if match:
            comment = (match["comment"] or " ".join(above)).strip()
            indent, key = len(match["indent"]), match["key"]
            while open_keys and open_keys[-1][0] >= indent + (1 if match["item"] else 0):
                open_keys.pop()
            parents = [name for _, name in open_keys]
            if parents == ["defaults"]:
                groups[key.split("/")[-1]] = comment
            else:
                if match["item"]:
                    list_key = ".".join(parents)
                    open_keys.append((indent + 1, str(n_items.get(list_key, 0))))
                    n_items[list_key] = n_items.get(list_key, 0) + 1
                    parents.append(open_keys[-1][1])
                keys[".".join([*parents, key])] = comment if key != "defaults" else ""
            open_keys.append((indent + (2 if match["item"] else 0), key))
        above = []
    return YamlComments(summary=_first_sentence(_head(lines)), keys=keys, groups=groups)


def _head(lines: Sequence[str]) -> str:
    """The comment that the file begins with; what it says to Hydra is left out."""
    head = []
    for line in lines:
        if not line.startswith("#"):
            break
        if not line.startswith("# @package"):
            head.append(line.strip("# "))
    return " ".join(head)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", text, maxsplit=1)[0]
