"""Over-optimisation curves as one tidy table: a row per kind of labels and strength of optimisation, seeds averaged."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from farm.errors import UserError
from farm.records import OptimizationPoint

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
        rows += [_row(labels, members) for members in together.values()]
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


def _row(labels: str, members: Sequence[OptimizationPoint]) -> dict[str, object]:
    first = members[0]
    x = first.n if first.curve == "best_of_n" else float(np.mean([p.kl for p in members]))
    return {
        "curve": first.curve,
        "labels": labels,
        "x": x,
        "n_seeds": len(members),
        "proxy_reward": float(np.mean([p.proxy_reward for p in members])),
        "proxy_reward_standard_error": _error(
            [p.proxy_reward for p in members], [p.proxy_reward_standard_error for p in members]
        ),
        "utility": float(np.mean([p.utility for p in members])),
        "utility_standard_error": _error([p.utility for p in members], [p.utility_standard_error for p in members]),
        "win_rate": np.nan,
        "win_rate_standard_error": np.nan,
    }


def _error(values: Sequence[float], errors: Sequence[float]) -> float:
    within = float(np.sqrt(np.sum(np.square(errors)))) / len(values)
    between = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    return max(within, between)
