"""What several annotators said about the same items, as a matrix with its grades."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from farm.stats.agreement.by_annotator import is_plain, three_classes
from farm.stats.bootstrap import FloatArray
from farm.stats.ranking.pair_counts import BoolArray


@dataclass(frozen=True, kw_only=True)
class LabelTable:
    """What several annotators of one kind said about the same items."""

    annotators: tuple[str, ...]
    labels: FloatArray
    """(I, A) 1 = output_1 is better, 2 = output_2, 1.5 = tie, between: graded; NaN where there is no verdict."""
    is_asked: BoolArray
    """(I, A): whether the annotator was asked about the item; asked and NaN means unparsed."""

    @property
    def classes(self) -> FloatArray:
        """(I, A) in {1, 1.5, 2}: a grade below 1.5 is a 1, above it a 2 (`three_classes`)."""
        return three_classes(self.labels)

    @property
    def has_grades(self) -> bool:
        """Whether some label is none of 1, 1.5 and 2."""
        return not is_plain(self.labels)

    @property
    def n_verdicts(self) -> int:
        return int(np.isfinite(self.labels).sum())

    @property
    def n_unparsed(self) -> int:
        return int((self.is_asked & np.isnan(self.labels)).sum())

    def of_annotator(self, annotator: int) -> "LabelTable":
        """The table of one annotator, by its place."""
        return LabelTable(
            annotators=(self.annotators[annotator],),
            labels=self.labels[:, [annotator]],
            is_asked=self.is_asked[:, [annotator]],
        )

    def of_items(self, is_kept: BoolArray) -> "LabelTable":
        """Some of the items, (I,), with the annotators who were asked about one of these."""
        is_asked = self.is_asked[is_kept]
        there = np.flatnonzero(is_asked.any(axis=0))
        return LabelTable(
            annotators=tuple(self.annotators[k] for k in there),
            labels=self.labels[is_kept][:, there],
            is_asked=is_asked[:, there],
        )


def label_table(rows: pd.DataFrame, item_ids: pd.Index) -> LabelTable:
    """The matrix of the rows of an annotation table.

    Args:
        rows: one row per item and annotator.
        item_ids: the items, in the order of the result.
    """
    item = item_ids.get_indexer(pd.Index(rows["item_id"]))
    names, annotator = np.unique(rows["annotator"].to_numpy(dtype=str), return_inverse=True)
    labels = np.full((len(item_ids), len(names)), np.nan)
    labels[item, annotator] = rows["preference"].to_numpy(dtype=np.float64)
    is_asked = np.zeros(labels.shape, dtype=np.bool_)
    is_asked[item, annotator] = True
    return LabelTable(annotators=tuple(str(n) for n in names), labels=labels, is_asked=is_asked)
