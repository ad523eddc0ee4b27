"""`farm <command> --help`: its keys with defaults and comments, its examples, the choices of each group.

Nothing here is written by hand: keys, defaults and words are those of the YAML files.
"""

import textwrap
from collections.abc import Iterator, Sequence

from farm.commands.shell.explain import Explained, Group, explained
from farm.commands.shell.registry import Command
from farm.config.compose import Job

WIDTH = 116
KEY_WIDTH = 34
CHOICE_WIDTH = 26
MAX_VALUE = 60
UNUSED = "of no use here"
"""Begins the comment of a group that a command has for the sake of others only."""
COMMON = """\
with every command:
  verbose=true       say more of what happens
  --cfg job          print the composed settings and stop; --resolve, --package KEY, --cfg all as in Hydra
  --info             how they are composed; defaults-tree, searchpath, ... as in Hydra"""


def command_help(command: Command, overrides: Sequence[str], job: Job) -> str:
    """The help of a command; with choices on the line (`method=ppo`), the keys of these.

    Args:
        command: whose help is wanted.
        overrides: the command line.
        job: its first job.
    """
    words = explained(command.config, job)
    groups = [group for group in words.groups if not group.comment.startswith(UNUSED)]
    named = {override.partition("=")[0] for override in overrides}
    chosen = [group for group in groups if group.name in named]
    head = f"farm {command.name} - {command.summary}"
    if chosen:
        parts = [_choice_part(words, group) for group in chosen]
        return "\n\n".join([head, *parts, f"all keys and choices: farm {command.name} --help"])
    parts = [
        head,
        "\n".join(["examples:", *(f"  {example}" for example in command.examples)]),
        "\n".join(["keys and their defaults:", *_key_rows(words, words.own_keys)]),
    ]
    if groups:
        first = groups[0]
        how = f"`farm {command.name} {first.name}={next(iter(first.options))} --help` lists the keys of a choice"
        parts.append("\n".join([f"choices; {how}:", *_group_lines(groups)]))
    return "\n\n".join([*parts, COMMON])


def _choice_part(words: Explained, group: Group) -> str:
    summary = group.options.get(str(group.choice), "nothing")
    return "\n".join([f"{group.name}={group.choice}: {summary}", *_key_rows(words, group.keys)])


def _key_rows(words: Explained, keys: Sequence[str]) -> Iterator[str]:
    for key in keys:
        value = words.values[key]
        shown = value if len(value) <= MAX_VALUE else value[: MAX_VALUE - 3] + "..."
        yield from _row(f"{key}={shown}", words.comments.get(key, ""), KEY_WIDTH)


def _group_lines(groups: Sequence[Group]) -> Iterator[str]:
    listed: set[str] = set()
    for group in groups:
        folder = group.name.split("@")[0]
        is_listed_elsewhere = folder in listed or any(other.name == folder for other in groups if other is not group)
        same = f"; the choices of {folder}" if is_listed_elsewhere else ""
        yield from _row(f"{group.name}={group.choice or 'null'}", group.comment + same, KEY_WIDTH)
        if is_listed_elsewhere:
            continue
        listed.add(folder)
        for name, summary in group.options.items():
            yield from ("    " + line for line in _row(name, summary, CHOICE_WIDTH))


def _row(name: str, text: str, width: int) -> list[str]:
    """Two columns; the second is wrapped, and begins on the next line where the first is long."""
    lead = "  " + name
    lines = textwrap.wrap(text, WIDTH - width, break_long_words=False, break_on_hyphens=False)
    if not lines:
        return [lead]
    if len(lead) + 2 > width:
        return [lead, *(" " * width + line for line in lines)]
    return [lead.ljust(width) + lines[0], *(" " * width + line for line in lines[1:])]
