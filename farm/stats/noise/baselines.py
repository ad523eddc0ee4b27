"""What a calibrated crowd must beat: predictions of a human label from the judge's verdict without fitting a crowd.

    constant      the shares of the three labels in the training items, the same for every item
    judge_alone   the judge's p_first, or certainty of its verdict where it gave none
    flat_flips    the judge's preference, turned round with probability 0.25 (AlpacaFarm's p_ann); its ties stay ties
    fitted_flips  the shares of the three labels in the training items, apart for the judge's preference and its ties

A label that a prediction excludes would cost it infinitely much, and flips never give a tie. So judge_alone and
flat_flips are mixed with an even guess among the labels that people used, in the share that fits the training items
best (maximum likelihood, at least 0.001): the kindest reading of them. constant and fitted_flips add half a label to
each count (Jeffreys).
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar

from farm.stats.bootstrap import FloatArray
from farm.stats.noise.labels import CrowdLabels

FLAT_FLIP_PROB = 0.25
SIDES = (0.5, 0.0, -0.5)
"""First, tie, second: the columns of all arrays here."""
_LEAST_SHARE = 1e-3
_PSEUDO_COUNT = 0.5

Predictor = Callable[[CrowdLabels, CrowdLabels], FloatArray]
"""(training labels, held-out labels) -> (N, 3) probabilities of first, tie, second for each held-out label."""


def constant(train: CrowdLabels, test: CrowdLabels) -> FloatArray:
    """One distribution for all."""
    return np.tile(_shares(_counts(train), _used(train)), (test.n_labels, 1))


def judge_alone(train: CrowdLabels, test: CrowdLabels) -> FloatArray:
    """The judge's own verdict, soft where it is."""
    return _mixed(certain_verdict, train, test)


def flat_flips(train: CrowdLabels, test: CrowdLabels) -> FloatArray:
    """A quarter of the judge's preferences turned round."""
    return _mixed(certain_flips, train, test)


def fitted_flips(train: CrowdLabels, test: CrowdLabels) -> FloatArray:
    """How often people agree with the judge, oppose it, and tie; after a tie of the judge both sides are alike."""
    used, seen, side = _used(train), judged_side(train), judged_side(test)
    agreeing = np.where(seen[:, None] > 0, _hits(train), _hits(train)[:, ::-1])
    after_preference = _shares(agreeing[seen != 0].sum(axis=0), used)
    counts = _hits(train)[seen == 0].sum(axis=0)
    after_tie = _shares((counts + counts[::-1]) / 2, used)
    towards = np.where(side[:, None] > 0, after_preference, after_preference[::-1])
    return np.where(side[:, None] == 0, after_tie, towards)


BASELINES: dict[str, Predictor] = {
    "flat_flips": flat_flips,
    "judge_alone": judge_alone,
    "constant": constant,
    "fitted_flips": fitted_flips,
}


def log_scores(probabilities: FloatArray, labels: CrowdLabels) -> FloatArray:
    """(N,) log-probability of each label."""
    scores: FloatArray = np.log((probabilities * _hits(labels)).sum(axis=1))
    return scores


def n_impossible(probabilities: FloatArray, labels: CrowdLabels) -> int:
    """Labels that have probability 0."""
    return int(np.count_nonzero((probabilities * _hits(labels)).sum(axis=1) == 0))


def judged_side(labels: CrowdLabels) -> FloatArray:
    """(N,) the judge's preference: 1 first, -1 second, 0 tie."""
    return np.sign(labels.soft_margin + labels.hard_margin)


def certain_verdict(labels: CrowdLabels) -> FloatArray:
    """(N, 3) of the judge alone, unmixed."""
    side = judged_side(labels)
    certain = np.stack([side > 0, side == 0, side < 0], axis=1).astype(np.float64)
    p_first = 1.0 / (1.0 + np.exp(-labels.soft_margin))
    soft = np.stack([p_first, np.zeros(len(p_first)), 1.0 - p_first], axis=1)
    verdict: FloatArray = np.where(labels.soft_margin[:, None] != 0, soft, certain)
    return verdict


def certain_flips(labels: CrowdLabels) -> FloatArray:
    """(N, 3) of flat flips, unmixed."""
    side = judged_side(labels)
    certain = np.stack([side > 0, side == 0, side < 0], axis=1).astype(np.float64)
    flipped: FloatArray = (1.0 - FLAT_FLIP_PROB) * certain + FLAT_FLIP_PROB * certain[:, ::-1]
    return flipped


def _mixed(predict: Callable[[CrowdLabels], FloatArray], train: CrowdLabels, test: CrowdLabels) -> FloatArray:
    even = _used(train) / _used(train).sum()
    fitted = (predict(train) * _hits(train)).sum(axis=1)
    guess = (even * _hits(train)).sum(axis=1)

    def loss(share: float) -> float:
        return -float(np.log((1 - share) * fitted + share * guess).sum())

    share = float(minimize_scalar(loss, bounds=(_LEAST_SHARE, 1.0), method="bounded").x)
    mixed: FloatArray = (1 - share) * predict(test) + share * even
    return mixed


def _hits(labels: CrowdLabels) -> FloatArray:
    hits: FloatArray = (labels.side[:, None] == np.array(SIDES)).astype(np.float64)
    return hits


def _counts(labels: CrowdLabels) -> FloatArray:
    total: FloatArray = _hits(labels).sum(axis=0)
    return total


def _used(labels: CrowdLabels) -> FloatArray:
    """1 for each label that may occur: a preference always, a tie if people ever tied."""
    return np.array([1.0, float(np.any(labels.side == 0)), 1.0])


def _shares(counts: FloatArray, used: FloatArray) -> FloatArray:
    smoothed = (counts + _PSEUDO_COUNT) * used
    shares: FloatArray = smoothed / smoothed.sum()
    return shares
