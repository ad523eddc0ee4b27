"""Scores of outputs in a file: what `farm score` writes, or the grades of any judge."""

from collections.abc import Mapping
from pathlib import Path

from farm.data.files.rows import DataError, read_records
from farm.data.layouts.asked import AskedRow
from farm.records import instruction_key


class _ScoreRow(AskedRow):
    output: str
    score: float | None
    """Missing: it has none."""


def read_scores(path: Path) -> Mapping[str, float]:
    """Scores by the key of instruction and output (`instruction_key`); rows without one are left out.

    Args:
        path: JSON, JSON Lines, CSV or Parquet with instruction, output and score; optional input, and other columns.

    Raises:
        DataError: the file is missing, rows do not fit, or one output has two scores.
    """
    scores: dict[str, float] = {}
    for row in read_records(path, _ScoreRow):
        if row.score is None:
            continue
        key = instruction_key(row.asked, row.output)
        if scores.setdefault(key, row.score) != row.score:
            raise DataError(
                f"{path}: two scores, {scores[key]} and {row.score}, for one output to {row.instruction!r:.80}"
            )
    return scores
