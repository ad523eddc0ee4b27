"""A table of labels as arrays: who said what of which item, and how often the others said the same."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from farm.stats.agreement.by_annotator import three_classes
from farm.stats.bootstrap import FloatArray

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
TraitKind = Literal["first", "second", "output_1", "output_2", "tie", "longer", "shorter"]

_SHOWN: tuple[tuple[TraitKind, int], ...] = (("first", 0), ("second", 2))
_OUTPUTS: tuple[tuple[TraitKind, int], ...] = (("output_1", 0), ("output_2", 2))


@dataclass(frozen=True, kw_only=True)
class VoteTable:
    """Parsed labels, one entry a label, in the order in which they were given; L labels, I items."""

    names: tuple[str, ...]
    item: Ints
    annotator: Ints
    stratum: Ints
    """Items that are alike but for their texts: same models, same dataset."""
    label: Ints
    """0 output_1, 1 tie, 2 output_2."""
    shown: Ints
    """0 for the output that was shown first, 1 tie, 2 for the other; -1 where the order is not recorded."""
    longer: Ints
    """The label that prefers the longer output; -1 if both are as long."""

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "VoteTable":
        frame = frame[frame["preference"].notna()]
        if "labelled_at" in frame:
            frame = frame.iloc[np.argsort(_moments(frame["labelled_at"]), kind="stable")]
        preference = three_classes(frame["preference"].to_numpy(dtype=np.float64))
        label = np.round(2 * preference).astype(np.int64) - 2
        length = [frame[name].astype(str).str.len().to_numpy() for name in ("output_1", "output_2")]
        longer = np.select([length[0] > length[1], length[0] < length[1]], [0, 2], default=-1)
        first_shown = np.zeros(len(frame), dtype=np.int64)
        if "first_shown" in frame:
            first_shown = frame["first_shown"].fillna(0).to_numpy(dtype=np.int64)
        shown = np.select([first_shown == 1, first_shown == 2], [label, 2 - label], default=-1)
        annotator, names = pd.factorize(frame["annotator"], sort=True)
        strata = (
            frame["dataset"].astype(str) + "\x1f" + frame["model_1"].astype(str) + "\x1f" + frame["model_2"].astype(str)
        )
        return cls(
            names=tuple(str(name) for name in names),
            item=pd.factorize(frame["item_id"])[0].astype(np.int64),
            annotator=annotator.astype(np.int64),
            stratum=pd.factorize(strata)[0].astype(np.int64),
            label=label,
            shown=shown.astype(np.int64),
            longer=longer.astype(np.int64),
        )

    def only(self, left: Bools) -> "VoteTable":
        """Without the labels of annotators who have been set aside."""
        keep = left[self.annotator]
        return replace(
            self,
            item=self.item[keep],
            annotator=self.annotator[keep],
            stratum=self.stratum[keep],
            label=self.label[keep],
            shown=self.shown[keep],
            longer=self.longer[keep],
        )

    def compared_with(self, annotators: Sequence[int]) -> Ints:
        """Everybody with labels on the same items, or alone on items like those that these labelled alone."""
        is_own = np.isin(self.annotator, annotators)
        is_beside = np.isin(self.item, self.item[is_own])
        is_unshared = self.n_beside == 1
        is_like = is_unshared & np.isin(self.stratum, self.stratum[is_own & is_unshared])
        return np.unique(self.annotator[is_beside | is_like])

    @cached_property
    def counts(self) -> Ints:
        """Labels of each item by class, (I, 3)."""
        n_items = int(self.item.max(initial=-1)) + 1
        return np.bincount(3 * self.item + self.label, minlength=3 * n_items).reshape(n_items, 3).astype(np.int64)

    @cached_property
    def n_beside(self) -> Ints:
        """Labels on each label's item, itself among them."""
        return np.asarray(self.counts.sum(axis=1)[self.item])

    @cached_property
    def is_comparable(self) -> Bools:
        """Of each annotator, whether somebody else labelled the same items, or others of the same models."""
        is_unshared = self.n_beside == 1
        own = np.unique(np.stack([self.stratum[is_unshared], self.annotator[is_unshared]]), axis=1)
        is_like = np.bincount(own[0])[own[0]] > 1
        comparable = np.zeros(len(self.names), dtype=np.bool_)
        comparable[own[1][is_like]] = True
        comparable[self.annotator[~is_unshared]] = True
        return comparable

    @cached_property
    def agreement(self) -> FloatArray:
        """Share of the other labels of its item that are equal; NaN where there is no other."""
        equal = self.counts[self.item, self.label] - 1
        return np.where(self.n_beside > 1, equal / np.maximum(self.n_beside - 1, 1), np.nan)

    @cached_property
    def traits(self) -> "dict[TraitKind, Trait]":
        """By name; of the first two and the next two those that some item can have."""
        every = np.ones(len(self.label), dtype=np.bool_)
        has_longer = self.longer >= 0
        is_unordered = np.bincount(self.item[self.shown < 0], minlength=len(self.counts))[self.item] > 0
        sides: dict[TraitKind, Trait] = {}
        if not is_unordered.all():
            for kind, value in _SHOWN:
                sides[kind] = Trait.of(self, ~is_unordered & (self.shown == value), ~is_unordered)
        if is_unordered.any():
            for kind, value in _OUTPUTS:
                sides[kind] = Trait.of(self, is_unordered & (self.label == value), is_unordered)
        return {
            **sides,
            "tie": Trait.of(self, self.label == 1, every),
            "longer": Trait.of(self, has_longer & (self.label == self.longer), has_longer),
            "shorter": Trait.of(self, has_longer & (self.label == 2 - self.longer), has_longer),
        }

    @cached_property
    def is_outvoted(self) -> Bools:
        """Whether another label is more frequent on the item."""
        return np.asarray(self.counts[self.item, self.label] < self.counts.max(axis=1)[self.item])

    @cached_property
    def outvoted_share(self) -> FloatArray:
        """Share of the labels on the same item that are outvoted."""
        n_items = len(self.counts)
        return np.asarray(np.bincount(self.item[self.is_outvoted], minlength=n_items)[self.item] / self.n_beside)

    @cached_property
    def agreement_stratum(self) -> Ints:
        """Labels on items of the same stratum and number of labels have the same number."""
        return np.asarray(np.unique(np.stack([self.stratum, self.n_beside]), axis=1, return_inverse=True)[1].ravel())

    @cached_property
    def agreement_moments(self) -> "AgreementMoments":
        """Of each agreement stratum."""
        value = np.nan_to_num(self.agreement)
        item_mean = (np.bincount(self.item, weights=value) / np.maximum(np.bincount(self.item), 1))[self.item]
        weight = 1 / self.n_beside  # a label's share of its item: items count alike, whatever their number of labels
        n_items = np.bincount(self.agreement_stratum, weights=weight)
        mean = np.bincount(self.agreement_stratum, weights=weight * value) / n_items
        spread = (item_mean - mean[self.agreement_stratum]) ** 2
        between = np.bincount(self.agreement_stratum, weights=weight * spread) / np.maximum(n_items - 1, 1)
        within = np.bincount(self.agreement_stratum, weights=weight * (value - item_mean) ** 2) / n_items
        return AgreementMoments(mean, between, within, np.round(n_items))


