"""The console script: `farm <command> [overrides]`."""

import importlib
import logging
import os
import sys
import textwrap
from collections.abc import Callable, Sequence

from farm.conf_dirs import choices, conf_dir_in_use, without_conf_dir
from farm.config import ConfigError
from farm.errors import UserError
from farm.version import version

HELP = """\
farm - which way of learning from preferences works best, and would people agree?

usage: farm <command> [key=value ...]      every command takes Hydra overrides

  run            one chain, or a sweep: simulate labels, train a method, judge it
                   farm run method=dpo annotator=crowd seed=0
                   farm run -m method=ppo,dpo annotator=crowd,pool seed=0,1,2
                   farm run experiment=pocket
  annotate       let an annotator label a file of comparisons, or of two models' outputs
                   farm annotate input=PATH output=PATH annotator=pool
  score          a reward model's scores of any outputs, or its accuracy on labelled pairs
                   farm score input=PATH output=PATH reward_model=DIR
                   farm score pairs=PATH output=DIR reward_model=DIR
  judges         how good judges are: against labels, against baselines, under attack
                   farm judges input=PATH annotators=[greedy,pool]
  cache          what has been asked of judge models: look, export; farm cache prune older_than_days=90
  leaderboard    regenerate leaderboard/ from the artifacts under root; --check only says what differs
  compare        simulated against crowd rankings, or recorded judges against humans
                   farm compare                farm compare humans=PATH simulated=PATH
  calibrate      fit a simulated annotator to human labels
                   farm calibrate humans=PATH judge=PATH name=my_crowd
  plan           how many labels, annotators and seeds a question needs
                   farm plan difference=0.05 confidence=0.9
  pocket build   pretrain the pocket world's base model again: farm pocket build output=DIR

{choices}

Settings live in conf/, one YAML per choice, every key with a comment; conf_dir=DIR (or $FARM_CONF, or ./farm_conf)
adds those of a folder of yours. Artifacts go to root (default runs/). farm --version says which farm this is.
A wrong key or type is reported before anything starts, with exit code 2.
"""

PAPER = "_paper"
HELP_WIDTH = 110

COMMANDS = {
    ("run",): "farm.commands.run:run",
    ("annotate",): "farm.commands.annotate:annotate",
    ("score",): "farm.commands.score:score",
    ("judges",): "farm.commands.judges:judges",
    ("cache",): "farm.commands.cache:cache",
    ("calibrate",): "farm.commands.calibrate:calibrate",
    ("plan",): "farm.commands.plan:plan",
    ("leaderboard",): "farm.commands.leaderboard:leaderboard",
    ("compare",): "farm.commands.compare:compare",
    ("pocket", "build"): "farm.commands.pocket:build_base",
}


def main() -> None:
    """Entry point of the console script."""
    try:
        code = run_command(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough (`farm ... | head`); nothing more can be written there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code)


def run_command(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code: 0 done, 1 something failed, 2 the command line is wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    # Trainers of TRL ask the hub whenever one is made; nothing here should need the network without being told.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    rest, conf_dir = without_conf_dir(arguments)
    with conf_dir_in_use(conf_dir):
        return _run_command(rest)


def _run_command(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] in ("-V", "--version"):
        print(f"farm {version()}")
        return 0
    if not arguments or arguments[0] in ("-h", "--help", "help") or arguments[-1] in ("-h", "--help"):
        print(_help())
        return 0
    for words, target in COMMANDS.items():
        if tuple(arguments[: len(words)]) == words:
            return _guarded(target, arguments[len(words) :])
    names = ", ".join(" ".join(words) for words in COMMANDS)
    print(f"farm: no command {arguments[0]!r}; commands: {names} (farm --help)", file=sys.stderr)
    return 2


def _guarded(target: str, arguments: Sequence[str]) -> int:
    # Imported here: `farm --help` and `farm compare` must not wait eight seconds for torch and the trainers.
    module_name, _, function_name = target.partition(":")
    command: Callable[[Sequence[str]], int] = vars(importlib.import_module(module_name))[function_name]
    try:
        return command(arguments)
    except ConfigError as error:
        problems = len(error.problems)
        print(f"farm: {problems} problem{'s' if problems > 1 else ''}; nothing was started", file=sys.stderr)
        for problem in error.problems:
            where = f"{problem.where}: " if problem.where else ""
            print(f"  {where}{problem.message}", file=sys.stderr)
        return 2
    except UserError as error:
        print(f"farm: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nfarm: stopped; what is finished stays, and the same command goes on from there", file=sys.stderr)
        return 130


def _help() -> str:
    return HELP.format(choices="\n".join(_choices(group) for group in ("method", "annotator", "experiment")))


def _choices(group: str) -> str:
    """A group's choices, wrapped; a method's published settings stand as [_paper] behind its name."""
    names = choices(group)
    plain = [name for name in names if not name.endswith(PAPER)]
    shown = [name + (f"[{PAPER}]" if name + PAPER in names else "") for name in plain]
    lead = f"  {group:<12}"
    return textwrap.fill(
        ", ".join(shown), HELP_WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False
    )
