"""Standings averaged over seeds, with the standard error that every table and report has.

It is over instructions and seeds, from every verdict (`farm.stats.ranking.win_rates`); the standings of several seeds
alone do not tell it, for they do not say how alike the seeds' verdicts are on one instruction.
"""

import dataclasses
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from farm.analysis.sweep.verdicts import check_verdicts, verdict_table, win_rate_of
from farm.pipeline.results import MeasuredRun
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
    """Over instructions and seeds; None where it is not known."""
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


RowKey = tuple[str, str, str, str, str]
"""Dataset, model, evaluation annotator, method, training annotator."""


def row_errors(runs: Sequence[MeasuredRun]) -> dict[RowKey, float | None]:
    """The standard error of each row's win rate, from the verdicts of all seeds.

    Raises:
        UserError: two runs claim one row and seed.
    """
    pairs = [(standing, run.outcomes) for run in runs for standing in run.standings]
    pairs.sort(key=lambda pair: row_key(pair[0])[:2])
    errors: dict[RowKey, float | None] = {}
    for (dataset, model), members in groupby(pairs, key=lambda pair: row_key(pair[0])[:2]):
        verdicts = verdict_table(members)
        check_verdicts(verdicts)
        for (judge, method, labels), rows in verdicts.groupby(["annotator_eval", "method", "annotator_train"]):
            errors[dataset, model, str(judge), str(method), str(labels)] = win_rate_of(rows).standard_error
    return errors


def average_over_seeds(
    standings: Sequence[Standing], *, label_free: Collection[str], errors: Mapping[RowKey, float | None]
) -> list[LeaderboardRow]:
    """One row per dataset, model, annotators and method; in each table the best win rate first.

    Args:
        standings: in any order.
        label_free: methods that labels have nothing to do with (`farm.pipeline.results.label_free_methods`).
        errors: of the rows' win rates (`row_errors`); a row of one seed that has none keeps that of its standing.
    """
    ordered = sorted(standings, key=lambda s: (*row_key(s), s.seed))
    rows = [_row(list(members), label_free, errors) for _, members in groupby(ordered, key=row_key)]
    return sorted(rows, key=_rank)


def row_key(standing: Standing) -> RowKey:
    """Which row a standing belongs to."""
    return standing.dataset, standing.model, standing.annotator_eval, standing.method, standing.annotator_train


def _rank(row: LeaderboardRow) -> tuple[str, str, str, float, str, str]:
    rate = -1.0 if row.win_rate is None else row.win_rate
    return row.dataset, row.model, row.annotator_eval, -rate, row.method, row.annotator_train


def _row(
    members: Sequence[Standing], label_free: Collection[str], errors: Mapping[RowKey, float | None]
) -> LeaderboardRow:
    first = members[0]
    rates = [s.win_rate for s in members if s.win_rate is not None]
    utilities = [s.utility for s in members if s.utility is not None]
    is_complete = len(rates) == len(members)
    error = errors.get(row_key(first), first.standard_error if len(members) == 1 else None)
    return LeaderboardRow(
        dataset=first.dataset,
        model=first.model,
        annotator_eval=first.annotator_eval,
        method=first.method,
        annotator_train=first.annotator_train,
        is_label_free=first.method in label_free,
        win_rate=statistics.fmean(rates) if is_complete else None,
        standard_error=error if is_complete else None,
        n_seeds=len(members),
        n_wins=sum(s.n_wins for s in members),
        n_ties=sum(s.n_ties for s in members),
        n_total=sum(s.n_total for s in members),
        n_unparsed=sum(s.n_unparsed for s in members),
        mean_length=statistics.fmean(s.mean_length for s in members),
        utility=statistics.fmean(utilities) if len(utilities) == len(members) else None,
    )
