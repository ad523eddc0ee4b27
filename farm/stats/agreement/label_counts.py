"""How often each label was given to each item: all that agreement within a group of annotators depends on.

Annotators may label different items and different numbers of them; who gave a label does not matter here.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from farm.stats.bootstrap import FloatArray

IntArray = npt.NDArray[np.int64]

FIVE_CLASSES = (1.0, 1.25, 1.5, 1.75, 2.0)
"""First clearly better, slightly better, tie, second slightly better, clearly better."""


def counts_of(item: IntArray, label: FloatArray, classes: Sequence[float], n_items: int) -> FloatArray:
    """(I, C) from N labels.

    Args:
        item: (N,) which item, 0 to n_items - 1.
        label: (N,) one of `classes`, or NaN, which counts nowhere.
        classes: the C labels.
        n_items: I.

    Raises:
        ValueError: a label is none of the classes.
    """
    place = np.full(len(label), -1, dtype=np.int64)
    for index, value in enumerate(classes):
        place[label == value] = index
    strange = (place < 0) & ~np.isnan(label)
    if strange.any():
        raise ValueError(
            f"expected the labels {', '.join(f'{c:g}' for c in classes)}, got {float(label[strange][0]):g} "
            f"({int(strange.sum())} such labels)"
        )
    used = place >= 0
    cells = np.bincount(item[used] * len(classes) + place[used], minlength=n_items * len(classes))
    return cells.reshape(n_items, len(classes)).astype(np.float64)


def table_counts(labels: FloatArray, classes: Sequence[float]) -> FloatArray:
    """(I, C) from a table (I, S) of items x labels, NaN = empty. Labels that are none of the classes count nowhere."""
    return np.stack([(labels == c).sum(axis=1) for c in classes], axis=1).astype(np.float64)


def labels_by_item(item: IntArray, label: FloatArray, n_items: int) -> FloatArray:
    """(I, S) labels of each item in their order, NaN where an item has fewer than S, the largest number of labels.

    Args:
        item: (N,) which item, 0 to n_items - 1.
        label: (N,); NaN (unparsed) takes a place too.
        n_items: I.
    """
    order = np.argsort(item, kind="stable")
    n_labels = np.bincount(item, minlength=n_items)
    place = np.arange(len(item)) - np.repeat(np.cumsum(n_labels) - n_labels, n_labels)
    table = np.full((n_items, int(n_labels.max(initial=0))), np.nan)
    table[item[order], place] = label[order]
    return table
