"""The leaderboard as `leaderboard.json` (`farm.leaderboard.pages.json_schema`)."""

import json

from farm.leaderboard.board import Board, BoardRow, BoardTable, TrackTrust
from farm.leaderboard.making.build import BoardSettings
from farm.leaderboard.pages.csv_tables import p_value
from farm.leaderboard.pages.json_schema import (
    SCHEMA_VERSION,
    DifferenceJson,
    LeaderboardJson,
    RowJson,
    TableJson,
    TrustJson,
)
from farm.reports.json_file import figure
from farm.stats.ranking.win_rates import Difference

BOARD_FILE = "leaderboard.json"


def leaderboard_json(board: Board, settings: BoardSettings) -> str:
    """The file's text."""
    content: LeaderboardJson = {
        "schema_version": SCHEMA_VERSION,
        "settings": {"n_resamples": settings.n_resamples, "seed": settings.seed},
        "tables": [_table(table) for table in board.tables],
    }
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _table(table: BoardTable) -> TableJson:
    return {
        "track": table.track,
        "title": table.title,
        "annotator": table.annotator,
        "reference": table.reference,
        "n_instructions": table.n_instructions,
        "is_graded": table.is_graded,
        "rows": [_row(row) for row in table.rows],
        "trust": [_trust(trust) for trust in table.trust],
    }


def _row(row: BoardRow) -> RowJson:
    return {
        "model": row.name,
        "feedback": row.feedback,
        "base": row.base,
        "is_label_free": row.is_label_free,
        "rank_low": row.rank_low,
        "rank_high": row.rank_high,
        "win_rate": row.win_rate,
        "standard_error": row.standard_error,
        "discrete_win_rate": row.discrete_win_rate,
        "length_controlled": figure(row.length_controlled),
        "style_controlled": figure(row.style_controlled),
        "rating": figure(row.rating),
        "to_next": None if row.to_next is None else _difference(row.to_next),
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
        "findings": [
            {"check": f.check, "sentence": f.sentence, "n_rows": f.n_rows, "is_severe": f.is_severe}
            for f in row.findings
        ],
        "notes": list(row.notes),
        "keys": list(row.keys),
        "seeds": list(row.seeds),
    }


def _difference(gap: Difference) -> DifferenceJson:
    return {"difference": gap.difference, "standard_error": gap.standard_error, "p_value": p_value(gap.z)}


def _trust(trust: TrackTrust) -> TrustJson:
    return {
        "source": trust.source,
        "points": [{"model": p.name, "here": figure(p.here), "there": figure(p.there)} for p in trust.points],
        "spearman": figure(trust.spearman),
        "kendall": figure(trust.kendall),
        "r_squared": figure(trust.r_squared),
        "inversions": list(trust.inversions),
        "advice": trust.advice,
    }
