"""What several annotators said about the same items, as a matrix with its grades."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from farm.stats.agreement.by_annotator import is_plain, three_classes
from farm.stats.bootstrap import FloatArray
from farm.stats.ranking.pair_counts import BoolArray, IntArray


@dataclass(frozen=True, kw_only=True)
class LabelTable:
    """What several annotators of one kind said about the same items."""

    annotators: tuple[str, ...]
    labels: FloatArray
    """(I, A) 1 = output_1 is better, 2 = output_2, 1.5 = tie, between: graded; NaN where there is no verdict."""
    is_asked: BoolArray
    """(I, A): whether the annotator was asked about the item; asked and NaN means unparsed."""
    given: IntArray
    """(I, A) place of the label among all of the table in the order in which they were given."""

    @property
    def has_repeats(self) -> bool:
        """Whether some item has several labels."""
        return bool((np.isfinite(self.labels).sum(axis=1) > 1).any())

    @cached_property
    def classes(self) -> FloatArray:
        """(I, A) in {1, 1.5, 2}: a grade below 1.5 is a 1, above it a 2 (`three_classes`)."""
        return three_classes(self.labels) if self.has_grades else self.labels

    @cached_property
    def has_grades(self) -> bool:
        """Whether some label is none of 1, 1.5 and 2."""
        return not is_plain(self.labels)

    @property
    def n_verdicts(self) -> int:
        return int(np.isfinite(self.labels).sum())

    @property
    def n_unparsed(self) -> int:
        return int((self.is_asked & np.isnan(self.labels)).sum())

    def of_first_labels(self) -> "LabelTable":
        """The same with the first label of each item only."""
        places = np.where(np.isfinite(self.labels), self.given, self.labels.size)
        is_first = np.arange(self.labels.shape[1]) == places.argmin(axis=1)[:, None]
        return replace(self, labels=np.where(is_first, self.labels, np.nan), is_asked=self.is_asked & is_first)

    def of_annotator(self, annotator: int) -> "LabelTable":
        """The table of one annotator, by its place."""
        return LabelTable(
            annotators=(self.annotators[annotator],),
            labels=self.labels[:, [annotator]],
            is_asked=self.is_asked[:, [annotator]],
            given=self.given[:, [annotator]],
        )

    def of_items(self, is_kept: BoolArray) -> "LabelTable":
        """Some of the items, (I,), with the annotators who were asked about one of these."""
        is_asked = self.is_asked[is_kept]
        there = np.flatnonzero(is_asked.any(axis=0))
        return LabelTable(
            annotators=tuple(self.annotators[k] for k in there),
            labels=self.labels[is_kept][:, there],
            is_asked=is_asked[:, there],
            given=self.given[is_kept][:, there],
        )


def label_table(rows: pd.DataFrame, item_ids: pd.Index) -> LabelTable:
    """The matrix of the rows of an annotation table.

    Args:
        rows: one row per item and annotator, in the order of their times (`labelled_at`) or else of the file.
        item_ids: the items, in the order of the result.
    """
    item = item_ids.get_indexer(pd.Index(rows["item_id"]))
    names, annotator = np.unique(rows["annotator"].to_numpy(dtype=str), return_inverse=True)
    labels = np.full((len(item_ids), len(names)), np.nan)
    labels[item, annotator] = rows["preference"].to_numpy(dtype=np.float64)
    is_asked = np.zeros(labels.shape, dtype=np.bool_)
    is_asked[item, annotator] = True
    given = np.full(labels.shape, labels.size, dtype=np.intp)
    given[item, annotator] = in_order_given(rows)
    return LabelTable(annotators=tuple(str(n) for n in names), labels=labels, is_asked=is_asked, given=given)


def in_order_given(rows: pd.DataFrame) -> IntArray:
    """(N,) places of the rows of an annotation table from the earliest on: by their times, else as they stand."""
    if "labelled_at" in rows and rows["labelled_at"].notna().all():
        return np.argsort(np.argsort(rows["labelled_at"].to_numpy(dtype=str), kind="stable"), kind="stable")
    return np.arange(len(rows))
