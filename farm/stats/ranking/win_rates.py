"""Win rates and their differences, with standard errors over instructions and, where there are several, over seeds.

A score is 1 (the model won), 1/2 (tie), 0 (it lost), anything between for a soft verdict, and NaN for an unparsed
verdict: that one is left out of the rate and counted. Scores come as an array (I,) over instructions, or (S, I) over
training seeds and the same instructions.

This is the one definition of a win rate's standard error: the terminal's answer, reports, comparison.json, the
leaderboard's tables and `farm compare` of recorded labels (where clusters of verdicts on one instruction take the place
of single ones: `farm.stats.ranking.tie_rules`) all print it (tests/leaderboard/test_one_error.py).

The standard error of one seed is the sample standard deviation / sqrt(n) (AlpacaEval's). With several seeds the mean
has two sources of noise, and the variance is V_instructions + V_seeds - V_both (two-way clustering: Cameron, Gelbach
and Miller 2011), never less than either alone. Two or three seeds estimate V_seeds badly: read such errors as rough.
"""

from dataclasses import dataclass

import numpy as np

from farm.stats.bootstrap import FloatArray


@dataclass(frozen=True, kw_only=True)
class WinRate:
    """How often a model won, ties one half."""

    win_rate: float | None
    """In [0, 1], the mean over seeds of each seed's rate; None if a seed has no parsed verdict."""
    standard_error: float | None
    """Of win_rate; None with fewer than two parsed verdicts."""
    n_wins: int
    n_ties: int
    n_total: int
    """Parsed verdicts, over all seeds."""
    n_unparsed: int
    n_seeds: int

    @property
    def n_losses(self) -> int:
        return self.n_total - self.n_wins - self.n_ties


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first model's win rate minus the second's."""

    difference: float | None
    """None if one of the two has no parsed verdict."""
    standard_error: float | None
    """Of the difference; what the two share (instructions, seeds) is accounted for."""
    n_total: int
    """Verdicts used; for a paired difference: pairs of verdicts."""
    n_unparsed: int
    """Verdicts (or pairs) that are missing: unparsed, or the model was not shown on that item."""

    @property
    def z(self) -> float | None:
        """Difference in standard errors; None if either is missing."""
        if self.difference is None or self.standard_error is None:
            return None
        if self.standard_error == 0:
            return 0.0 if self.difference == 0 else float(np.copysign(np.inf, self.difference))
        return self.difference / self.standard_error

    @property
    def is_beyond_noise(self) -> bool:
        """Whether it is more than two standard errors away from zero."""
        return self.z is not None and abs(self.z) > 2


def win_rate(scores: FloatArray) -> WinRate:
    """The win rate of one model.

    Args:
        scores: (I,) or (S, I) in [0, 1]; NaN = unparsed, left out and counted.

    Raises:
        ValueError: a score lies outside [0, 1].
    """
    table = _as_table(scores)
    parsed = table[np.isfinite(table)]
    influence = mean_influence(table)
    return WinRate(
        win_rate=None if influence is None else float(_mean(table)),
        standard_error=None if influence is None else two_way_standard_error(influence),
        n_wins=int((parsed > 0.5).sum()),
        n_ties=int((parsed == 0.5).sum()),
        n_total=parsed.size,
        n_unparsed=table.size - parsed.size,
        n_seeds=table.shape[0],
    )


def paired_difference(first: FloatArray, second: FloatArray) -> Difference:
    """First minus second on the same instructions; instructions on which either is unparsed are left out.

    Args:
        first: (I,) or (S, I), any unit (win-rate scores, utilities); NaN = missing.
        second: the same shape; position by position the same instruction and seed.
    """
    if first.shape != second.shape:
        raise ValueError(f"paired scores need one shape, got {first.shape} and {second.shape}")
    gap = np.atleast_2d(first - second)
    influence = mean_influence(gap)
    n_total = int(np.isfinite(gap).sum())
    return Difference(
        difference=None if influence is None else float(_mean(gap)),
        standard_error=None if influence is None else two_way_standard_error(influence),
        n_total=n_total,
        n_unparsed=gap.size - n_total,
    )


def win_rate_difference(first: FloatArray, second: FloatArray) -> Difference:
    """Difference of two win rates, each over its own parsed verdicts, as printed in a table.

    Unlike `paired_difference` the two may be judged on different items (NaN where a model was not shown); what they
    share is taken out of the error. On fully parsed data the two functions agree.

    Args:
        first: (I,) or (S, I) in [0, 1].
        second: the same shape.
    """
    tables = _as_table(first), _as_table(second)
    if tables[0].shape != tables[1].shape:
        raise ValueError(f"scores on the same items need one shape, got {first.shape} and {second.shape}")
    influences = mean_influence(tables[0]), mean_influence(tables[1])
    n_total = int(np.isfinite(tables[0]).sum() + np.isfinite(tables[1]).sum())
    difference, error = None, None
    if influences[0] is not None and influences[1] is not None:
        difference = float(_mean(tables[0]) - _mean(tables[1]))
        nowhere = np.isnan(influences[0]) & np.isnan(influences[1])
        shared = np.nan_to_num(influences[0]) - np.nan_to_num(influences[1])
        error = two_way_standard_error(np.where(nowhere, np.nan, shared))
    return Difference(
        difference=difference,
        standard_error=error,
        n_total=n_total,
        n_unparsed=tables[0].size + tables[1].size - n_total,
    )


def mean_influence(table: FloatArray) -> FloatArray | None:
    """What each cell adds to the error of a win rate, for `two_way_standard_error`.

    Args:
        table: (S, I) scores; NaN = missing.

    Returns:
        (S, I), NaN where missing; None if a seed has nothing parsed.
    """
    n_parsed = np.isfinite(table).sum(axis=1, keepdims=True)
    if table.shape[0] == 0 or (n_parsed == 0).any():
        return None
    influence: FloatArray = (table - _mean(table)) / (n_parsed * table.shape[0])
    return influence


def two_way_standard_error(influence: FloatArray) -> float | None:
    """Standard error of a mean from what each cell adds to it.

    Args:
        influence: (S, I), (value - mean) times the cell's weight in the mean; NaN where there is no value.

    Returns:
        None with fewer than two instructions.
    """
    is_used = np.isfinite(influence)
    n_seeds, n_items = int(is_used.any(axis=1).sum()), int(is_used.any(axis=0).sum())
    if n_items < 2:
        return None
    cells = np.nan_to_num(influence)
    by_item = _clustered(cells.sum(axis=0), n_items)
    if n_seeds == 1:
        return float(np.sqrt(by_item))
    by_seed = _clustered(cells.sum(axis=1), n_seeds)
    by_cell = _clustered(cells.ravel(), int(is_used.sum()))
    return float(np.sqrt(max(by_item, by_seed, by_item + by_seed - by_cell)))


def _clustered(sums: FloatArray, n_clusters: int) -> float:
    return float((sums**2).sum() * n_clusters / (n_clusters - 1))


def _as_table(scores: FloatArray) -> FloatArray:
    """(I,) -> (1, I), after checking the range."""
    table = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    outside = table[np.isfinite(table) & ((table < 0) | (table > 1))]
    if outside.size:
        raise ValueError(f"scores must lie in [0, 1] (1 win, 0.5 tie, 0 loss), got {outside[0]}")
    return table


def _mean(table: FloatArray) -> float:
    """Mean over seeds of each seed's mean over what was parsed."""
    return float(np.nanmean(table, axis=1).mean())
