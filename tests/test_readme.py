"""The README stays short and its commands are the ones that are tested."""

import re
import shlex
from collections.abc import Callable, Mapping
from functools import partial

import pytest

from farm.analysis.planning.plan import PlanSettings
from farm.commands.leaderboard import LeaderboardSettings
from farm.commands.score import ScoreSettings
from farm.config.compose import compose_one, expand
from farm.config.objects import build
from farm.options import annotate, calibrate, evaluate, judges
from farm.options.compare import CompareSettings
from farm.options.run import plan
from tests.paths import ROOT

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(?:\w+)?\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
COMMANDS = [
    line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines() if re.search(r"(^|&& )farm \w+", line)
]


def score_settings(config: Mapping[str, object]) -> ScoreSettings:
    """As the command builds them, but for files that need not be there."""
    return build(ScoreSettings, {name: config.get(name) for name in ScoreSettings.__dataclass_fields__})


READERS: dict[str, Callable[[Mapping[str, object]], object]] = {
    "annotate": annotate.settings_of,
    "calibrate": calibrate.settings_of,
    "compare": partial(build, CompareSettings),
    "evaluate": evaluate.settings_of,
    "judges": judges.settings_of,
    "leaderboard": partial(build, LeaderboardSettings),
    "plan": partial(build, PlanSettings),
    "score": score_settings,
}


def test_it_is_short_and_opens_with_two_commands() -> None:
    assert len(README.splitlines()) <= 150
    assert BLOCKS[0].strip().endswith("farm run experiment=pocket")
    assert "pytest" in BLOCKS[1]


def test_ci_runs_its_test_command() -> None:
    assert BLOCKS[1].strip() in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_it_is_understood(command: str) -> None:
    name, *arguments = shlex.split(command.split("farm ", 1)[1])
    if name == "run":
        overrides = [a for a in arguments if a != "-m"]
        assert expand("config", overrides, plan, is_multirun="-m" in arguments)
    else:
        assert compose_one(name, arguments, READERS[name])
