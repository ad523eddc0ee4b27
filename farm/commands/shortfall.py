"""Exit code 3: a run in which too few verdicts could be read; what it wrote is there, and it says so first."""

from collections.abc import Mapping

from farm.annotators.tally import Tally
from farm.errors import UserError
from farm.plain_text import say

TOO_FEW_VERDICTS = 3
"""The exit code."""


class TooFewVerdictsError(UserError):
    """A command could not go on because too few verdicts could be read."""

    exit_code = TOO_FEW_VERDICTS


def warn_of_shortfall(tallies: Mapping[str, Tally], max_unparsed: float) -> bool:
    """Say of whom too few verdicts could be read, and why; whether there is anybody.

    Args:
        tallies: what came of each annotator's verdicts, by its name.
        max_unparsed: calls.max_unparsed.
    """
    lines = [line for who, tally in tallies.items() for line in tally.shortfall(who, max_unparsed)]
    for line in lines:
        say(line if line.startswith(" ") else f"farm: {line}", is_error=True)
    return bool(lines)
