"""Simulated against real labels of held-out items: what the calibrated crowd reproduces and what it does not.

For every real label one is simulated, of the same item and in the same order of presentation, by the crowd fitted to
the other folds; that many times over. Figures (all are ratios of sums over items, so that the bootstrap of the real
ones draws whole items):

    agreement          two labels of one item are equal; over all pairs within an item, mean over items
    variance           1 - agreement of one label with the most frequent of the others (a tie of several counts its
                       share); mean over items with at least two labels, as AlpacaEval's leave-one-out variance
    judge_agreement    a label equals the judge's verdict (first, tie, second)
    prefer_longer      share of the longer output where one is preferred and the lengths differ by over 30 characters
    prefer_lists       share of the output with a list where one is preferred and only one has one
    prefer_first_shown share of the output shown first where one is preferred and the order is recorded
    tie_rate           share of ties
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from farm.analysis.calibration.data import CalibrationData, clean_label
from farm.annotators.noise.crowd import CrowdNoise
from farm.annotators.noise.noise import LabelFlip, Noise, add_noise
from farm.records import Preference
from farm.seeds import derive_seed
from farm.stats.bootstrap import Estimate, FloatArray, Resampling, estimate, item_weights
from farm.stats.noise.baselines import FLAT_FLIP_PROB, SIDES, judged_side

MIN_LENGTH_GAP = 30
"""Characters; AlpacaEval's definition of its share of longer outputs."""


class Ratio(NamedTuple):
    """A figure's numerator and denominator, item by item."""

    part: FloatArray
    """(I,)"""
    whole: FloatArray
    """(I,)"""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of real and simulated labels."""

    name: str
    real: Estimate
    """With a bootstrap interval over items; n_total counts the items that it rests on."""
    calibrated: Estimate
    """Mean over the simulations; the interval is where 95% of simulated data sets of this size lie."""
    flat_flips: Estimate
    """The same of the judge's verdicts with a quarter of the preferences turned round."""
    judge_alone: Estimate
    """The same of the judge's clean verdicts; they do not vary."""


def figures(
    data: CalibrationData,
    stages: Sequence[CrowdNoise],
    fold: npt.NDArray[np.int64],
    *,
    n_simulations: int,
    resampling: Resampling,
    advance: Callable[[], None],
) -> tuple[Figure, ...]:
    """Compare real with simulated labels.

    Args:
        data: what was calibrated on.
        stages: for each fold the crowd fitted to the others.
        fold: (I,) the fold of each item.
        n_simulations: simulated data sets.
        resampling: of the real figures; its seed keys the simulations too.
        advance: called after each simulated data set.
    """
    real = _ratios(data, data.labels.side)
    weights = item_weights(data.labels.n_items, resampling, "calibration figures bootstrap")
    flips = LabelFlip(flip_prob=FLAT_FLIP_PROB)
    crowd: dict[str, list[float]] = {name: [] for name in real}
    flat: dict[str, list[float]] = {name: [] for name in real}
    for k in range(n_simulations):
        of_fold = [
            (dataclasses.replace(stage, seed=derive_seed(resampling.seed, "crowd", str(k))),) for stage in stages
        ]
        for values, noise in ((crowd, [of_fold[f] for f in fold]), (flat, [(flips,)] * len(fold))):
            ratios = _ratios(data, simulated_sides(data, noise, derive_seed(resampling.seed, "simulation", str(k))))
            for name, ratio in ratios.items():
                values[name].append(_value(ratio))
        advance()
    alone = _ratios(data, judged_side(data.labels) / 2)
    return tuple(
        Figure(
            name=name,
            real=_estimate(ratio, weights),
            calibrated=_simulated(crowd[name], ratio),
            flat_flips=_simulated(flat[name], ratio),
            judge_alone=_simulated([_value(alone[name])], ratio),
        )
        for name, ratio in real.items()
    )


