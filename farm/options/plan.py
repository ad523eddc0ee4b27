"""What `farm plan` and `farm.plan` are asked."""

from collections.abc import Sequence
from functools import partial

from farm.analysis.planning.plan import PlanSettings, check_plan
from farm.config.compose import compose_one
from farm.config.objects import build


def plan_settings(overrides: Sequence[str]) -> PlanSettings:
    """The settings of conf/plan.yaml with these overrides.

    Raises:
        ConfigError: with all that is wrong.
    """
    settings = compose_one("plan", overrides, partial(build, PlanSettings))
    check_plan(settings)
    return settings
