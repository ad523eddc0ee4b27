"""Exact tails of a count that is a sum of independent parts: coins of different bias, and draws from urns."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special, stats

from farm.stats.bootstrap import FloatArray

MAX_EXACT = 4000
"""Beyond so many trials the normal approximation with continuity correction is as good and far quicker."""


class Coins(NamedTuple):
    """Independent trials with one probability of success."""

    probability: float
    n_trials: int


class Urn(NamedTuple):
    """Draws without replacement."""

    n_balls: int
    n_marked: int
    n_drawn: int


class Tails(NamedTuple):
    """Probabilities under the null hypothesis; the observed count itself is in both."""

    upper: float
    """P(count >= observed)."""
    lower: float
    """P(count <= observed)."""
    mean: float
    variance: float


def count_tails(observed: int, coins: Sequence[Coins], urns: Sequence[Urn] = ()) -> Tails:
    """Both tails of the sum of all parts.

    Args:
        observed: the count.
        coins: groups of coins; together a Poisson binomial variable.
        urns: hypergeometric variables.
    """
    mean = sum(c.probability * c.n_trials for c in coins)
    variance = sum(c.probability * (1 - c.probability) * c.n_trials for c in coins)
    for urn in urns:
        share = urn.n_marked / urn.n_balls
        mean += urn.n_drawn * share
        variance += urn.n_drawn * share * (1 - share) * (urn.n_balls - urn.n_drawn) / max(1, urn.n_balls - 1)
    n_trials = sum(c.n_trials for c in coins) + sum(u.n_drawn for u in urns)
    if variance <= 1e-12:
        return Tails(1.0, 1.0, mean, 0.0)
    if n_trials > MAX_EXACT:
        sd = variance**0.5
        upper = float(stats.norm.sf((observed - 0.5 - mean) / sd))
        return Tails(upper, float(stats.norm.cdf((observed + 0.5 - mean) / sd)), mean, variance)
    pmf = np.ones(1)
    for coin in coins:
        pmf = np.convolve(pmf, _binomial(coin))
    for urn in urns:
        pmf = np.convolve(pmf, _hypergeometric(urn))
    return Tails(min(1.0, float(pmf[observed:].sum())), min(1.0, float(pmf[: observed + 1].sum())), mean, variance)


def coins_of(probabilities: FloatArray) -> list[Coins]:
    """Trials grouped by their probability."""
    values, counts = np.unique(np.round(probabilities, 12), return_counts=True)
    return [Coins(float(p), int(n)) for p, n in zip(values, counts, strict=True)]


def _binomial(coins: Coins) -> FloatArray:
    """Of every count from 0; scipy's own takes a hundred times as long on large numbers, like the next one."""
    heads = np.arange(coins.n_trials + 1, dtype=np.float64)
    log_odds = special.xlogy(heads, coins.probability) + special.xlog1py(coins.n_trials - heads, -coins.probability)
    return np.asarray(np.exp(_log_choose(coins.n_trials, heads) + log_odds))


def _hypergeometric(urn: Urn) -> FloatArray:
    """Of every count from 0."""
    marked = np.arange(urn.n_drawn + 1, dtype=np.float64)
    unmarked = urn.n_drawn - marked
    n_unmarked = urn.n_balls - urn.n_marked
    is_possible = (marked <= urn.n_marked) & (unmarked <= n_unmarked)
    log_ways = _log_choose(urn.n_marked, np.minimum(marked, urn.n_marked)) + _log_choose(
        n_unmarked, np.minimum(unmarked, n_unmarked)
    )
    return np.where(is_possible, np.exp(log_ways - _log_choose(urn.n_balls, np.float64(urn.n_drawn))), 0.0)


def _log_choose(n: int, k: FloatArray | np.float64) -> FloatArray:
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))