def simulated_sides(data: CalibrationData, noise: Sequence[tuple[Noise, ...]], seed: int) -> FloatArray:
    """(N,) one simulated label for every real one: 1/2 first, 0 tie, -1/2 second.

    Args:
        data: items and judge.
        noise: (I,) the stages of each item.
        seed: keys the draws; the labels of one item are by workers drawn independently.
    """
    sides = np.empty(data.labels.n_labels)
    seen: dict[int, int] = {}
    for row, (item, order) in enumerate(zip(data.labels.item.tolist(), data.labels.order.tolist(), strict=True)):
        number = seen.get(item, 0)
        seen[item] = number + 1
        label = clean_label(data, item, annotator="simulated", first_shown={0.0: 0, 1.0: 1, -1.0: 2}[order])
        preference = add_noise(label, noise[item], derive_seed(seed, "label", str(number))).preference
        assert preference is not None
        sides[row] = {Preference.FIRST: 0.5, Preference.TIE: 0.0, Preference.SECOND: -0.5}[preference]
    return sides


def _ratios(data: CalibrationData, side: FloatArray) -> Mapping[str, Ratio]:
    labels = data.labels
    counts = np.stack(
        [np.bincount(labels.item, side == value, minlength=labels.n_items) for value in SIDES], axis=1
    ).astype(np.float64)
    n = counts.sum(axis=1)
    several = n >= 2
    equal_pairs = (counts * (counts - 1)).sum(axis=1) / np.maximum(n * (n - 1), 1)
    by_item = {
        "agreement": Ratio(equal_pairs * several, several.astype(np.float64)),
        "variance": Ratio((1 - _with_others(counts)) * several, several.astype(np.float64)),
    }
    gaps = [len(c.output_1) - len(c.output_2) for c in data.comparisons]
    length = np.array([float(np.sign(gap)) if abs(gap) > MIN_LENGTH_GAP else 0.0 for gap in gaps])[labels.item]
    all_labels = np.ones(labels.n_labels)
    for name, favoured in (
        ("judge_agreement", None),
        ("prefer_longer", length),
        ("prefer_lists", labels.list_gap),
        ("prefer_first_shown", labels.order),
        ("tie_rate", None),
    ):
        if favoured is not None:
            part, whole = (side * favoured > 0), (side * favoured != 0)
        elif name == "tie_rate":
            part, whole = side == 0, all_labels > 0
        else:
            part, whole = side == judged_side(labels) / 2, all_labels > 0
        by_item[name] = Ratio(
            np.bincount(labels.item, part, minlength=labels.n_items).astype(np.float64),
            np.bincount(labels.item, whole, minlength=labels.n_items).astype(np.float64),
        )
    return by_item


def _with_others(counts: FloatArray) -> FloatArray:
    """(I, 3) counts of the three answers -> (I,) mean over labels of the agreement with the mode of the others."""
    share = np.zeros(len(counts))
    for own in range(counts.shape[1]):
        others = counts.copy()
        others[:, own] -= 1
        is_mode = others == others.max(axis=1, keepdims=True)
        share += counts[:, own] * is_mode[:, own] / is_mode.sum(axis=1)
    mean: FloatArray = share / np.maximum(counts.sum(axis=1), 1)
    return mean


def _value(ratio: Ratio) -> float:
    whole = float(ratio.whole.sum())
    return float(ratio.part.sum()) / whole if whole else float("nan")


def _estimate(ratio: Ratio, weights: FloatArray) -> Estimate:
    with np.errstate(invalid="ignore"):
        drawn = (weights @ ratio.part) / (weights @ ratio.whole)
    n_total = int(np.count_nonzero(ratio.whole))
    return estimate(_value(ratio), drawn, n_total=n_total, reason="no item to take it from")


def _simulated(values: Sequence[float], real: Ratio) -> Estimate:
    n_total = int(np.count_nonzero(real.whole))
    known = np.array([value for value in values if np.isfinite(value)])
    if len(known) == 0:
        return Estimate(value=None, low=None, high=None, n_total=n_total, reason="no item to take it from")
    if len(known) == 1:
        reason = "it does not vary" if len(values) == 1 else "one simulation only"
        return Estimate(value=float(known[0]), low=None, high=None, n_total=n_total, reason=reason)
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(value=float(known.mean()), low=float(low), high=float(high), n_total=n_total)
