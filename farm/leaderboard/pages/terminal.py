"""What the terminal says of a leaderboard: who leads, and how far to trust it."""

from farm.leaderboard.board import Board, BoardRow
from farm.leaderboard.pages.markdown_page import rank_text, trust_text
from farm.wording import counted

MAX_ROWS = 8


def short_ranking(board: Board) -> list[str]:
    """About ten lines: the first table's head, how far to trust it, and what else there is."""
    if not board.tables:
        return []
    table = board.tables[0]
    rows = [row for row in table.rows if row.rank_low is not None] or list(table.rows)
    width = max(len(_named(row)) for row in rows[:MAX_ROWS])
    lines = [
        f"{table.title}, judged by {table.annotator}: {counted(len(table.rows), 'model')}, "
        "win rate against the reference, in percent"
    ]
    lines += [
        f"{rank_text(row.rank_low, row.rank_high):>6}  {_named(row):{width}}  {_rate(row)}" for row in rows[:MAX_ROWS]
    ]
    lines += [f"against {trust.source}: {trust_text(trust)}" for trust in table.trust[:1]]
    return lines


def _named(row: BoardRow) -> str:
    return f"{row.name} ({row.feedback} labels)" if row.feedback else row.name


def _rate(row: BoardRow) -> str:
    if row.win_rate is None:
        return "no parsed verdict"
    error = "" if row.standard_error is None else f" ± {100 * row.standard_error:.1f}"
    return f"{100 * row.win_rate:.1f}{error}"
