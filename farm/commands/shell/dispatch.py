"""Which command a line means, and what is printed where none is meant."""

import importlib
import sys
from collections.abc import Callable, Sequence

from farm.commands.shell.messages import show_messages
from farm.commands.shell.overview import overview
from farm.commands.shell.registry import COMMANDS, Command
from farm.config.conf_dirs import conf_dir_in_use, without_conf_dir
from farm.config.suggestions import did_you_mean
from farm.disk import disk_problem
from farm.errors import UserError
from farm.plain_text import plain_streams
from farm.telemetry import switch_off_telemetry
from farm.version import version

HELP_WORDS = ("-h", "--help", "help")
VERSION_WORDS = ("-V", "--version")
COMPLETION = ("-sc", "--shell-completion")


def dispatched(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    switch_off_telemetry()
    rest, conf_dir = without_conf_dir(arguments)
    with plain_streams(), conf_dir_in_use(conf_dir):
        show_messages(is_verbose=False)
        return _run_command(rest)


def _run_command(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] in VERSION_WORDS:
        print(f"farm {version()}")
        return 0
    if not arguments or (arguments[0] in HELP_WORDS and len(arguments) == 1):
        print(overview())
        return 0
    if arguments[0] in HELP_WORDS:
        arguments = [*arguments[1:], "--help"]
    if arguments[0] in COMPLETION:
        complete: Callable[[Sequence[str]], int] = vars(importlib.import_module("farm.commands.shell.line"))["complete"]
        return complete(arguments)
    command = next((c for c in COMMANDS if tuple(arguments[: len(c.words)]) == c.words), None)
    if command is None:
        print(f"farm: {_no_command(arguments)}", file=sys.stderr)
        return 2
    # Imported here: `farm --help` and a mistyped command need not wait for Hydra.
    run_line: Callable[[Command, Sequence[str]], int] = vars(importlib.import_module("farm.commands.shell.line"))[
        "run_line"
    ]
    try:
        code = run_line(command, arguments[len(command.words) :])
        sys.stdout.flush()
        return code
    except UserError as error:
        print(error.report(), file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        raise
    except Exception as error:
        problem = disk_problem(error)
        if problem is None:
            raise
        print(problem.report(), file=sys.stderr)
        return problem.exit_code


def _no_command(arguments: Sequence[str]) -> str:
    given = arguments[0]
    longer = [command.name for command in COMMANDS if command.words[0] == given]
    if longer:
        return f"say `farm {longer[0]}`; its settings: farm {longer[0]} --help"
    if "=" in given:
        return f"{given}: a command comes first, as in `farm run {given}`; all of them: farm --help"
    return (
        f"no command {given!r}; {did_you_mean(given, [command.name for command in COMMANDS])} All commands: farm --help"
    )
