"""What judging the same items again would change: the noise that no other instruction and no other seed explains.

Repeats are labels of one item by one annotator (a pool draws its judge anew each time). Their variance within an item,
averaged over items, is the variance of one label; a win rate over I items with L labels each then varies between
repetitions of the whole judging by sqrt(variance / (L I)).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


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
