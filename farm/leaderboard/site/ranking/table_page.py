"""The page of one ranking: its table, and what it says beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from farm.leaderboard.board import BoardRow, BoardTable, Finding
from farm.leaderboard.site.ranking.cells import ABSENT, Cell
from farm.leaderboard.site.ranking.columns import Column, columns_of


@dataclass(frozen=True, kw_only=True)
class ShownRow:
    """One model as the template shows it."""

    name: str
    feedback: str
    file: str
    """Its page; empty if it has none."""
    is_label_free: bool
    rank: str
    rank_order: float
    cells: Sequence[Cell]
    findings: Sequence[Finding]
    notes: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class TableView:
    """What the template of a ranking is given."""

    table: BoardTable
    columns: Sequence[Column]
    rows: Sequence[ShownRow]
    has_labels: bool
    has_checks: bool
    has_label_free: bool
    n_severe: int


def table_view(table: BoardTable, files: Sequence[str], averages: Mapping[str, float]) -> TableView:
    """A ranking as it is shown.

    Args:
        table: the ranking.
        files: the page of each row.
        averages: of the three benchmarks, by name.
    """
    columns = columns_of(table, averages)
    rows = [
        _shown(row, file, [column.cells[index] for column in columns])
        for index, (row, file) in enumerate(zip(table.rows, files, strict=True))
    ]
    return TableView(
        table=table,
        columns=columns,
        rows=rows,
        has_labels=any(row.feedback for row in table.rows),
        has_checks=any(row.findings or row.notes for row in table.rows),
        has_label_free=any(row.is_label_free for row in table.rows),
        n_severe=sum(finding.is_severe for row in table.rows for finding in row.findings),
    )


def rank_text(row: BoardRow) -> str:
    """The ranks that the data leave a model, such as 2-4."""
    if row.rank_low is None or row.rank_high is None:
        return ABSENT
    return str(row.rank_low) if row.rank_low == row.rank_high else f"{row.rank_low}–{row.rank_high}"  # noqa: RUF001


def _shown(row: BoardRow, file: str, cells: Sequence[Cell]) -> ShownRow:
    return ShownRow(
        name=row.name,
        feedback=row.feedback,
        file=file,
        is_label_free=row.is_label_free,
        rank=rank_text(row),
        rank_order=1e9 if row.rank_low is None else row.rank_low,
        cells=cells,
        findings=row.findings,
        notes=row.notes,
    )
