"""Estimates with an interval: the percentile bootstrap over items and, where there are several, over training seeds.

Every resample is a row of weights, so that a statistic of weighted means is computed for all resamples at once.
Items (instructions, judged pairs) are drawn n out of n. Seeds are drawn S - 1 out of S: with the three or so seeds that
anybody can afford, S out of S would understate the variance of a mean by the factor (S - 1) / S, a third
(McCarthy and Snowden 1985). One seed cannot be resampled: the interval then says nothing about other seeds.

Most statistics of labels depend on the sums of a few counts per item (`resampled_sums`). Many items share the same
counts; how often each distinct row of counts is drawn is multinomial itself, so that 100,000 items with ten distinct
rows cost as much as ten items, and no (resamples x items) table of weights is ever made.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from farm.seeds import rng_for

FloatArray = npt.NDArray[np.float64]

LEVEL = 0.95
"""Coverage that every interval of the laboratory aims at."""
MIN_DEFINED = 0.95
"""Share of the resamples in which a statistic must be defined for an interval; one over a hand-picked share of them
would look narrower than it is."""
ONE_ITEM = "no interval: fewer than two instructions or items, and one cannot be resampled"
MAX_WEIGHTS = 2**22
"""Weights held at once (32 MB); beyond that, resamples are made in parts."""
DRAW_BY_ROW = 16
"""Equal rows are drawn together if there are this many items a row: one binomial draw takes as long as 16 items."""


@dataclass(frozen=True, kw_only=True)
class Resampling:
    """How data are drawn anew for an interval; the same value draws the same, whatever is computed beside it."""

    seed: int
    """Keys every draw, together with what is drawn."""
    n_resamples: int
    """Resamples that an interval rests on."""

    def __post_init__(self) -> None:
        if self.n_resamples < 1:
            raise ValueError(f"n_resamples: expected at least 1, got {self.n_resamples}")

    def rng(self, purpose: str, key: str = "") -> np.random.Generator:
        """The generator of one purpose's draws (`farm.seeds.rng_for`)."""
        return rng_for(self.seed, purpose, key)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its 95% interval, or the reason why there is none."""

    value: float | None
    """None if it is not defined for these data; `reason` says why."""
    low: float | None
    """2.5% quantile over the resamples; None if there is no interval."""
    high: float | None
    """97.5% quantile over the resamples."""
    n_total: int
    """Items that the value rests on (for a correlation: models)."""
    n_unparsed: int = 0
    """Items left out because a verdict is missing."""
    reason: str = ""
    """Why `value` or the interval is missing; empty if nothing is."""


def item_weights(n_items: int, resampling: Resampling, purpose: str, key: str = "") -> FloatArray:
    """How often each item was drawn, (n_resamples, n_items); each row sums to n_items."""
    return _weights(n_items, n_items, resampling.n_resamples, resampling.rng(purpose, key))


def seed_weights(n_seeds: int, resampling: Resampling, purpose: str, key: str = "") -> FloatArray:
    """How often each seed was drawn, (n_resamples, n_seeds); each row sums to max(1, n_seeds - 1)."""
    return _weights(n_seeds, max(1, n_seeds - 1), resampling.n_resamples, resampling.rng(purpose, key))


def resampled_sums(per_item: FloatArray | sparse.csr_array, resampling: Resampling, purpose: str) -> FloatArray:
    """Sums over items, for each of the R resamples of the items.

    Args:
        per_item: (I, K) counts of each item; sparse if K is large.
        resampling: draws the items.
        purpose: keys the draws together with the resampling's seed.

    Returns:
        (R, K); NaN of one item.
    """
    n_items, n_resamples = per_item.shape[0], resampling.n_resamples
    if n_items < 2:
        # Resampled, one item is always itself: that is no knowledge of its noise.
        return np.full((n_resamples, per_item.shape[1]), np.nan if n_items else 0.0)
    rng = resampling.rng(purpose)
    if sparse.issparse(per_item):
        return _sums_by_item(per_item, n_resamples, rng)
    rows, n_equal = _distinct_rows(np.asarray(per_item))
    if len(rows) * DRAW_BY_ROW >= n_items:
        return _sums_by_item(per_item, n_resamples, rng)
    shares = n_equal / n_items
    parts = [rng.multinomial(n_items, shares, size=n).astype(np.float64) @ rows for n in _parts(n_resamples, len(rows))]
    return np.concatenate(parts)


def estimate(value: float, replicates: FloatArray, *, n_total: int, n_unparsed: int = 0, reason: str = "") -> Estimate:
    """Put a value and its bootstrap replicates together.

    Args:
        value: the statistic on the data themselves; NaN if undefined.
        replicates: the statistic on each resample, (n_resamples,); NaN where undefined.
        n_total: items that the value rests on.
        n_unparsed: items left out.
        reason: what to say if the value is undefined.
    """
    if not np.isfinite(value):
        why = reason or "not defined for these data"
        return Estimate(value=None, low=None, high=None, n_total=n_total, n_unparsed=n_unparsed, reason=why)
    defined = replicates[np.isfinite(replicates)]
    if len(defined) < MIN_DEFINED * len(replicates) or len(defined) == 0:
        why = f"no interval: undefined in {len(replicates) - len(defined)} of {len(replicates)} resamples"
        if len(defined) == 0:
            why = ONE_ITEM
        return Estimate(value=float(value), low=None, high=None, n_total=n_total, n_unparsed=n_unparsed, reason=why)
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value=float(value), low=float(low), high=float(high), n_total=n_total, n_unparsed=n_unparsed)


def _sums_by_item(per_item: FloatArray | sparse.csr_array, n_resamples: int, rng: np.random.Generator) -> FloatArray:
    """Every item drawn by itself, in parts that keep the weights small."""
    n_items = per_item.shape[0]
    if n_items * n_resamples <= MAX_WEIGHTS:
        return np.asarray(_weights(n_items, n_items, n_resamples, rng) @ per_item)
    parts = [np.stack([_drawn_counts(n_items, rng) for _ in range(n)]) @ per_item for n in _parts(n_resamples, n_items)]
    return np.concatenate(parts)


def _parts(n_resamples: int, n_weights: int) -> list[int]:
    """Resamples to make at once, so that they hold at most MAX_WEIGHTS weights."""
    n_at_once = max(1, MAX_WEIGHTS // n_weights)
    return [min(n_at_once, n_resamples - start) for start in range(0, n_resamples, n_at_once)]


def _distinct_rows(per_item: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The distinct rows and how often each occurs."""
    # + 0.0 makes -0.0 the same bytes as 0.0; a row as one opaque value sorts far faster than row by row.
    cells = np.ascontiguousarray(per_item + 0.0)
    opaque = cells.view(np.dtype((np.void, cells.dtype.itemsize * cells.shape[1]))).reshape(-1)
    _, first, n_equal = np.unique(opaque, return_index=True, return_counts=True)
    return cells[first], n_equal.astype(np.float64)


def _drawn_counts(n_items: int, rng: np.random.Generator) -> FloatArray:
    """One row of `item_weights`, made item by item: faster than a multinomial draw for very many items."""
    return np.bincount(rng.integers(n_items, size=n_items), minlength=n_items).astype(np.float64)


def _weights(n_items: int, n_draws: int, n_resamples: int, rng: np.random.Generator) -> FloatArray:
    return rng.multinomial(n_draws, np.full(n_items, 1.0 / n_items), size=n_resamples).astype(np.float64)
