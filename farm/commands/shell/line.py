"""What happens to a command line before its command is imported: it is checked, explained or shown."""

import argparse
import importlib
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from farm.commands.shell.help import command_help
from farm.commands.shell.messages import show_messages
from farm.commands.shell.registry import COMMANDS, Command
from farm.commands.shell.show import shown
from farm.config.compose import Job, jobs_of, plain_config, run_hydra
from farm.config.objects import ConfigError, Problem, build
from farm.config.quoting import with_quoted_condition
from farm.config.suggestions import did_you_mean
from farm.data.dataset import Dataset

INFO = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
"""What `--info` can say: Hydra's own words."""


class _Line(NamedTuple):
    """A command line without its flags."""

    flags: argparse.Namespace
    overrides: list[str]


def run_line(command: Command, arguments: Sequence[str]) -> int:
    """Check a command line, then do what it says; returns the exit code.

    Raises:
        ConfigError: the line is wrong; torch was not imported.
    """
    arguments = [with_quoted_condition(argument) for argument in arguments]
    flags, overrides = _read(command, arguments)
    jobs = jobs_of(
        command.config,
        overrides,
        command.settings,
        takes_sweeps=command.takes_sweeps,
        is_multirun=flags.multirun or flags.help,
        max_jobs=None if flags.cfg else 1,
    )
    if flags.help:
        print(command_help(command, overrides, jobs[0]))
        return 0
    if flags.cfg:
        print(shown(jobs, what=flags.cfg, package=flags.package, is_resolved=flags.resolve))
        return 0
    if flags.info:
        logging.getLogger().handlers.clear()  # Hydra logs its answer through a handler of its own
        run_hydra(command.config, f"farm {command.name}", ["--info", flags.info, *overrides], _nothing)
        return 0
    problems = _output_problems(overrides)
    if command.reads_dataset:
        problems += _dataset_problems(jobs[0])
    if problems:
        raise ConfigError(problems)
    show_messages(is_verbose=bool(jobs[0].config.verbose))
    # Imported here: most commands import pandas or torch, and a mistyped key must not wait for them.
    module, _, name = command.target.partition(":")
    run: Callable[[Sequence[str]], int] = vars(importlib.import_module(module))[name]
    multirun = ["-m"] if flags.multirun else []
    return run([*multirun, *(a for a in arguments if a in (*overrides, *command.actions))])


def complete(arguments: Sequence[str]) -> int:
    """Tab completion: `farm -sc install=bash` prints the rule, which asks `farm -sc query=bash` at every tab.

    Returns:
        the exit code.
    """
    words = os.environ.get("COMP_LINE", "").split()[1:]
    command = next((c for c in COMMANDS if tuple(words[: len(c.words)]) == c.words), None)
    is_query = any(argument.startswith("query=") for argument in arguments)
    if is_query and (command is None or (words == list(command.words) and not os.environ["COMP_LINE"].endswith(" "))):
        print(" ".join(c.name for c in COMMANDS))
        return 0
    if is_query and command is not None:
        # Hydra takes the first word for the program and the rest for overrides.
        os.environ["COMP_LINE"] = "farm " + os.environ["COMP_LINE"].split(command.words[-1], 1)[1].lstrip()
    run_hydra(command.config if command else "config", "farm", ["-sc", *arguments[1:]], _nothing)
    return 0


def _read(command: Command, arguments: Sequence[str]) -> _Line:
    parser = argparse.ArgumentParser(prog=f"farm {command.name}", add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-c", "--cfg", choices=["job", "hydra", "all"])
    parser.add_argument("--resolve", action="store_true")
    parser.add_argument("-p", "--package")
    parser.add_argument("-i", "--info", nargs="?", const="all", choices=INFO)
    parser.add_argument("-m", "--multirun", action="store_true")
    flags, rest = parser.parse_known_args(arguments)
    overrides = [argument for argument in rest if argument not in command.actions]
    unknown = [argument for argument in overrides if "=" not in argument and not argument.startswith("~")]
    words = [*command.actions, "--help", "--cfg", "--info"]
    if unknown and (command.actions or unknown[0].startswith("-")):
        hint = did_you_mean(unknown[0], words)
        raise ConfigError([Problem(unknown[0], f"no word of `farm {command.name}`; {hint}")])
    if flags.multirun and not command.takes_sweeps:
        raise ConfigError([Problem("-m", f"farm {command.name} has no sweeps")])
    return _Line(flags, overrides)


def _output_problems(overrides: Sequence[str]) -> list[Problem]:
    """A mistyped folder is not made; the last part of a path may be new."""
    values = [override.partition("=")[2] for override in overrides if override.startswith("output=")]
    paths = [Path(path.strip("'\" ")) for value in values for path in value.strip("[]").split(",") if path]
    parents = dict.fromkeys(path.expanduser().parent for path in paths)
    return [
        Problem("output", f"there is no folder {parent}; make it first") for parent in parents if not parent.is_dir()
    ]


@dataclass(frozen=True, kw_only=True)
class _Data:
    """The part of a run's settings that can be looked at without torch."""

    dataset: Dataset


def _dataset_problems(job: Job) -> list[Problem]:
    data = build(_Data, {"dataset": plain_config(job.config)["dataset"]})
    return [Problem(f"dataset.{name}", reason) for name, reason in data.dataset.lacking().items()]


def _nothing(config: object) -> None:
    """Hydra answers before it would run a task."""
