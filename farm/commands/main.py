"""The console script: `farm <command> [key=value ...]`."""

from __future__ import annotations

import importlib
import os
import sys

from farm.commands.shell.stops import Stops

TYPE_CHECKING = False  # as in stops.py, which must not wait
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main() -> None:
    """Entry point of the console script and of `python -m farm`."""
    with Stops() as stops:
        try:
            stops.raise_from_now()
            code = run_command(sys.argv[1:])
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read the output has seen enough (`farm ... | head`); nothing more can be written there.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 141
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            print(f"farm: what is printed cannot be written: {error.strerror}", file=sys.stderr)
            code = 1
        except BaseException as error:
            # Libraries wrap an interrupt in errors of their own: an import that failed, say.
            if not (stops.has_come or isinstance(error, KeyboardInterrupt)):
                raise
            stops.end()
        if stops.has_come:
            stops.end()
        sys.exit(code)


def run_command(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        The exit code: 0 done, 1 something failed, 2 the command line is wrong, 3 too few verdicts could be read.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    # Imported here: Ctrl-C is heeded before anything that takes its time is imported.
    dispatched: Callable[[Sequence[str]], int] = vars(importlib.import_module("farm.commands.shell.dispatch"))[
        "dispatched"
    ]
    return dispatched(arguments)
