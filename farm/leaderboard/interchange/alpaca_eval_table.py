"""A track's leaderboard with AlpacaEval's columns, computed as it computes them: percent, and errors over instructions.

`win_rate` is the mean of preference - 1, `standard_error` its sample standard deviation / sqrt(n); `n_wins`,
`n_wins_base` and `n_draws` count instructions on their sides of 1.5, `discrete_win_rate` is made of these; `avg_length`
is the mean of characters, cut to a whole number. `mode` is AlpacaEval's word for entries that nobody has verified.

`length_controlled_winrate` is farm's fit (farm/stats/length_control), without the instructions' difficulty, and
`lc_standard_error` includes it: AlpacaEval's ignores the fit and is smaller. Both are empty where length cannot be
controlled for.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from farm.leaderboard.verdict_table import REFERENCE_PREFIX
from farm.reports.csv_file import csv_text
from farm.stats.bootstrap import FloatArray, Resampling
from farm.stats.length_control.length import length_controlled_rates

COLUMNS = (
    "", "win_rate", "standard_error", "n_wins", "n_wins_base", "n_draws", "n_total", "discrete_win_rate", "mode",
    "avg_length", "length_controlled_winrate", "lc_standard_error",
)  # fmt: skip
MODE = "community"
RESAMPLING = Resampling(seed=0, n_resamples=1000)
"""Of the length-controlled standard error."""


class ModelVerdicts(NamedTuple):
    """One row of the leaderboard, before it is computed."""

    model: str
    verdicts: pd.DataFrame
    """Of one entry (`farm.leaderboard.verdict_table`)."""


def alpaca_eval_csv(models: Sequence[ModelVerdicts]) -> str:
    """The leaderboard, best win rate first; a model without a readable verdict comes last, without figures."""
    rows = [_row(model) for model in models]
    ordered = sorted(rows, key=lambda row: (-float(str(row[1])) if row[1] is not None else 1.0, str(row[0])))
    return csv_text(COLUMNS, ordered)


def _row(model: ModelVerdicts) -> tuple[object, ...]:
    scores = model.verdicts["score"].to_numpy(dtype=np.float64)
    parsed = scores[np.isfinite(scores)]
    n, n_wins, n_losses = len(parsed), int((parsed > 0.5).sum()), int((parsed < 0.5).sum())
    n_draws, length = n - n_wins - n_losses, int(model.verdicts["length"].mean())
    if n == 0:
        return (model.model, None, None, 0, 0, 0, 0, None, MODE, length, None, None)
    error = float(100 * parsed.std(ddof=1) / np.sqrt(n)) if n > 1 else None
    discrete = 100 * (n_wins + n_draws / 2) / n
    controlled = _length_controlled(model.verdicts, scores)
    rate = 100 * float(parsed.mean())
    return (model.model, rate, error, n_wins, n_losses, n_draws, n, discrete, MODE, length, *controlled)


def _length_controlled(verdicts: pd.DataFrame, scores: FloatArray) -> tuple[float | None, float | None]:
    gaps = (verdicts["length"] - verdicts[f"{REFERENCE_PREFIX}length"]).to_numpy(dtype=np.float64, na_value=np.nan)
    (fitted,) = length_controlled_rates([scores], [gaps], difficulty=None, resampling=RESAMPLING)
    if fitted.estimate.value is None or fitted.estimate.low is None:
        return None, None
    return 100 * fitted.estimate.value, 100 * float(np.nanstd(fitted.replicates, ddof=1))