class AgreementMoments(NamedTuple):
    """How far labels agree with the others of their items; one entry per agreement stratum."""

    mean: FloatArray
    between: FloatArray
    """Variance between items' means."""
    within: FloatArray
    """Mean variance within an item."""
    n_items: FloatArray


@dataclass(frozen=True, kw_only=True)
class Trait:
    """Which labels have it."""

    has: Bools
    can: Bools
    """Whether the label could have had it."""
    share: FloatArray
    """Share of the labels on the same item that have it."""
    unshared_marked: Ints
    """Per stratum: items' only labels that have it ..."""
    unshared: Ints
    """... and all of them."""

    @classmethod
    def of(cls, labels: VoteTable, has: Bools, can: Bools) -> "Trait":
        n_items, n_strata = len(labels.counts), int(labels.stratum.max(initial=-1)) + 1
        total = np.bincount(labels.item[has], minlength=n_items)[labels.item]
        is_unshared = can & (labels.n_beside == 1)
        return cls(
            has=has,
            can=can,
            share=total / labels.n_beside,
            unshared_marked=np.bincount(labels.stratum[is_unshared & has], minlength=n_strata),
            unshared=np.bincount(labels.stratum[is_unshared], minlength=n_strata),
        )


def _moments(labelled_at: pd.Series) -> FloatArray:
    """Times as numbers, or the order of the rows (0 for all) where some time cannot be read."""
    numbers = pd.to_numeric(labelled_at, errors="coerce")
    if numbers.isna().any():
        times = pd.to_datetime(labelled_at.astype(str), errors="coerce", utc=True, format="mixed")
        numbers = times.astype("int64").where(times.notna())
    return np.asarray(numbers.to_numpy(dtype=np.float64) if numbers.notna().all() else np.zeros(len(numbers)))
