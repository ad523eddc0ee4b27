"""Win rates under the three conventions in use for ties, with the convention's name as part of the result.

- ties_half: (wins + ties / 2) / comparisons (AlpacaFarm, AlpacaEval, the rule of this laboratory's tables);
- ties_dropped: wins / (wins + losses);
- ties_as_losses: wins / comparisons.

Graded verdicts count as points under ties_half: of .7 against .3 the first model has .7 (AlpacaEval 2). The other two
conventions count wins: there it is a win of the first model, the side of the tie on which it lies.

A model against another under ties_half adds up to 1 with the other against it, under ties_as_losses it does not.
Standard errors are over clusters (see `farm.stats.ranking.pair_counts`), as of a ratio of sums; with one comparison a
cluster that is the sample standard deviation / sqrt(n).
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy import sparse

from farm.stats.bootstrap import FloatArray
from farm.stats.ranking.pair_counts import ComparisonTable, PairCounts, Pairs

TieRule = Literal["ties_half", "ties_dropped", "ties_as_losses"]
TIE_RULES: tuple[TieRule, ...] = ("ties_half", "ties_dropped", "ties_as_losses")


@dataclass(frozen=True, kw_only=True)
class ModelTotals:
    """What each model's comparisons came to, by cluster."""

    points: sparse.csr_array
    """(C, M): 1 a win, 1/2 a tie, graded verdicts between."""
    wins: sparse.csr_array
    """(C, M): verdicts on the model's side of the tie."""
    ties: sparse.csr_array
    n_total: sparse.csr_array
    """(C, M): parsed comparisons."""


class RatesWithErrors(NamedTuple):
    """Of M models."""

    win_rates: FloatArray
    """(M,); NaN where a model has no comparison that counts."""
    standard_errors: FloatArray
    """(M,); NaN with fewer than two clusters."""


def model_totals(comparisons: ComparisonTable) -> ModelTotals:
    """Add up each model's comparisons by cluster."""
    parsed = np.isfinite(comparisons.scores)
    score = comparisons.scores[parsed]
    shape = (int(comparisons.clusters.max()) + 1 if len(comparisons.clusters) else 0, len(comparisons.models))
    rows = np.tile(comparisons.clusters[parsed], 2)
    columns = np.r_[comparisons.first[parsed], comparisons.second[parsed]]

    def table(values: FloatArray) -> sparse.csr_array:
        return sparse.csr_array((values, (rows, columns)), shape=shape)

    points = np.r_[score, 1 - score]
    return ModelTotals(
        points=table(points),
        wins=table((points > 0.5).astype(np.float64)),
        ties=table((points == 0.5).astype(np.float64)),
        n_total=table(np.ones(len(points))),
    )


def rates_with_errors(totals: ModelTotals, rule: TieRule) -> RatesWithErrors:
    """Win rates and their standard errors under one convention."""
    points, counted = _under_rule(totals, rule)
    n = np.asarray(counted.sum(axis=0), dtype=np.float64)
    n_clusters = np.asarray((counted > 0).sum(axis=0), dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = np.where(n > 0, np.asarray(points.sum(axis=0)) / n, np.nan)
        # Not squares and products apart: their difference would leave a rounding error where all points are equal.
        deviations = points - counted.multiply(rates).tocsr()
        squares = np.asarray(deviations.multiply(deviations).sum(axis=0), dtype=np.float64)
        errors = np.where(n_clusters > 1, np.sqrt(squares * n_clusters / (n_clusters - 1)) / n, np.nan)
    return RatesWithErrors(rates, errors)


def rates_of_counts(pairs: Pairs, counts: PairCounts, rule: TieRule) -> FloatArray:
    """Win rates of resampled counts, (R, M); NaN where a model has no comparison that counts."""
    to_first, to_second = pairs.to_first, pairs.to_second
    is_half = rule == "ties_half"
    won, lost = (counts.wins, counts.losses) if is_half else (counts.whole_wins, counts.whole_losses)
    points = won @ to_first + lost @ to_second
    total = (counts.wins + counts.losses) @ (to_first + to_second)
    if rule == "ties_dropped":
        total = total - counts.ties @ (to_first + to_second)
    with np.errstate(invalid="ignore"):
        rates: FloatArray = points / np.where(total > 0, total, np.nan)
    return rates


def _under_rule(totals: ModelTotals, rule: TieRule) -> tuple[sparse.csr_array, sparse.csr_array]:
    points = totals.points if rule == "ties_half" else totals.wins
    counted = totals.n_total - totals.ties if rule == "ties_dropped" else totals.n_total
    return points, counted
