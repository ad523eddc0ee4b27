"""The two things that are compared: labels or published standings of people, and those of simulated annotators."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from farm.analysis.humans.comparison import Source
from farm.data.files.column_mapping import ColumnMapping
from farm.errors import UserError
from farm.labels.annotation_source import Kind
from farm.labels.annotation_table import NOTES, notes_of
from farm.labels.equal_outputs import without_equal_outputs
from farm.labels.presented_orders import one_verdict_each
from farm.labels.published.standings import Role, is_standings, read_standings
from farm.labels.read import read_annotations
from farm.labels.row_filter import RowFilter

KINDS: Mapping[Role, Kind] = {"humans": "human", "simulated": "llm"}
"""The kind of annotators whose rows of a table count."""


class BothSources(NamedTuple):
    """What is compared; None for what is missing."""

    humans: Source | None
    simulated: Source | None


def read_source(
    path: Path,
    role: Role,
    *,
    column: str | None,
    format: str | None,
    annotator: str | None,
    columns: ColumnMapping | None = None,
    where: tuple[RowFilter, ...] = (),
) -> Source:
    """Labels or published standings from a path.

    Args:
        path: a table or folder of labels, or a file of standings.
        role: whose they are.
        column: of published standings, the one with the figures; None for the usual names.
        format: of labels, its name; None recognises it.
        annotator: narrows simulated labels to one annotator.
        columns: of labels in a layout of one's own, what they are called; None for a known format.
        where: filters that leave the labels that count.

    Raises:
        UserError: neither labels nor standings, no rows, no such annotator, or standings that were to be filtered.
    """
    if not columns and is_standings(path, role, column):
        if where:
            raise UserError(f"{path} holds published standings; `where` is about rows of labels")
        return Source(path=path, content=read_standings(path, role, column))
    frame = read_annotations(path, assumed_kind=KINDS[role], format=format, columns=columns, where=where)
    return source_of_labels(frame, path, role, annotator)


def source_of_labels(table: pd.DataFrame, path: Path, role: Role, annotator: str | None) -> Source:
    """The rows of an annotation table that are of this kind.

    Args:
        table: as `read_annotations` gives it.
        path: where it comes from, for messages.
        role: whose rows count.
        annotator: narrows simulated labels to one annotator.

    Raises:
        UserError: no rows, no such annotator, or labels on equal outputs only.
    """
    if table.empty:
        raise UserError(f"{path}: expected recorded labels or standings, there are no rows")
    rows = table[table["annotator_kind"] == KINDS[role]]
    if role == "simulated" and annotator is not None:
        rows = of_annotator(rows, annotator, path)
    said, equal = without_equal_outputs(rows, path)
    said.attrs[NOTES] = [*notes_of(table), *equal]
    return Source(path=path, content=said)


def of_annotator(rows: pd.DataFrame, annotator: str, path: Path) -> pd.DataFrame:
    """The rows of one annotator; of a judge that saw pairs in both orders NAME/AB and NAME/BA are those of one.

    Raises:
        UserError: there are none.
    """
    named = rows if annotator in set(rows["annotator"]) else one_verdict_each(rows)
    kept = named[named["annotator"] == annotator]
    if kept.empty:
        kinds = "/".join(sorted(set(rows["annotator_kind"]))) or "such"
        raise UserError(f"{path}: no {kinds} row by {annotator!r}; there are {sorted(set(rows['annotator']))}")
    return kept


def checked_sources(humans: Source | None, simulated: Source | None, *, are_same: bool) -> BothSources:
    """Both, if they can be compared; a table given for both may hold one kind alone, and then the other is missing.

    Args:
        humans: what was given for the people.
        simulated: what was given for the simulated annotators.
        are_same: whether both are the same table.

    Raises:
        UserError: the same verdicts stand on both sides, or one has no row of its kind.
    """
    if are_same and humans is not None and simulated is not None:
        _refuse_shared_rows(humans, simulated)
    return BothSources(
        humans=_unless_empty(humans, simulated, are_same=are_same),
        simulated=_unless_empty(simulated, humans, are_same=are_same),
    )


def _unless_empty(source: Source | None, other: Source | None, *, are_same: bool) -> Source | None:
    if source is None or not isinstance(source.content, pd.DataFrame) or len(source.content):
        return source
    if are_same and other is not None and len(_rows(other)):
        return None
    raise UserError(
        f"{source.path}: no rows of the kind that is asked for; humans= reads the rows with annotator_kind 'human', "
        "simulated= those with 'llm'"
    )


def _refuse_shared_rows(humans: Source, simulated: Source) -> None:
    if set(_rows(humans).index) & set(_rows(simulated).index):
        raise UserError(
            f"{humans.path} was given for both sides and does not say which verdicts are whose: add a column "
            "annotator_kind with 'human' or 'llm', or give the two sides as two files"
        )


def _rows(source: Source) -> pd.DataFrame:
    return source.content if isinstance(source.content, pd.DataFrame) else pd.DataFrame()
