"""Training that diverges stops at the first number that is none, before a weight is changed by it."""

import math
from collections.abc import Mapping

from farm.errors import DivergedError


def check_finite_step(label: str, step: int, figures: Mapping[str, float], settings: Mapping[str, float]) -> None:
    """Stop unless all figures of a step are numbers.

    Args:
        label: what is trained.
        step: counted from 1.
        figures: by name: the loss, the gradient's norm.
        settings: by name, with the value in force: what a lower one of may help.

    Raises:
        DivergedError: with step, figure and settings.
    """
    for name, value in figures.items():
        if not math.isfinite(value):
            lower = " or ".join(f"{key} (now {setting:g})" for key, setting in settings.items())
            raise DivergedError(
                f"{label} has diverged: in step {step} its {name} is {value}. Nothing of it is kept; try a lower "
                f"{lower}, or a longer warmup"
            )
