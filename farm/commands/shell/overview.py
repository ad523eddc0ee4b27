"""`farm --help`: the commands and the choices of the groups that matter most. It must not wait for Hydra."""

import textwrap

from farm.commands.shell.registry import COMMANDS, Command
from farm.config.conf_dirs import choices

TEXT = """\
farm - which way of learning from preferences works best, and would people agree?

usage: farm <command> [key=value ...]
{commands}
{choices}

farm <command> --help      its keys with their defaults, its examples, and the choices of each group
farm run method=ppo --help the keys of a choice; verbose=true, with any command, says more of what happens
farm <command> --cfg job   the composed settings; --info is Hydra's, and completion: eval "$(farm -sc install=bash)"
Settings live in conf/, one YAML per choice, every key with a comment; conf_dir=DIR (or $FARM_CONF, or ./farm_conf)
adds those of a folder of yours. Artifacts go to root (default runs/). farm --version says which farm this is.
exit code   0 done   1 something failed   2 the command line is wrong, nothing has started   130 stopped by Ctrl-C
            3 done, but too few verdicts could be read (calls.max_unparsed); what was written is there"""
SHOWN_GROUPS = ("method", "annotator", "experiment")
PAPER = "_paper"
WIDTH = 118
NAME_WIDTH = 14


def overview() -> str:
    """The text of `farm --help`."""
    return TEXT.format(
        commands="\n".join(_command(command) for command in COMMANDS),
        choices="\n".join(_choices(group) for group in SHOWN_GROUPS),
    )


def _command(command: Command) -> str:
    """What it does, and its first example if that says more: all commands fit one screen."""
    lead, example = f"  {command.name:<{NAME_WIDTH}}", command.examples[0]
    shown = "" if example == f"farm {command.name}" else f"\n{' ' * (len(lead) + 2)}{example}"
    return f"{lead}{command.summary}{shown}"


def _choices(group: str) -> str:
    """A group's choices, wrapped; a method's published settings stand as [_paper] behind its name."""
    names = choices(group)
    plain = [name for name in names if not name.endswith(PAPER)]
    shown = [name + (f"[{PAPER}]" if name + PAPER in names else "") for name in plain]
    lead = f"  {group:<{NAME_WIDTH}}"
    return textwrap.fill(
        ", ".join(shown), WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False
    )
