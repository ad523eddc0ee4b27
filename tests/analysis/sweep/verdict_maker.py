"""Made-up verdicts of known win rates."""

import numpy as np
import pandas as pd

from farm.analysis.sweep.verdicts import VERDICT_COLUMNS
from farm.seeds import rng_for


def run(
    method: str, rate: float, *, train: str, judge: str, seed: int = 0, n_items: int = 200, unparsed: int = 0
) -> pd.DataFrame:
    """One run: wins drawn at `rate` from a stream of its own; the first `unparsed` instructions have no verdict."""
    rng = rng_for(seed, "made-up verdicts", f"{method} {train} {judge}")
    wins = (rng.random(n_items) < rate).astype(float)
    score = np.where(np.arange(n_items) < unparsed, np.nan, wins)
    frame = pd.DataFrame(
        {
            "method": method,
            "annotator_train": train,
            "annotator_eval": judge,
            "seed": seed,
            "instruction_key": [f"i{k:04d}" for k in range(n_items)],
            "score": score,
            "n_wins": (score == 1).astype(int),
            "n_ties": 0,
            "n_losses": (score == 0).astype(int),
            "n_unparsed": np.isnan(score).astype(int),
            "length": 100 + 100 * rate,
            "utility": 5 + rate + rng.normal(0, 0.5, n_items),
        }
    )
    return frame[list(VERDICT_COLUMNS)]


def two_arms(crowd: dict[str, float], pool: dict[str, float], *, n_seeds: int = 2) -> pd.DataFrame:
    """Each method trained and judged by the crowd, and by the pool."""
    parts = [
        run(method, rate, train=arm, judge=arm, seed=seed)
        for arm, rates in (("crowd", crowd), ("pool", pool))
        for method, rate in rates.items()
        for seed in range(n_seeds)
    ]
    return pd.concat(parts, ignore_index=True)
