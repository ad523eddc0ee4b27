"""Which judge of a panel sees a comparison."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate

from farm.errors import UserError


def judge_shares(names: Sequence[str], weights: Mapping[str, float]) -> list[float]:
    """Weight of each judge, in order; a judge that `weights` does not name weighs 1.

    Raises:
        UserError: a weight names nobody, is negative, or all are zero.
    """
    unknown = sorted(weights.keys() - set(names))
    if unknown:
        raise UserError(f"weights: no judge {', '.join(map(repr, unknown))} in the panel; it has {', '.join(names)}")
    shares = [float(weights.get(name, 1.0)) for name in names]
    if min(shares) < 0.0 or sum(shares) == 0.0:
        raise UserError(
            f"weights: expected numbers of at least 0, not all 0; got {dict(zip(names, shares, strict=True))}"
        )
    return shares


def drawn_judge(draw: float, shares: Sequence[float]) -> int:
    """Index of the judge that a uniform draw in [0, 1) falls on, each with probability proportional to its share."""
    if len(set(shares)) == 1:
        return int(draw * len(shares))
    bounds = list(accumulate(shares))
    return min(bisect_right(bounds, draw * bounds[-1]), len(shares) - 1)
