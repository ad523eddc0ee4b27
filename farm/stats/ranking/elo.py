"""Elo ratings (Elo 1978), for compatibility with tables that print them; Bradley-Terry is the better estimate.

Elo depends on the order in which comparisons are played, and here they have none. So every rating is the mean over
random orders, and its interval adds up what items and orders contribute: +- 1.96 standard deviations over resamples of
the clusters, each played in an order of its own. Start 1000, K = 4, scale 400 (the Chatbot Arena's); ties are draws,
graded verdicts count for the side they lean to.
"""

import evalica
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from farm.seeds import rng_for
from farm.stats.bootstrap import Estimate, FloatArray
from farm.stats.ranking.pair_counts import ComparisonTable, IntArray, drawn_weights

INITIAL = 1000.0
"""Rating of a model that has not played."""
N_ORDERS = 20
"""Random orders that a rating is the mean of."""
N_RESAMPLES = 30
"""Resamples behind the interval: the standard deviation is then known to about 13%."""


def order_averaged_elo(comparisons: ComparisonTable, *, seed: int) -> tuple[Estimate, ...]:
    """One rating per model, in the order of `comparisons.models`; the unparsed are left out and counted."""
    n_models = len(comparisons.models)
    parsed = np.flatnonzero(np.isfinite(comparisons.scores))
    n_total = _appearances(comparisons, parsed)
    n_unparsed = _appearances(comparisons, np.flatnonzero(np.isnan(comparisons.scores)))
    orders = rng_for(seed, "elo orders")
    played = np.array([_play(comparisons, orders.permutation(parsed)) for _ in range(N_ORDERS if len(parsed) else 0)])
    items = rng_for(seed, "elo resamples")
    n_clusters = int(comparisons.clusters.max()) + 1 if len(parsed) else 0
    n_resamples = N_RESAMPLES if len(parsed) else 0
    # An item is drawn once on average, so that small integers hold all of it in an eighth of the memory.
    weights = [drawn_weights(n_clusters, n_clusters, 1, items)[0].astype(np.uint16) for _ in range(n_resamples)]
    resampled = np.array([_play(comparisons, items.permutation(_drawn_rows(comparisons, parsed, w))) for w in weights])
    estimates = []
    for k in range(n_models):
        if n_total[k] == 0:
            estimates.append(_missing(int(n_unparsed[k])))
            continue
        value, reach = float(played[:, k].mean()), 1.96 * float(resampled[:, k].std(ddof=1))
        estimates.append(
            Estimate(
                value=value,
                low=value - reach,
                high=value + reach,
                n_total=int(n_total[k]),
                n_unparsed=int(n_unparsed[k]),
            )
        )
    return tuple(estimates)


def _play(comparisons: ComparisonTable, rows: IntArray) -> FloatArray:
    """(M,) ratings after these comparisons in this order."""
    if len(rows) == 0:
        return np.full(len(comparisons.models), INITIAL)
    winners = [evalica.Winner.Draw, evalica.Winner.X, evalica.Winner.Y]
    score = comparisons.scores[rows]
    outcome = [winners[k] for k in np.select([score > 0.5, score < 0.5], [1, 2], default=0)]
    index = pd.RangeIndex(len(comparisons.models))
    result = evalica.elo(
        pd.Index(comparisons.first[rows]), pd.Index(comparisons.second[rows]), outcome, index=index, initial=INITIAL
    )
    return np.asarray(result.scores.reindex(index).to_numpy(dtype=np.float64))


def _drawn_rows(comparisons: ComparisonTable, parsed: IntArray, weights: NDArray[np.uint16]) -> IntArray:
    return np.repeat(parsed, weights[comparisons.clusters[parsed]].astype(np.intp))


def _appearances(comparisons: ComparisonTable, rows: IntArray) -> IntArray:
    both = np.r_[comparisons.first[rows], comparisons.second[rows]]
    return np.bincount(both, minlength=len(comparisons.models))


def _missing(n_unparsed: int) -> Estimate:
    return Estimate(
        value=None, low=None, high=None, n_total=0, n_unparsed=n_unparsed, reason="no parsed verdict on this model"
    )
