"""How well annotators agree with each other: raw agreement, Cohen's kappa, leave-one-out, accuracy against a reference.

Agreement that does not ask who gave a label is in `pair_agreement` and `kappa`, AlpacaEval's in `bias_variance`.

Labels are 1 (first better), 1.5 (tie), 2 (second better) and NaN (unparsed, left out and counted). Graded labels are
read as these three classes by `three_classes`. Intervals: percentile bootstrap that draws whole items, since the labels
of one item are not independent.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from farm.stats.bootstrap import Estimate, FloatArray, Resampling, estimate, resampled_sums

IntArray = npt.NDArray[np.int64]

CLASSES = (1.5, 1.0, 2.0)
"""Tie, first, second."""

MAX_DENSE = 32
"""Annotators up to which a table of items x annotators is held in full."""

UnparsedRule = Literal["dropped", "tie", "wrong"]


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How a judge's labels match reference labels, classes tie, first and second."""

    accuracy: float | None
    """Share of equal labels; None if there is no item."""
    macro_precision: float
    """Mean over the three classes; a class never predicted counts 0."""
    macro_recall: float
    macro_f1: float
    f1_tie_first_second: tuple[float, float, float]
    n_total: int
    n_unparsed: int
    """Unparsed labels of the judge, whatever was done with them."""


def is_plain(labels: FloatArray) -> bool:
    """Whether every label is 1, 1.5, 2 or missing, so that none is graded."""
    return bool(np.isin(labels[np.isfinite(labels)], CLASSES).all())


def three_classes(labels: FloatArray) -> FloatArray:
    """Graded labels in [1, 2] as classes: below 1.5 first (1), above it second (2), 1.5 a tie; NaN stays NaN."""
    return np.where(np.isnan(labels), np.nan, 1.5 + 0.5 * np.sign(labels - 1.5))


def majority(labels: FloatArray) -> FloatArray:
    """The most frequent label of each item; a tie (1.5) where several labels are equally frequent.

    Args:
        labels: (I, A), items x annotators, NaN = no label.

    Returns:
        (I,); NaN where nobody labelled the item.
    """
    counts = _class_counts(labels)
    is_mode = (counts == counts.max(axis=1, keepdims=True)) & (counts > 0)
    n_modes = is_mode.sum(axis=1)
    winner = np.asarray(CLASSES)[is_mode.argmax(axis=1)]
    return np.select([n_modes == 0, n_modes == 1], [np.full(len(labels), np.nan), winner], default=1.5)


def raw_agreement(first: FloatArray, second: FloatArray, *, resampling: Resampling) -> Estimate:
    """Share of the items on which both give the same label.

    Args:
        first: (I,) labels of one annotator.
        second: (I,) labels of the other.
        resampling: draws the items.
    """
    keep = np.isfinite(first) & np.isfinite(second)
    is_equal = (first[keep] == second[keep]).astype(np.float64)
    n_total = int(keep.sum())
    if n_total == 0:
        return _nothing(len(keep))
    drawn = resampled_sums(is_equal[:, None], resampling, "raw agreement bootstrap")[:, 0] / n_total
    return estimate(is_equal.mean(), drawn, n_total=n_total, n_unparsed=len(keep) - n_total)


def cohen_kappa(first: FloatArray, second: FloatArray, *, resampling: Resampling) -> Estimate:
    """Cohen's kappa (1960): (observed - chance) / (1 - chance) agreement, over the labels that occur.

    Undefined, with the reason, if both use one and the same label throughout. Arguments as in `raw_agreement`.
    """
    keep = np.isfinite(first) & np.isfinite(second)
    n_total = int(keep.sum())
    if n_total == 0:
        return _nothing(len(keep))
    first, second = first[keep], second[keep]
    classes = np.union1d(first, second)
    per_item = np.column_stack([first == second, first[:, None] == classes, second[:, None] == classes]).astype(
        np.float64
    )
    return estimate(
        float(_kappa(per_item.sum(axis=0, keepdims=True))[0]),
        _kappa(resampled_sums(per_item, resampling, "kappa bootstrap")),
        n_total=n_total,
        n_unparsed=len(keep) - n_total,
        reason="both annotators use one and the same label throughout",
    )


