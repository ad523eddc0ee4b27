"""What judging the same outputs again would change on the leaderboard, from the labels of each instruction."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from farm.leaderboard.rows import LeaderboardRow
from farm.pipeline.results import MeasuredRun
from farm.records import Outcome, Standing
from farm.stats.ranking.repeatability import LabelCounts, repeat_variance

StandingKey = tuple[str, str, str, str, str, int]
"""Dataset, model, evaluation annotator, method, training annotator, seed."""


def standing_key(standing: Standing) -> StandingKey:
    """What tells a standing from all others."""
    s = standing
    return s.dataset, s.model, s.annotator_eval, s.method, s.annotator_train, s.seed


def repeat_variances(runs: Sequence[MeasuredRun]) -> dict[StandingKey, float]:
    """Variance of each standing's win rate over repetitions of its judging; none if no instruction has two labels."""
    variances = {}
    for run in runs:
        outcomes: dict[str, list[Outcome]] = defaultdict(list)
        for outcome in run.outcomes:
            outcomes[outcome.annotator_eval].append(outcome)
        for standing in run.standings:
            variance = repeat_variance(
                [
                    LabelCounts(n_wins=o.n_wins, n_ties=o.n_ties, n_losses=o.n_losses)
                    for o in outcomes[standing.annotator_eval]
                ]
            )
            if variance is not None:
                variances[standing_key(standing)] = variance
    return variances


def row_variances(
    rows: Sequence[LeaderboardRow], standings: Sequence[Standing], variances: Mapping[StandingKey, float]
) -> list[float | None]:
    """Of each row's mean over seeds; None where a seed's is not known.

    The seeds' outputs are judged independently, so their variances add.
    """
    by_row: dict[tuple[str, ...], list[float | None]] = defaultdict(list)
    for standing in standings:
        key = standing_key(standing)
        by_row[key[:5]].append(variances.get(key))
    of_rows: list[float | None] = []
    for row in rows:
        of_seeds = by_row[row.dataset, row.model, row.annotator_eval, row.method, row.annotator_train]
        known = [variance for variance in of_seeds if variance is not None]
        of_rows.append(sum(known) / len(known) ** 2 if known and len(known) == len(of_seeds) else None)
    return of_rows
