"""What judging the same items again would change: the noise that no other instruction and no other seed explains.

Repeats are labels of one item by one annotator (a pool draws its judge anew each time). Their variance within an item,
averaged over items, is the variance of one label; a win rate over I items with L labels each then varies between
repetitions of the whole judging by sqrt(variance / (L I)).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from farm.stats.bootstrap import Estimate, FloatArray, Resampling, estimate, item_weights


@dataclass(frozen=True, kw_only=True)
class Repeatability:
    """How far repeated judging of the same items differs from itself."""

    label_sd: Estimate
    """Standard deviation of one label about its item's mean, in win-rate units (a win is 1, a tie 1/2)."""
    share_changed: Estimate
    """Share of the items with two labels or more that are not all the same."""
    win_rate_sd: Estimate
    """Standard deviation of a repeat's win rate expected from `label_sd`: label_sd / sqrt(items)."""
    observed_win_rate_sd: float | None
    """Standard deviation (n - 1) of the repeats' win rates as they came out; None with fewer than two repeats."""
    win_rates: tuple[float | None, ...]
    """Of each repeat; None if nothing was parsed."""
    n_items: int
    """Items with two labels or more."""
    n_repeats: int


@dataclass(frozen=True, kw_only=True)
class LabelCounts:
    """What the labels of one item were."""

    n_wins: int
    n_ties: int
    n_losses: int

    @property
    def n_labels(self) -> int:
        return self.n_wins + self.n_ties + self.n_losses

    @property
    def variance(self) -> float:
        """Of one label, n - 1 in the denominator; NaN with fewer than two labels."""
        n = self.n_labels
        if n < 2:
            return math.nan
        mean = (self.n_wins + 0.5 * self.n_ties) / n
        return (self.n_wins + 0.25 * self.n_ties - n * mean**2) / (n - 1)


def repeatability(scores: FloatArray, *, resampling: Resampling) -> Repeatability:
    """Repeated judging of the same items.

    Args:
        scores: (I, R) in [0, 1], items x repeats; NaN = unparsed, left out and counted.
        resampling: draws the items.
    """
    parsed = np.isfinite(scores)
    n_labels = parsed.sum(axis=1)
    several = scores[n_labels > 1]
    n_items, n_unparsed = len(several), int((~parsed).sum())
    rates = tuple(
        float(column[np.isfinite(column)].mean()) if np.isfinite(column).any() else None for column in scores.T
    )
    known = [rate for rate in rates if rate is not None]
    if n_items == 0:
        nothing = Estimate(
            value=None, low=None, high=None, n_total=0, n_unparsed=n_unparsed, reason="no item was judged twice"
        )
        sds = (nothing, nothing, nothing)
    else:
        variance = np.nanvar(several, axis=1, ddof=1)
        changed = (np.nanmax(several, axis=1) != np.nanmin(several, axis=1)).astype(np.float64)
        weights = item_weights(n_items, resampling, "repeatability bootstrap")
        label_sd = np.sqrt(weights @ variance / n_items)
        value, n_judged = math.sqrt(variance.mean()), int((n_labels > 0).sum())
        sds = (
            estimate(value, label_sd, n_total=n_items, n_unparsed=n_unparsed),
            estimate(float(changed.mean()), weights @ changed / n_items, n_total=n_items, n_unparsed=n_unparsed),
            estimate(
                value / math.sqrt(n_judged), label_sd / math.sqrt(n_judged), n_total=n_items, n_unparsed=n_unparsed
            ),
        )
    return Repeatability(
        label_sd=sds[0],
        share_changed=sds[1],
        win_rate_sd=sds[2],
        observed_win_rate_sd=float(np.std(known, ddof=1)) if len(known) > 1 else None,
        win_rates=rates,
        n_items=n_items,
        n_repeats=scores.shape[1],
    )


def repeat_variance(counts: Sequence[LabelCounts]) -> float | None:
    """Variance of a win rate over repetitions of its judging, from the labels of its items.

    The rate is the mean over items of each item's mean label, as on the leaderboard.

    Args:
        counts: one per item; items without a parsed label do not count.

    Returns:
        None if no item has two labels: nothing then says what a repetition would change.
    """
    judged = [each for each in counts if each.n_labels > 0]
    variances = [each.variance for each in judged if each.n_labels > 1]
    if not variances:
        return None
    of_one_label = sum(variances) / len(variances)
    return of_one_label * sum(1 / each.n_labels for each in judged) / len(judged) ** 2


def gaps_within_repeats(rates: Sequence[float | None], variances: Sequence[float | None]) -> list[bool]:
    """For rates in falling order: is the gap to the next one smaller than what judging again would make of it?

    That is, smaller than one standard deviation of the gap between repetitions, sqrt(variance + variance of the next).
    The last has no next; a rate or variance that is missing marks nothing.

    Args:
        rates: win rates, the best first.
        variances: of each rate between repetitions of the judging.
    """
    marks = []
    for index in range(len(rates)):
        pair = rates[index : index + 2], variances[index : index + 2]
        known = [[value for value in values if value is not None] for values in pair]
        is_complete = all(len(values) == 2 for values in known)
        marks.append(is_complete and known[0][0] - known[0][1] < math.sqrt(sum(known[1])))
    return marks
