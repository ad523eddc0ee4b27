"""A laboratory for learning from preferences: read labels, rank models, judge judges, run whole experiments.

    import farm

    ranking = farm.rank(farm.read("pairs.json"))
    print(ranking)
    ranking.draw("ranking.png")

Every function does what the command of the same name does, with the same settings as keyword arguments and the same
defaults, those of conf/*.yaml. Results are frozen; all have a short text form, a table in a notebook, `to_frame()`,
and a picture where there is one. Errors that say what to do are `farm.errors.UserError`s. Nothing is imported before it
is used, and torch only where a model runs.
"""

import importlib
import sys

TYPE_CHECKING = False  # as checkers know it; typing is slow to import, and Ctrl-C is not heeded before farm is
if TYPE_CHECKING:
    from farm.api.annotating import annotate as annotate
    from farm.api.calibrating import CalibrationReport as CalibrationReport
    from farm.api.calibrating import calibrate as calibrate
    from farm.api.comparing import ComparisonReport as ComparisonReport
    from farm.api.comparing import compare as compare
    from farm.api.judging import JudgesReport as JudgesReport
    from farm.api.judging import judge as judge
    from farm.api.launching import run as run
    from farm.api.planning import PlanReport as PlanReport
    from farm.api.planning import plan as plan
    from farm.api.ranking import Ranking as Ranking
    from farm.api.ranking import rank as rank
    from farm.api.reading import Labels as Labels
    from farm.api.reading import Outputs as Outputs
    from farm.api.reading import read as read
    from farm.api.running import Runs as Runs
    from farm.api.running import open_run as open_run

_MODULES = {
    "read": "reading",
    "Labels": "reading",
    "Outputs": "reading",
    "rank": "ranking",
    "Ranking": "ranking",
    "compare": "comparing",
    "ComparisonReport": "comparing",
    "judge": "judging",
    "JudgesReport": "judging",
    "annotate": "annotating",
    "calibrate": "calibrating",
    "CalibrationReport": "calibrating",
    "plan": "planning",
    "PlanReport": "planning",
    "run": "launching",
    "open_run": "running",
    "Runs": "running",
}
"""Where each name is, below farm/api/; a name is imported when it is first used."""

__all__ = list(_MODULES)

if not TYPE_CHECKING:  # a type checker would take any misspelt name for one that this gives

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module 'farm' has no attribute {name!r}")
        vars(importlib.import_module("farm.telemetry"))["switch_off_telemetry"]()
        return vars(importlib.import_module(f"farm.api.{_MODULES[name]}"))[name]


def __dir__() -> list[str]:
    return sorted([*__all__, *globals()])


def _refuse_modules_as_commands() -> None:
    """`python -m farm` is the command; run so, a module of it would define its functions and end without a word."""
    word = sys.orig_argv[len(sys.orig_argv) - len(sys.argv)]
    module = word.partition("m")[2] if word.startswith("-") else word
    if module.startswith("farm.") and module != "farm.__main__":
        raise SystemExit(f"farm: {module} is no command; all commands: python -m farm --help")


if sys.argv[:1] == ["-m"]:  # so it is while Python looks for the module that it is to run
    _refuse_modules_as_commands()
