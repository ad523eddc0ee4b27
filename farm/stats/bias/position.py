"""What the order of presentation does to verdicts: consistency, conflicts, and one verdict of the two orders.

Verdicts are un-swapped: 1 means output_1, whichever was shown first. MT-Bench (arXiv 2306.05685) calls a judge
consistent on an item if both orders give the same verdict, and reads an inconsistent one as a tie; FairEval (arXiv
2305.17926) averages the two.
"""

from typing import Literal, NamedTuple

import numpy as np

from farm.stats.bootstrap import Estimate, FloatArray, Resampling
from farm.stats.shares import ratio

_ONE_ORDER = "no item was judged in both orders"


class OrderEffect(NamedTuple):
    """n of each counts items with a verdict in both orders."""

    consistency: Estimate
    """Same verdict in both orders."""
    conflict: Estimate
    """Another verdict in the other order: 1 - consistency."""
    reversal: Estimate
    """The opposite output in the other order, no tie in either."""
    first_both_times: Estimate
    """Whatever is shown first preferred in both orders."""
    second_both_times: Estimate
    """Whatever is shown second preferred in both orders."""


def order_effect(
    first_shown_1: FloatArray, first_shown_2: FloatArray, *, name: str, resampling: Resampling
) -> OrderEffect:
    """Compare one judge's verdicts in the two orders.

    Args:
        first_shown_1: (I,) verdicts where output_1 was shown first; NaN = unparsed.
        first_shown_2: (I,) verdicts where output_2 was.
        name: whose; keys the bootstrap.
        resampling: draws the items.
    """
    both = np.isfinite(first_shown_1) & np.isfinite(first_shown_2)
    has_first = both & (first_shown_1 == 1) & (first_shown_2 == 2)
    has_second = both & (first_shown_1 == 2) & (first_shown_2 == 1)

    def share(is_hit: np.ndarray[tuple[int], np.dtype[np.bool_]], kind: str) -> Estimate:
        return ratio(
            is_hit.astype(np.float64),
            both.astype(np.float64),
            purpose=f"{kind} of {name}",
            resampling=resampling,
            n_unparsed=int((~both).sum()),
            nothing=_ONE_ORDER,
        )

    is_equal = both & (first_shown_1 == first_shown_2)
    return OrderEffect(
        consistency=share(is_equal, "order"),
        conflict=share(both & ~is_equal, "order"),
        reversal=share(has_first | has_second, "order"),
        first_both_times=share(has_first, "order"),
        second_both_times=share(has_second, "order"),
    )


def verdict_of_both_orders(
    first_shown_1: FloatArray, first_shown_2: FloatArray, rule: Literal["tie", "average"]
) -> FloatArray:
    """One verdict from the two orders: 1, 1.5 or 2; NaN unless both are there.

    Args:
        first_shown_1: (I,) verdicts where output_1 was shown first.
        first_shown_2: (I,) verdicts where output_2 was.
        rule: tie: a tie unless both are equal (MT-Bench); average: the side of the tie where the mean lies (FairEval).
    """
    if rule == "tie":
        is_there = np.isfinite(first_shown_1) & np.isfinite(first_shown_2)
        return np.where(is_there, np.where(first_shown_1 == first_shown_2, first_shown_1, 1.5), np.nan)
    mean: FloatArray = (first_shown_1 + first_shown_2) / 2
    return np.where(np.isnan(mean), np.nan, 1.5 + 0.5 * np.sign(mean - 1.5))
