"""How well a fitted crowd predicts labels of items it was not fitted to: k-fold cross-validation over items.

The crowd predicts each label as one by a worker who is not known (reliability and opinion integrated out), from what
the baselines see: the judge's verdict and the two outputs. All labels of an item are in one fold. Scores are
log-probabilities in nats per label; differences are paired, their intervals resample items.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from farm.seeds import uniform_for
from farm.stats.bootstrap import Estimate, FloatArray, Resampling, estimate, item_weights
from farm.stats.noise.baselines import BASELINES, certain_flips, certain_verdict, log_scores, n_impossible
from farm.stats.noise.fit import CrowdFit
from farm.stats.noise.labels import CrowdLabels, IntArray
from farm.stats.noise.likelihood import held_out

CALIBRATED = "calibrated"


@dataclass(frozen=True, kw_only=True)
class Score:
    """One prediction's score on held-out labels."""

    name: str
    """calibrated, or a baseline of `farm.stats.noise.baselines`."""
    per_label: Estimate
    """Mean log-probability of a label; its n_total counts labels."""
    ahead: Estimate | None
    """calibrated minus this, per label; None for calibrated itself."""


@dataclass(frozen=True, kw_only=True)
class HeldOutScores:
    """Everything that cross-validation found."""

    scores: tuple[Score, ...]
    """The calibrated crowd first."""
    joint: Estimate
    """Gain of predicting the labels of an item together instead of each by itself, in nats per label: what the shared
    opinion knows."""
    n_impossible_alone: int
    """Labels that the judge alone rules out: people tied or opposed it."""
    n_impossible_flips: int
    """Labels that flat flips rule out: people tied where the judge did not, or the reverse."""


def fold_of_items(item_ids: Sequence[str], n_folds: int, seed: int) -> IntArray:
    """(I,) the fold of each item: a shuffle keyed by the item's name, folds of equal size up to one."""
    order = np.argsort([uniform_for(seed, "calibration fold", name) for name in item_ids], kind="stable")
    fold = np.empty(len(item_ids), dtype=np.int64)
    fold[order] = np.arange(len(item_ids)) % n_folds
    return fold


def predicted_labels(labels: CrowdLabels, fits: Sequence[CrowdFit], fold: IntArray) -> FloatArray:
    """(N,) log-probability of each label by the fit that has not seen its item."""
    logp = np.empty(labels.n_labels)
    for k, crowd_fit in enumerate(fits):
        test = labels.of_items(fold == k)
        logp[fold[labels.item] == k] = held_out(test, crowd_fit.fit.coefficients, crowd_fit.fit.spread).of_labels
    return logp


def score_folds(
    labels: CrowdLabels,
    fits: Sequence[CrowdFit],
    fold: IntArray,
    *,
    resampling: Resampling,
) -> HeldOutScores:
    """Score every label by the fit that has not seen its item."""
    of_labels = {name: np.empty(labels.n_labels) for name in (CALIBRATED, *BASELINES)}
    joint = np.empty(labels.n_items)
    for k, crowd_fit in enumerate(fits):
        rows = fold[labels.item] == k
        train, test = labels.of_items(fold != k), labels.of_items(fold == k)
        predicted = held_out(test, crowd_fit.fit.coefficients, crowd_fit.fit.spread)
        of_labels[CALIBRATED][rows] = predicted.of_labels
        joint[fold == k] = predicted.of_items
        for name, predict in BASELINES.items():
            of_labels[name][rows] = log_scores(predict(train, test), test)

    def of_items(values: FloatArray) -> FloatArray:
        return np.bincount(labels.item, values, minlength=labels.n_items).astype(np.float64)

    item_sums = {name: of_items(values) for name, values in of_labels.items()}
    sizes = of_items(np.ones(labels.n_labels))
    weights = item_weights(labels.n_items, resampling, "calibration score bootstrap")

    def per_label(sums: FloatArray) -> Estimate:
        return estimate(float(sums.sum() / sizes.sum()), (weights @ sums) / (weights @ sizes), n_total=labels.n_labels)

    own = item_sums[CALIBRATED]
    return HeldOutScores(
        scores=tuple(
            Score(
                name=name,
                per_label=per_label(sums),
                ahead=None if name == CALIBRATED else per_label(own - sums),
            )
            for name, sums in item_sums.items()
        ),
        joint=per_label(joint - own),
        n_impossible_alone=n_impossible(certain_verdict(labels), labels),
        n_impossible_flips=n_impossible(certain_flips(labels), labels),
    )
