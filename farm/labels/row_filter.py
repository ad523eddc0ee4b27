"""Which rows of recorded labels are read: those for which a condition on their columns holds."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from farm.data.conditions.condition import parse_condition
from farm.data.conditions.values import ConditionError
from farm.data.files.rows import frame_rows
from farm.labels.annotation_row import AnnotationRow, Kind

_WHOSE: Mapping[Kind | None, str] = {"human": "labels by people", "llm": "labels by judges", None: "rows"}


class KeptRows(NamedTuple):
    """What a filter leaves."""

    is_kept: list[bool]
    """Row by row."""
    note: str
    """How many it kept of how many, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class RowFilter:
    """A condition on the columns of a file of labels, and on those of the annotation table (`AnnotationRow`).

    Where a file has a column that the annotation table has too, the file's own cells count.
    """

    condition: str
    """In the grammar of `farm.data.conditions.condition`."""
    kind: Kind | None = None
    """Whose labels it is about: all others stay, unless there are no labels of this kind. None: about all rows."""

    def kept(self, rows: Sequence[AnnotationRow]) -> KeptRows:
        """Which rows of files are left.

        Raises:
            ConditionError: none is; a name is no column; or a row holds what cannot be compared.
        """
        kinds: list[str] = [row.annotator_kind for row in rows]
        return self._kept([{**vars(row), **row.columns} for row in rows], kinds)

    def kept_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of an annotation table that are left, which has only its own columns; the note is with its notes.

        Raises:
            ConditionError: as `kept`.
        """
        kept = self._kept(frame_rows(frame), list(frame["annotator_kind"]))
        left = frame[kept.is_kept]
        left.attrs = {**frame.attrs, "notes": [*frame.attrs.get("notes", []), kept.note]}
        return left

    def _kept(self, rows: Sequence[Mapping[str, object]], kinds: Sequence[str]) -> KeptRows:
        kind = self.kind if self.kind in kinds else None
        about = [k for k, its_kind in enumerate(kinds) if kind in (None, its_kind)]
        holds = parse_condition(self.condition).chosen([rows[k] for k in about])
        if about and not any(holds):
            raise ConditionError(f"for none of the {len(about)} {_WHOSE[kind]} holds {self.condition}")
        is_kept = [True] * len(rows)
        for k, is_chosen in zip(about, holds, strict=True):
            is_kept[k] = is_chosen
        return KeptRows(is_kept, f"kept {sum(holds)} of {len(about)} {_WHOSE[kind]} where {self.condition}")


def row_filters(condition: str | None, kind: Kind | None = None) -> tuple[RowFilter, ...]:
    """The filter of a setting; none without a condition."""
    return () if condition is None else (RowFilter(condition=condition, kind=kind),)


class Remaining(NamedTuple):
    """Rows that are left by filters."""

    rows: Iterable[AnnotationRow]
    places: list[int] | None
    """Where they stood among all; None if there is no filter."""
    notes: list[str]
    """A sentence of each filter."""


def remaining(rows: Iterable[AnnotationRow], where: Sequence[RowFilter]) -> Remaining:
    """The rows of files that all filters leave.

    Raises:
        ConditionError: as `RowFilter.kept`.
    """
    if not where:
        return Remaining(rows, None, [])
    left, notes = list(enumerate(rows)), list[str]()
    for each in where:
        kept = each.kept([row for _, row in left])
        left = list(itertools.compress(left, kept.is_kept))
        notes.append(kept.note)
    return Remaining([row for _, row in left], [place for place, _ in left], notes)


def filtered(frame: pd.DataFrame, where: Sequence[RowFilter]) -> pd.DataFrame:
    """The rows of an annotation table, which has only its own columns, that all filters leave.

    Raises:
        ConditionError: as `RowFilter.kept`.
    """
    for each in where:
        frame = each.kept_frame(frame)
    return frame


def check_condition(setting: str, condition: str | None) -> None:
    """Refuse a condition that cannot be read, before any file is.

    Raises:
        ValueError: with the place where it ends to be one.
    """
    if condition is not None:
        try:
            parse_condition(condition)
        except ConditionError as error:
            raise ValueError(f"{setting}: {error}") from error
