"""From entries and verdicts to everything that a leaderboard shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from farm.leaderboard.board import Board, BoardTable, TrackTrust
from farm.leaderboard.collection.everything import Collected
from farm.leaderboard.entries import TrackNotes
from farm.leaderboard.making.matrices import matrices_of
from farm.leaderboard.making.rows import board_rows, members_of
from farm.leaderboard.making.trust import Table, trust_in
from farm.stats.bootstrap import Resampling

MAX_RESAMPLES = 100_000
"""More tell nothing that these do not."""


@dataclass(frozen=True, kw_only=True)
class BoardSettings:
    """What a leaderboard's figures depend on besides the verdicts."""

    n_resamples: int
    """Resamples behind intervals; 0 leaves these out, which is quick."""
    seed: int
    """Keys the resampling."""

    @property
    def resampling(self) -> Resampling | None:
        return Resampling(seed=self.seed, n_resamples=self.n_resamples) if self.n_resamples else None


def build_board(data: Collected, settings: BoardSettings, folder: Path) -> Board:
    """One table for each track and annotator.

    Args:
        data: entries, verdicts and tracks.
        settings: of the intervals.
        folder: of the leaderboard, where published rankings lie.
    """
    tables = [Table(verdicts, members_of(verdicts)) for verdicts in matrices_of(data)]
    others = {(table.verdicts.track, table.verdicts.annotator): table for table in tables}
    shown = []
    for table in tables:
        track, trust = data.tracks[table.verdicts.track], tuple[TrackTrust, ...]()
        if settings.resampling is not None:
            trust = trust_in(table, others, track.compared_with, folder=folder, resampling=settings.resampling)
        shown.append(_table(table, track, trust, settings))
    return Board(tables=tuple(shown))


def _table(table: Table, track: TrackNotes, trust: Sequence[TrackTrust], settings: BoardSettings) -> BoardTable:
    verdicts = table.verdicts
    return BoardTable(
        track=verdicts.track,
        title=track.title,
        annotator=verdicts.annotator,
        reference=track.reference,
        n_instructions=len(verdicts.instruction_keys),
        rows=tuple(board_rows(verdicts, table.members, settings.resampling)),
        trust=tuple(trust),
        is_graded=verdicts.is_graded,
    )
