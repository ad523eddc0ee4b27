"""OpenChat's average of three benchmarks, for models that stand on all three (Wang et al. 2023, arXiv 2309.11235)."""

from collections import defaultdict

from farm.leaderboard.board import Board

TRACKS = ("alpaca_eval", "mt_bench", "vicuna_bench")
"""Win rates against text-davinci-003, gpt-3.5-turbo and gpt-3.5-turbo, ties one half."""


def averages(board: Board) -> dict[str, float]:
    """The mean of a model's three win rates, by its name; of models that have one on each track.

    A track that two annotators judged, or on which a name stands twice, has no one win rate of a model: it counts as
    missing.
    """
    rates: dict[str, dict[str, list[float | None]]] = defaultdict(lambda: defaultdict(list))
    for table in board.tables:
        for row in table.rows:
            rates[row.name][table.track].append(row.win_rate)
    found = {}
    for name, by_track in rates.items():
        three = [by_track[track][0] for track in TRACKS if len(by_track[track]) == 1]
        known = [rate for rate in three if rate is not None]
        if len(known) == len(TRACKS):
            found[name] = sum(known) / len(known)
    return found
