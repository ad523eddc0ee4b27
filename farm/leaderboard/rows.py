"""Standings averaged over seeds.

The standard error of the average is made from standings alone, which do not say how alike the seeds' verdicts are on
one instruction. It takes them as fully alike: sqrt(mean(standard_error)^2 + variance between seeds / number of seeds).
That errs on the large side; `farm compare` has the verdicts and computes it exactly.
"""

import dataclasses
import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from farm.records import Standing


@dataclass(frozen=True, kw_only=True)
class LeaderboardRow:
    """One method on one dataset, trained with and judged by one annotator each, averaged over seeds."""

    dataset: str
    model: str
    annotator_eval: str
    method: str
    annotator_train: str
    is_label_free: bool
    """Whether labels neither stand behind the policy nor policies that learnt from them start from it."""
    win_rate: float | None
    """Mean over seeds, in [0, 1]; None if a seed has no parsed verdict."""
    standard_error: float | None
    """Upper bound, over instructions and seeds."""
    n_seeds: int
    n_wins: int
    """Verdicts, summed over seeds, like the next three."""
    n_ties: int
    n_total: int
    n_unparsed: int
    mean_length: float
    """Characters, mean over seeds."""
    utility: float | None
    """Mean over seeds, where the dataset knows it."""

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        return tuple(field.name for field in dataclasses.fields(cls))

    def cells(self) -> list[object]:
        """The values in the order of `columns`."""
        return [vars(self)[name] for name in self.columns()]


def average_over_seeds(standings: Sequence[Standing], *, label_free: Collection[str]) -> list[LeaderboardRow]:
    """One row per dataset, model, annotators and method; in each table the best win rate first.

    Args:
        standings: in any order.
        label_free: methods that labels have nothing to do with (`farm.pipeline.results.label_free_methods`).
    """
    ordered = sorted(standings, key=lambda s: (*_group(s), s.seed))
    rows = [_row(list(members), label_free) for _, members in groupby(ordered, key=_group)]
    return sorted(rows, key=_rank)


def _group(standing: Standing) -> tuple[str, str, str, str, str]:
    return standing.dataset, standing.model, standing.annotator_eval, standing.method, standing.annotator_train


def _rank(row: LeaderboardRow) -> tuple[str, str, str, float, str, str]:
    rate = -1.0 if row.win_rate is None else row.win_rate
    return row.dataset, row.model, row.annotator_eval, -rate, row.method, row.annotator_train


def _row(members: Sequence[Standing], label_free: Collection[str]) -> LeaderboardRow:
    first = members[0]
    rates = [s.win_rate for s in members if s.win_rate is not None]
    errors = [s.standard_error for s in members if s.standard_error is not None]
    utilities = [s.utility for s in members if s.utility is not None]
    is_complete = len(rates) == len(members)
    error = None
    if is_complete and len(errors) == len(members):
        between = statistics.variance(rates) / len(rates) if len(rates) > 1 else 0.0
        error = (statistics.fmean(errors) ** 2 + between) ** 0.5
    return LeaderboardRow(
        dataset=first.dataset,
        model=first.model,
        annotator_eval=first.annotator_eval,
        method=first.method,
        annotator_train=first.annotator_train,
        is_label_free=first.method in label_free,
        win_rate=statistics.fmean(rates) if is_complete else None,
        standard_error=error,
        n_seeds=len(members),
        n_wins=sum(s.n_wins for s in members),
        n_ties=sum(s.n_ties for s in members),
        n_total=sum(s.n_total for s in members),
        n_unparsed=sum(s.n_unparsed for s in members),
        mean_length=statistics.fmean(s.mean_length for s in members),
        utility=statistics.fmean(utilities) if len(utilities) == len(members) else None,
    )