def leave_one_out(labels: FloatArray, *, is_strict: bool, resampling: Resampling) -> Estimate:
    """Mean over annotators of the agreement of one with the most frequent label of the others.

    Where the others have several modes each counts its share (the expected value of a random tie-break: AlpacaFarm's
    definition without its draw). Strict: only items on which the others are unanimous count. Annotators may label
    different items; one who shares no item with the others is left out of the mean.

    Args:
        labels: (I, A), items x annotators, NaN = no label.
        is_strict: leave out the items on which the others differ.
        resampling: draws the items.
    """
    shares = _shares_of_mode(labels, is_strict)
    if len(shares.item) == 0:
        return _nothing(len(labels), "no annotator shares an item with another")
    items, row = np.unique(shares.item, return_inverse=True)
    people, column = np.unique(shares.annotator, return_inverse=True)
    n_total, n_annotators = len(items), len(people)
    places = np.concatenate([row, row]), np.concatenate([column, n_annotators + column])
    values = np.concatenate([shares.share, np.ones(len(row))])
    cells = sparse.csr_array((values, places), shape=(n_total, 2 * n_annotators))
    # A crowd's table is nearly empty; that of a few annotators has few distinct rows, which are drawn together.
    per_item = cells if n_annotators > MAX_DENSE else cells.toarray()
    sums = resampled_sums(per_item, resampling, "leave-one-out bootstrap")
    own = np.asarray(cells.sum(axis=0), dtype=np.float64).reshape(1, -1)
    return estimate(
        float(_mean_of_shares(own[:, :n_annotators], own[:, n_annotators:])[0]),
        _mean_of_shares(sums[:, :n_annotators], sums[:, n_annotators:]),
        n_total=n_total,
        n_unparsed=len(labels) - n_total,
    )


def accuracy(reference: FloatArray, predicted: FloatArray, *, unparsed: UnparsedRule) -> Accuracy:
    """Compare a judge with reference labels.

    Args:
        reference: (I,) labels taken as right, none missing.
        predicted: (I,) the judge's labels, NaN = unparsed.
        unparsed: "dropped" leaves these items out; "tie" reads them as ties (PandaLM's published figures);
            "wrong" keeps them as wrong answers.

    Raises:
        ValueError: a reference label is missing.
    """
    if np.isnan(reference).any():
        raise ValueError(f"{int(np.isnan(reference).sum())} reference labels are missing: leave those items out first")
    missing = np.isnan(predicted)
    if unparsed == "dropped":
        truth, guess = reference[~missing], predicted[~missing]
    else:
        truth, guess = reference, np.where(missing, {"tie": 1.5, "wrong": 0.0}[unparsed], predicted)
    hits = np.array([((truth == c) & (guess == c)).sum() for c in CLASSES], dtype=np.float64)
    n_guess = np.array([(guess == c).sum() for c in CLASSES])
    n_truth = np.array([(truth == c).sum() for c in CLASSES])
    f1 = 2 * hits / np.maximum(n_guess + n_truth, 1)
    return Accuracy(
        accuracy=float((truth == guess).mean()) if len(truth) else None,
        macro_precision=float((hits / np.maximum(n_guess, 1)).mean()),
        macro_recall=float((hits / np.maximum(n_truth, 1)).mean()),
        macro_f1=float(f1.mean()),
        f1_tie_first_second=(float(f1[0]), float(f1[1]), float(f1[2])),
        n_total=len(truth),
        n_unparsed=int(missing.sum()),
    )


def _class_counts(labels: FloatArray) -> FloatArray:
    return np.stack([(labels == c).sum(axis=1) for c in CLASSES], axis=1).astype(np.float64)


class _Shares(NamedTuple):
    """What the labels that count are worth, one entry a label."""

    item: IntArray
    annotator: IntArray
    share: FloatArray
    """1 / number of modes of the others if the label is one of them, else 0."""


def _shares_of_mode(labels: FloatArray, is_strict: bool) -> _Shares:
    """Every label that has others on its item (strict: unanimous others)."""
    item, annotator = np.nonzero(np.isfinite(labels))
    is_own = labels[item, annotator][:, None] == np.asarray(CLASSES)[None, :]
    counts = _class_counts(labels)[item] - is_own
    is_mode = (counts == counts.max(axis=1, keepdims=True)) & (counts > 0)
    n_modes = is_mode.sum(axis=1)
    share = (is_mode & is_own).any(axis=1) / np.maximum(n_modes, 1)
    used = (counts > 0).sum(axis=1) == 1 if is_strict else n_modes > 0
    return _Shares(item[used], annotator[used], share[used])


def _mean_of_shares(sums: FloatArray, n_drawn: FloatArray) -> FloatArray:
    """(R, A) and (R, A) -> (R,), over the annotators of whom an item was drawn."""
    is_drawn = n_drawn > 0
    means: FloatArray = (sums / np.where(is_drawn, n_drawn, 1)).sum(axis=1) / is_drawn.sum(axis=1)
    return means


def _kappa(sums: FloatArray) -> FloatArray:
    """(R, 1 + 2 C): equal labels, labels of the first by class, of the second by class -> (R,)."""
    first, second = np.split(sums[:, 1:], 2, axis=1)
    total = first.sum(axis=1)
    chance = (first * second).sum(axis=1) / total**2
    kappa: FloatArray = (sums[:, 0] / total - chance) / np.where(chance < 1, 1 - chance, np.nan)
    return kappa


def _nothing(n_items: int, reason: str = "no item has both labels") -> Estimate:
    return Estimate(value=None, low=None, high=None, n_total=0, n_unparsed=n_items, reason=reason)
