"""Proxy reward against true utility as optimisation gets stronger: over n for best-of-n, over training steps for PPO.

Only closed worlds know the true utility; there these curves show over-optimisation (Gao et al. 2022, arXiv 2210.10760)
without a second reward model standing in for the truth. `curve_table` averages the seeds of a sweep into one tidy
table: a row per kind of labels and strength of optimisation.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from farm.data.dataset import Utility
from farm.errors import UserError
from farm.records import OptimizationPoint, Output
from farm.stats.best_of_n import Floats, SelectionKL, best_of_n_kl, expected_best_of_n, measured_best_of_n_kl

SELECTION_FILE = "selection.json"
"""In a standings artifact: the `SelectionKL`s of a policy that keeps the best of several answers."""
CURVES = ("ppo", "best_of_n")
CURVE_COLUMNS = (
    "curve",
    "labels",
    "x",
    "n_seeds",
    "proxy_reward",
    "proxy_reward_standard_error",
    "utility",
    "utility_standard_error",
    "win_rate",
    "win_rate_standard_error",
)
"""x: KL to the SFT policy in nats for curve "ppo", n for "best_of_n"; labels: what the reward model learned from."""


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


def curve_table(points: Mapping[str, Sequence[Sequence[OptimizationPoint]]]) -> pd.DataFrame:
    """Average the seeds of each curve point by point.

    Args:
        points: kind of labels -> one sequence of points per seed. Points of different seeds belong together if they
            have the same curve and the same n (best_of_n) or step (ppo).

    Returns:
        Columns `CURVE_COLUMNS`; win rates are NaN. With several seeds a standard error is the larger of what the
        points' own errors and the spread between seeds give.
    """
    rows = []
    for labels, seeds in points.items():
        together: dict[tuple[str, int | None, int | None], list[OptimizationPoint]] = {}
        for point in (point for seed in seeds for point in seed):
            together.setdefault((point.curve, point.n, point.step), []).append(point)
        rows += [_curve_row(labels, members) for members in together.values()]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS)).astype({"win_rate": "float64"})


def check_curves(points: pd.DataFrame) -> None:
    """Raise UserError unless there are points, all columns, and only known curves."""
    missing = [name for name in CURVE_COLUMNS if name not in points.columns and name != "n_seeds"]
    unknown = sorted(set(points["curve"]) - set(CURVES)) if "curve" in points.columns else []
    if missing or unknown or points.empty:
        raise UserError(
            f"over-optimisation points: expected rows with the columns {list(CURVE_COLUMNS)} and curves "
            f"{list(CURVES)}; {len(points)} rows, missing columns {missing}, unknown curves {unknown}"
        )


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


def _curve_row(labels: str, members: Sequence[OptimizationPoint]) -> dict[str, object]:
    first = members[0]
    x = first.n if first.curve == "best_of_n" else float(np.mean([p.kl for p in members]))
    return {
        "curve": first.curve,
        "labels": labels,
        "x": x,
        "n_seeds": len(members),
        "proxy_reward": float(np.mean([p.proxy_reward for p in members])),
        "proxy_reward_standard_error": _curve_error(
            [p.proxy_reward for p in members], [p.proxy_reward_standard_error for p in members]
        ),
        "utility": float(np.mean([p.utility for p in members])),
        "utility_standard_error": _curve_error(
            [p.utility for p in members], [p.utility_standard_error for p in members]
        ),
        "win_rate": np.nan,
        "win_rate_standard_error": np.nan,
    }


def _curve_error(values: Sequence[float], errors: Sequence[float]) -> float:
    within = float(np.sqrt(np.sum(np.square(errors)))) / len(values)
    between = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    return max(within, between)
