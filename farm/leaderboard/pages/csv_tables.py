"""The leaderboard as CSV: `standings.csv` has every figure of every row, `seeds.csv` every entry by itself."""

import math

import numpy as np

from farm.leaderboard.board import Board, BoardRow, BoardTable
from farm.leaderboard.collection.everything import Collected
from farm.leaderboard.making.matrices import matrices_of
from farm.reports.csv_file import csv_text
from farm.stats.bootstrap import Estimate, FloatArray
from farm.stats.ranking.win_rates import win_rate

STANDINGS_CSV = "standings.csv"
SEEDS_CSV = "seeds.csv"
_SEED_COLUMNS = (
    "track", "annotator", "model", "feedback", "base", "seed", "win_rate", "standard_error", "n_wins", "n_ties",
    "n_losses", "n_unparsed", "n_instructions", "mean_length", "utility", "cost_usd", "origin", "key",
)  # fmt: skip


def standings_csv(board: Board) -> str:
    """One line for each row of each table."""
    lines = [_cells(table, row) for table in board.tables for row in table.rows]
    header = list(lines[0]) if lines else ["track"]
    return csv_text(header, [list(line.values()) for line in lines])


def seeds_csv(data: Collected) -> str:
    """One line for each entry."""
    lines = []
    for table in matrices_of(data):
        for row, entry in enumerate(table.entries):
            rate = win_rate(table.figures["score"][row])
            sums = {name: table.of(name, [row])[0] for name in ("n_wins", "n_ties", "n_losses", "n_unparsed")}
            judged = {name: table.figures[name][row][sums["n_wins"] >= 0] for name in ("length", "utility")}
            lines.append(
                [
                    entry.track,
                    entry.annotator,
                    entry.name,
                    entry.feedback,
                    entry.base,
                    entry.seed,
                    rate.win_rate,
                    rate.standard_error,
                    *(int(values[values > 0].sum()) for values in sums.values()),
                    rate.n_total,
                    _mean(judged["length"]),
                    _mean(judged["utility"]),
                    entry.cost_usd,
                    entry.origin,
                    entry.key,
                ]
            )
    return csv_text(_SEED_COLUMNS, lines)


def p_value(z: float | None) -> float | None:
    """Two-sided, by the normal approximation."""
    return None if z is None else math.erfc(abs(z) / math.sqrt(2))


def _cells(table: BoardTable, row: BoardRow) -> dict[str, object]:
    gap = row.to_next
    return {
        "track": table.track,
        "annotator": table.annotator,
        "rank_low": row.rank_low,
        "rank_high": row.rank_high,
        "model": row.name,
        "feedback": row.feedback,
        "base": row.base,
        "is_label_free": row.is_label_free,
        "win_rate": row.win_rate,
        "standard_error": row.standard_error,
        "discrete_win_rate": row.discrete_win_rate,
        **_estimate("length_controlled", row.length_controlled),
        **_estimate("style_controlled", row.style_controlled),
        **_estimate("rating", row.rating),
        "difference_to_next": None if gap is None else gap.difference,
        "difference_standard_error": None if gap is None else gap.standard_error,
        "difference_p": None if gap is None else p_value(gap.z),
        "n_seeds": len(row.keys),
        "n_instructions": row.n_instructions,
        "n_total": row.n_wins + row.n_ties + row.n_losses,
        "n_wins": row.n_wins,
        "n_ties": row.n_ties,
        "n_losses": row.n_losses,
        "n_unparsed": row.n_unparsed,
        "mean_length": row.mean_length,
        "mean_tokens": row.mean_tokens,
        "utility": row.utility,
        "cost_usd": row.cost_usd,
        "repeat_sd": row.repeat_sd,
        "findings": "; ".join([*(finding.sentence for finding in row.findings), *row.notes]),
        "keys": " ".join(row.keys),
    }


def _estimate(name: str, figure: Estimate) -> dict[str, object]:
    return {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}


def _mean(values: FloatArray) -> float | None:
    return float(values.mean()) if values.size and np.isfinite(values).all() else None
