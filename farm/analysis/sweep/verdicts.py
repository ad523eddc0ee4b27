"""The table of verdicts that rankings are made from: one row per run and evaluation instruction."""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from farm.errors import UserError
from farm.records import Outcome, Standing
from farm.stats.bootstrap import FloatArray
from farm.stats.ranking.win_rates import WinRate, win_rate

RUN_COLUMNS = ("method", "annotator_train", "annotator_eval", "seed")
VERDICT_COLUMNS = (
    *RUN_COLUMNS,
    "instruction_key",
    "score",
    "n_wins",
    "n_ties",
    "n_losses",
    "n_unparsed",
    "length",
    "utility",
)
"""A run's names and the fields of `Outcome`; score and utility are NaN where there is none."""


def verdict_table(runs: Iterable[tuple[Standing, Sequence[Outcome]]]) -> pd.DataFrame:
    """All outcomes of all runs in one table.

    Args:
        runs: each standing with its run's outcomes; outcomes of other evaluation annotators are skipped.
    """
    rows = [
        {
            "method": standing.method,
            "annotator_train": standing.annotator_train,
            "seed": standing.seed,
            **{field.name: getattr(outcome, field.name) for field in dataclasses.fields(outcome)},
        }
        for standing, outcomes in runs
        for outcome in outcomes
        if outcome.annotator_eval == standing.annotator_eval
    ]
    frame = pd.DataFrame(rows, columns=list(VERDICT_COLUMNS))
    return frame.astype({"score": "float64", "utility": "float64", "seed": "int64"})


def check_verdicts(verdicts: pd.DataFrame) -> None:
    """Raise UserError unless the columns are there and each run has one row per instruction."""
    missing = [name for name in VERDICT_COLUMNS if name not in verdicts.columns]
    if missing:
        raise UserError(f"verdict table: expected the columns {list(VERDICT_COLUMNS)}, missing {missing}")
    twice = verdicts[verdicts.duplicated([*RUN_COLUMNS, "instruction_key"])]
    if len(twice):
        run = {name: twice.iloc[0][name] for name in RUN_COLUMNS}
        raise UserError(
            f"two runs would be rows of one name: {run} has several outcomes for the same instruction; "
            "compare runs of one dataset, model and setting at a time"
        )


def select(verdicts: pd.DataFrame, **values: str) -> pd.DataFrame:
    """The rows that have these values, e.g. `select(verdicts, annotator_eval="crowd")`."""
    keep = pd.Series(True, index=verdicts.index)
    for column, value in values.items():
        keep &= verdicts[column] == value
    return verdicts[keep]


def seeds_of(rows: pd.DataFrame) -> tuple[int, ...]:
    """All training seeds in the rows, ascending."""
    return tuple(sorted(int(seed) for seed in rows["seed"].unique()))


def value_table(rows: pd.DataFrame, value: str, *, seeds: Sequence[int], instruction_keys: Sequence[str]) -> FloatArray:
    """One number per seed and instruction, (S, I), NaN where there is none.

    Args:
        rows: outcomes of one method, trained with and judged by one annotator each.
        value: a column, such as "score" or "utility".
        seeds: the S training seeds, in order.
        instruction_keys: the I instructions, in order.
    """
    wide = rows.pivot(index="seed", columns="instruction_key", values=value)
    return np.asarray(wide.reindex(index=list(seeds), columns=list(instruction_keys)).to_numpy(dtype=np.float64))


def win_rate_of(rows: pd.DataFrame) -> WinRate:
    """The win rate of one method in one arm; wins, ties and unparsed are counted in verdicts, as in `Standing`."""
    keys = sorted(rows["instruction_key"].unique())
    rate = win_rate(value_table(rows, "score", seeds=seeds_of(rows), instruction_keys=keys))
    counts = {name: int(rows[name].sum()) for name in ("n_wins", "n_ties", "n_losses", "n_unparsed")}
    return dataclasses.replace(
        rate,
        n_wins=counts["n_wins"],
        n_ties=counts["n_ties"],
        n_total=counts["n_wins"] + counts["n_ties"] + counts["n_losses"],
        n_unparsed=counts["n_unparsed"],
    )
