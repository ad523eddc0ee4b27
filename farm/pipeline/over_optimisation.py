"""Proxy reward against true utility as optimisation gets stronger: over n for best-of-n, over training steps for PPO.

Only closed worlds know the true utility; there these curves show over-optimisation (Gao et al. 2022, arXiv 2210.10760)
without a second reward model standing in for the truth.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from farm.data.dataset import Utility
from farm.records import OptimizationPoint, Output
from farm.stats.best_of_n import Floats, SelectionKL, best_of_n_kl, expected_best_of_n, measured_best_of_n_kl

SELECTION_FILE = "selection.json"
"""In a standings artifact: the `SelectionKL`s of a policy that keeps the best of several answers."""


def selection_kls(scores: Floats, scorer: str) -> list[SelectionKL]:
    """For n = 1, 2, 4, ... and N, from N answers to each of M instructions, (M, N)."""
    # Random scores say nothing about the answer: for the KL they are one big tie.
    answer_scores = np.zeros_like(scores) if scorer == "random" else scores
    sizes = sorted({*_sizes(scores), scores.shape[1]})
    return [measured_best_of_n_kl(answer_scores, n) for n in sizes]


def selection_points(scores: Floats, utilities: Floats) -> list[OptimizationPoint]:
    """Points n = 1, 2, 4, ... from N answers to each of M instructions, both arrays (M, N)."""
    sizes = _sizes(scores)
    return [
        _point(
            expected_best_of_n(scores, scores, n),
            expected_best_of_n(scores, utilities, n),
            curve="best_of_n",
            n=n,
            kl=best_of_n_kl(n),
        )
        for n in sizes
    ]


def rollout_points(rollouts: pd.DataFrame, utility: Utility) -> list[OptimizationPoint]:
    """One point per training step from the answers that were rolled out then; none if their KL was not measured.

    Args:
        rollouts: columns step, instruction, input, output, score, and, if the method measures it, kl (k1 estimate in
            nats, summed over the answer).
        utility: the true utility.
    """
    if "kl" not in rollouts.columns:
        return []
    outputs = [
        Output(instruction=i, input=c, output=o, generator="ppo")
        for i, c, o in zip(rollouts["instruction"], rollouts["input"], rollouts["output"], strict=True)
    ]
    table = rollouts.assign(utility=utility.utilities(outputs))
    return [
        _point(
            rows["score"].to_numpy(dtype=np.float64),
            rows["utility"].to_numpy(dtype=np.float64),
            curve="ppo",
            step=int(str(step)),
            kl=float(rows["kl"].mean()),
        )
        for step, rows in table.groupby("step", sort=True)
    ]


def answer_utilities(rows: Sequence[Sequence[Output]], utility: Utility) -> Floats:
    """(M, N) true utilities of N answers to each of M instructions."""
    flat = utility.utilities([output for row in rows for output in row])
    return np.array(flat, dtype=np.float64).reshape(len(rows), -1)


def _sizes(scores: Floats) -> list[int]:
    return [2**k for k in range(int(np.log2(scores.shape[1])) + 1)]


def _point(
    proxy: Floats, utilities: Floats, *, curve: str, kl: float, n: int | None = None, step: int | None = None
) -> OptimizationPoint:
    count = len(proxy)
    return OptimizationPoint(
        curve=curve,
        n=n,
        step=step,
        kl=kl,
        proxy_reward=float(proxy.mean()),
        proxy_reward_standard_error=float(proxy.std(ddof=1) / np.sqrt(count)),
        utility=float(utilities.mean()),
        utility_standard_error=float(utilities.std(ddof=1) / np.sqrt(count)),
        n_outputs=count,
    )
