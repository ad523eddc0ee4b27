"""Recorded verdicts, found again: what an annotator of a file said of a pair of outputs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from farm.conversation import messages_as_text
from farm.data.files.column_mapping import OWN_NAMES, ColumnMapping
from farm.labels.annotation_row import pair_key
from farm.labels.presented_orders import is_of_two_orders
from farm.labels.read import read_annotations
from farm.labels.row_filter import row_filters
from farm.labels.verdicts import annotation_of_row, comparison_of_row, turned_annotation
from farm.records import Annotation, Comparison


class _Recorded(NamedTuple):
    """A verdict as it stands in the file."""

    annotation: Annotation
    """FIRST means the file's output_1."""
    output_1: str


class _Pair(NamedTuple):
    """What a verdict is found by."""

    key: str
    """Of the texts, whatever their order."""
    shown_first: str | None
    """The output that was seen first; None of an annotator that did not judge pairs in both orders."""


@dataclass(frozen=True, kw_only=True)
class RecordedVerdicts:
    """One annotator's verdicts by the texts of the pair, whichever output the file names first."""

    by_pair: Mapping[_Pair, _Recorded]
    """The first verdict where a pair has several."""

    def on(self, comparison: Comparison, first_shown: int | None) -> Annotation | None:
        """The verdict on a pair, FIRST meaning its output_1; None if there is none.

        Args:
            comparison: the pair, in any order of its outputs.
            first_shown: the output that was to be seen first, 1 or 2, if the annotator judged in both orders; of
                others, and with None, whatever they saw first.
        """
        key = _key(comparison)
        shown = {None: None, 1: comparison.output_1, 2: comparison.output_2}[first_shown]
        recorded = self.by_pair.get(_Pair(key, shown)) or self.by_pair.get(_Pair(key, None))
        if recorded is None:
            return None
        is_same = recorded.output_1 == comparison.output_1
        # The file may write the instruction otherwise, so the verdict gets the key of the pair that was asked about.
        asked = replace(recorded.annotation, comparison_key=comparison.key)
        return asked if is_same else turned_annotation(asked, comparison)


def recorded_verdicts(rows: pd.DataFrame) -> RecordedVerdicts:
    """Make the verdicts of one annotator findable.

    Args:
        rows: all that an annotation table has of the annotator.
    """
    by_pair: dict[_Pair, _Recorded] = {}
    for row, is_ordered in zip(rows.to_dict("records"), is_of_two_orders(rows), strict=True):
        comparison, annotation = comparison_of_row(row), annotation_of_row(row)
        shown = {1: comparison.output_1, 2: comparison.output_2}[annotation.first_shown] if is_ordered else None
        by_pair.setdefault(_Pair(_key(comparison), shown), _Recorded(annotation, comparison.output_1))
    return RecordedVerdicts(by_pair=by_pair)


@lru_cache(maxsize=8)
def recorded_table(file: Path, columns: ColumnMapping = OWN_NAMES, where: str | None = None) -> pd.DataFrame:
    """The annotation table of a file of judges' verdicts, which is read once. Nobody may change it.

    Args:
        file: as `read_annotations` takes it.
        columns: what the file calls its columns.
        where: a condition on them that holds for the rows that count; None for all.
    """
    return read_annotations(file, assumed_kind="llm", columns=columns, where=row_filters(where))


def _key(comparison: Comparison) -> str:
    return pair_key(
        comparison.instruction,
        comparison.input,
        (comparison.output_1,),
        (comparison.output_2,),
        history=messages_as_text(comparison.history),
    )
