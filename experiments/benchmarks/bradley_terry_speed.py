"""Bradley-Terry with 1,000 bootstrap rounds on 200 models and 200,000 comparisons: seconds and peak memory.

    OMP_NUM_THREADS=1 python experiments/benchmarks/bradley_terry_speed.py

Once with every comparison a cluster of its own, once with 2,000 clusters of 100, each with half wins and with
Davidson's tie parameter. Checked against evalica on the same comparisons. The promise is 20 seconds on two cores.
"""

import argparse
import resource
import time

import evalica
import numpy as np
import pandas as pd
from scipy import special

from farm.stats.bootstrap import Resampling
from farm.stats.ranking.bradley_terry import TieModel, fit_strengths
from farm.stats.ranking.draws.clusters import cluster_resamples
from farm.stats.ranking.pair_counts import ClusterCounts, ComparisonTable


def main() -> None:
    """Print one line per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--comparisons", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=1000)
    arguments = parser.parse_args()
    for n_clusters in (arguments.comparisons, 2000):
        comparisons = made(arguments.models, arguments.comparisons, n_clusters)
        for tie_model in ("half_wins", "davidson"):
            measure(comparisons, tie_model, arguments.rounds)
    compare_with_evalica(made(arguments.models, arguments.comparisons, 2000))


def made(n_models: int, n: int, n_clusters: int) -> ComparisonTable:
    """Strengths drawn from a standard normal, a tenth of the comparisons ties."""
    rng = np.random.default_rng(0)
    strengths = rng.normal(0, 1, n_models)
    first = rng.integers(0, n_models, n)
    second = (first + rng.integers(1, n_models, n)) % n_models
    won = rng.random(n) < special.expit(strengths[first] - strengths[second])
    return ComparisonTable(
        models=tuple(f"m{k}" for k in range(n_models)),
        first=first,
        second=second,
        scores=np.where(rng.random(n) < 0.1, 0.5, won.astype(np.float64)),
        clusters=np.arange(n) % n_clusters,
    )


def fit_and_resample(comparisons: ComparisonTable, tie_model: TieModel, n_rounds: int) -> np.ndarray:
    """(n_rounds, models) strengths."""
    counts = ClusterCounts(comparisons)
    fit = fit_strengths(counts.pairs, counts.observed(), tie_model)
    portions = cluster_resamples(counts, resampling=Resampling(seed=0, n_resamples=n_rounds))
    return np.concatenate([fit_strengths(counts.pairs, part, tie_model, fit).strengths for part in portions])


def measure(comparisons: ComparisonTable, tie_model: TieModel, n_rounds: int) -> None:
    """Fit, resample, fit again; print wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    drawn = fit_and_resample(comparisons, tie_model, n_rounds)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert drawn.shape == (n_rounds, len(comparisons.models)) and np.isfinite(drawn).all()
    print(
        f"{len(set(comparisons.clusters)):7d} clusters  {tie_model:9s}  {wall:5.1f} s wall  {cpu:5.1f} s CPU  "
        f"peak {memory:.0f} MB  standard error of a strength {drawn.std(axis=0).mean():.4f}"
    )


def compare_with_evalica(comparisons: ComparisonTable) -> None:
    """One fit each, half wins."""
    counts = ClusterCounts(comparisons)
    started = time.perf_counter()
    own = fit_strengths(counts.pairs, counts.observed(), "half_wins").strengths[0]
    own_seconds = time.perf_counter() - started
    outcome = {1.0: evalica.Winner.X, 0.5: evalica.Winner.Draw, 0.0: evalica.Winner.Y}
    index = pd.RangeIndex(len(comparisons.models))
    winners = [outcome[float(s)] for s in comparisons.scores]
    first, second = pd.Index(comparisons.first), pd.Index(comparisons.second)
    started = time.perf_counter()
    result = evalica.bradley_terry(first, second, winners, index=index, tolerance=1e-10, limit=10_000)
    seconds = time.perf_counter() - started
    other = np.log(result.scores.reindex(index).to_numpy())
    gap = np.abs(own - (other - other.mean())).max()
    print(f"one fit: {own_seconds:.2f} s, evalica {seconds:.2f} s, largest difference of a strength {gap:.1e}")


if __name__ == "__main__":
    main()
