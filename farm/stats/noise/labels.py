"""What the noise model of a crowd is fitted to: human labels beside a judge's clean verdicts, as arrays."""

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from farm.stats.bootstrap import FloatArray

IntArray = npt.NDArray[np.int64]

_BLOCK = 200
"""Labels that are worked on at once: what a block needs stays in the processor's cache, and memory is bounded."""


@dataclass(frozen=True, kw_only=True)
class CrowdLabels:
    """N labels of W workers on I items, sorted by item; the letters are those of the model (`farm.stats.noise.fit`)."""

    item: IntArray
    """(N,) index of the item, not decreasing; every item from 0 to I - 1 occurs."""
    worker: IntArray
    """(N,) index of the worker."""
    n_workers: int
    side: FloatArray
    """(N,) the label: 1/2 = first, 0 = tie, -1/2 = second."""
    soft_margin: FloatArray
    """(N,) log odds of the judge's p_first; 0 where it gave none."""
    hard_margin: FloatArray
    """(N,) of a verdict without p_first: 1 = first, -1 = second, 0 = tie; 0 where there is p_first."""
    length_ratio: FloatArray
    """(N,) x: log ratio of the lengths of the two outputs."""
    list_gap: FloatArray
    """(N,) l: 1 if only output_1 has a list, -1 if only output_2."""
    order: FloatArray
    """(N,) o: 1 if the worker saw output_1 first, -1 if output_2, 0 if unknown or both."""

    def __post_init__(self) -> None:
        if np.any(np.diff(self.item) < 0):
            raise ValueError("labels must be sorted by item")

    @property
    def n_labels(self) -> int:
        return len(self.item)

    @property
    def n_items(self) -> int:
        return int(self.item[-1]) + 1 if len(self.item) else 0

    @cached_property
    def starts(self) -> IntArray:
        """(I,) row of each item's first label."""
        return np.flatnonzero(np.diff(self.item, prepend=-1)).astype(np.int64)

    def of_items(self, keep: npt.NDArray[np.bool_]) -> "CrowdLabels":
        """The labels of the items that `keep` (I,) names, renumbered; workers keep their numbers."""
        return self._rows(keep[self.item])

    @cached_property
    def blocks(self) -> tuple["CrowdLabels", ...]:
        """The labels in pieces that split no item."""
        bounds = np.append(self.starts, self.n_labels)
        pieces = []
        first = 0
        while first < self.n_items:
            last = max(first + 1, int(np.searchsorted(bounds, bounds[first] + _BLOCK, side="right")) - 1)
            pieces.append(self._rows(slice(bounds[first], bounds[last])))
            first = last
        return tuple(pieces)

    def _rows(self, rows: npt.NDArray[np.bool_] | slice) -> "CrowdLabels":
        arrays = {
            field.name: vars(self)[field.name][rows]
            for field in dataclasses.fields(self)
            if field.name not in ("item", "n_workers")
        }
        _, item = np.unique(self.item[rows], return_inverse=True)
        return CrowdLabels(item=item.astype(np.int64), n_workers=self.n_workers, **arrays)
