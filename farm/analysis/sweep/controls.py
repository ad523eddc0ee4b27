"""The controls that a world and its reward models must pass before a ranking of methods means anything.

Labels matter only if reward models trained on better labels agree better with the truth, and if picking by the reward
model beats controls that never saw a label. Both tables are printed with every comparison.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from farm.analysis.sweep.arms import Arm
from farm.analysis.sweep.verdicts import check_verdicts, seeds_of, select, value_table
from farm.errors import UserError
from farm.stats.ranking.win_rates import Difference, paired_difference

Measure = Literal["score", "utility"]


@dataclass(frozen=True, kw_only=True)
class Margin:
    """A method that learns from labels against a control that does not, on the same instructions."""

    method: str
    control: str
    measure: Measure
    """"score": difference of win rates in [-1, 1]; "utility": difference of mean true utility."""
    annotator_eval: str
    paired: Difference
    """Method minus control."""


def label_free_margins(
    verdicts: pd.DataFrame, *, method: str, arm: Arm, label_free: Collection[str], measure: Measure
) -> tuple[Margin, ...]:
    """The paired difference of one method to each label-free control.

    Args:
        verdicts: columns `VERDICT_COLUMNS`.
        method: the method that learns from labels, e.g. "best_of_n".
        arm: whose labels trained it and who judges.
        label_free: names of the controls; those that are absent from the verdicts are left out.
        measure: what is compared.

    Raises:
        UserError: the method has no verdict in this arm, or shares no seed or instruction with a control.
    """
    check_verdicts(verdicts)
    judged = select(verdicts, annotator_eval=arm.annotator_eval)
    own = select(judged, method=method, annotator_train=arm.annotator_train)
    if own.empty:
        raise UserError(f"no verdict on {method!r} in {arm}; there are {sorted(set(judged['method']))}")
    margins = []
    for control in sorted(set(label_free) & set(judged["method"])):
        rows = select(judged, method=control)
        # Controls that were run on each arm's samples: pair with the arm's own.
        if (rows["annotator_train"] == arm.annotator_train).any():
            rows = select(rows, annotator_train=arm.annotator_train)
        seeds = sorted(set(seeds_of(own)) & set(seeds_of(rows)))
        keys = sorted(set(own["instruction_key"]) & set(rows["instruction_key"]))
        if not seeds or not keys:
            raise UserError(f"{method!r} and {control!r} share no seed or no instruction, so they cannot be paired")
        first, second = (value_table(part, measure, seeds=seeds, instruction_keys=keys) for part in (own, rows))
        margins.append(
            Margin(
                method=method,
                control=control,
                measure=measure,
                annotator_eval=arm.annotator_eval,
                paired=paired_difference(first, second),
            )
        )
    return tuple(margins)
