"""How well scores predict labels of pairs: accuracy, calibration, and whether it is more than a taste for length.

Everything is seen from the label's side: margin = score of the preferred output minus that of the other one. Under the
Bradley-Terry model the label's probability is sigmoid(margin), in units in which the reward model was trained. Labels
on one prompt, on whatever pairs of outputs to it and by whomever, are drawn together in every interval and error: pairs
of one prompt share outputs and are no independent draws.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import expit

from farm.stats.bootstrap import Estimate, FloatArray, Resampling
from farm.stats.shares import ratio

CONFIDENCE_EDGES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Bins of the predicted probability of whichever output has the higher score."""
_LOG_SLOPES = (-7.0, 7.0)


@dataclass(frozen=True, kw_only=True)
class CalibrationBin:
    """Labels for which the reward model was about equally sure."""

    low: float
    high: float
    n: int
    confidence: float | None
    """Mean predicted probability of the output with the higher score; None if n is 0."""
    accuracy: Estimate
    """Share of the labels that prefer that output; calibrated if it equals the confidence."""


@dataclass(frozen=True, kw_only=True)
class LengthBin:
    """Labels whose preferred output is longer or shorter by about as much."""

    low: float | None
    """Least length of the preferred output minus that of the other one, in characters; None for any."""
    high: float | None
    """Largest; None for any."""
    n: int
    accuracy: Estimate
    """Share of the labels that the scores agree with."""


@dataclass(frozen=True, kw_only=True)
class RewardEvaluation:
    """A reward model against labels."""

    n: int
    """Labels that prefer one of two scored outputs: what everything below rests on."""
    n_items: int
    """Pairs that they are about."""
    n_prompts: int
    """Prompts that the pairs answer: what intervals and errors draw."""
    accuracy: Estimate
    """Share of the labels whose preferred output has the higher score; equal scores count one half."""
    standard_error: float | None
    """Of the accuracy, prompts as a whole; None for a single prompt."""
    log_loss: Estimate
    """-mean log predicted probability of the preferred output, in nats; log 2 = .693 for a coin."""
    brier: Estimate
    """Mean squared distance of that probability from 1; 1/4 for a coin."""
    calibration_error: float
    """ECE: |confidence - accuracy| of the bins, weighted by their labels; biased upwards where bins are small."""
    calibration: tuple[CalibrationBin, ...]
    best_slope: float
    """What margins would have to be multiplied by for the lowest log loss: below 1, the model is too sure. Fitted on
    these very labels."""
    log_loss_at_best_slope: float
    longest: Estimate
    """Accuracy of the rule "the longer output is better"; equal lengths count one half."""
    ahead_of_longest: Estimate
    """accuracy - longest, on the same labels."""
    agreement_with_longest: Estimate
    """Share of the pairs of different length and score in which the longer output has the higher score."""
    by_length: tuple[LengthBin, ...]


class _PromptMeans(NamedTuple):
    """Makes estimates of sums over labels, whole prompts drawn."""

    prompt: npt.NDArray[np.int64]
    resampling: Resampling

    def mean(self, values: FloatArray, counts: npt.NDArray[np.bool_], purpose: str) -> Estimate:
        """Mean of values (L,) over the labels that count (L,)."""
        n_prompts = int(self.prompt.max()) + 1
        return ratio(
            np.bincount(self.prompt, np.where(counts, values, 0.0), n_prompts).astype(np.float64),
            np.bincount(self.prompt, counts, n_prompts).astype(np.float64),
            purpose=f"reward evaluation: {purpose}",
            resampling=self.resampling,
            nothing="no label here",
        )


def evaluate_scores(
    items: Sequence[str],
    margins: FloatArray,
    length_gaps: FloatArray,
    *,
    prompts: Sequence[str],
    gap_bounds: Sequence[float],
    resampling: Resampling,
) -> RewardEvaluation:
    """All figures.

    Args:
        items: (L,) which pair each label is about.
        margins: (L,) score of the preferred output minus that of the other one, in log-odds.
        length_gaps: (L,) characters of the preferred output minus those of the other one.
        prompts: (L,) which prompt each label's pair answers.
        gap_bounds: upper ends of the bins of how much longer one is, ascending and positive; the bins are mirrored.
        resampling: draws the prompts.

    Raises:
        ValueError: there is no label.
    """
    if len(margins) == 0:
        raise ValueError("no label prefers one of two scored outputs")
    _, places = np.unique(np.asarray(prompts), return_inverse=True)
    means = _PromptMeans(places, resampling)
    everything = np.ones(len(margins), dtype=bool)
    is_right, is_longest = _credit(margins), _credit(length_gaps)
    is_unequal = (margins != 0) & (length_gaps != 0)
    bins = _calibration(margins, is_right, means)
    slope = _best_slope(margins)
    return RewardEvaluation(
        n=len(margins),
        n_items=len(set(items)),
        n_prompts=int(places.max()) + 1,
        accuracy=means.mean(is_right, everything, "accuracy"),
        standard_error=_standard_error(is_right, places),
        log_loss=means.mean(np.logaddexp(0, -margins), everything, "log loss"),
        brier=means.mean(expit(-margins) ** 2, everything, "brier"),
        calibration_error=_calibration_error(bins),
        calibration=bins,
        best_slope=slope,
        log_loss_at_best_slope=float(np.logaddexp(0, -slope * margins).mean()),
        longest=means.mean(is_longest, everything, "longest"),
        ahead_of_longest=means.mean(is_right - is_longest, everything, "ahead of longest"),
        agreement_with_longest=means.mean(_credit(margins * length_gaps), is_unequal, "agreement with longest"),
        by_length=_by_length(length_gaps, is_right, gap_bounds, means),
    )


def _credit(differences: FloatArray) -> FloatArray:
    """1 for a positive difference, 1/2 for none, 0 for a negative one."""
    return (np.sign(differences) + 1) / 2


def _calibration(margins: FloatArray, is_right: FloatArray, means: _PromptMeans) -> tuple[CalibrationBin, ...]:
    confidence = expit(np.abs(margins))
    last = len(CONFIDENCE_EDGES) - 2
    place = np.clip(np.searchsorted(CONFIDENCE_EDGES, confidence, side="right") - 1, 0, last)
    return tuple(
        CalibrationBin(
            low=CONFIDENCE_EDGES[k],
            high=CONFIDENCE_EDGES[k + 1],
            n=int((place == k).sum()),
            confidence=float(confidence[place == k].mean()) if (place == k).any() else None,
            accuracy=means.mean(is_right, place == k, f"calibration {k}"),
        )
        for k in range(last + 1)
    )


def _calibration_error(bins: Sequence[CalibrationBin]) -> float:
    gaps = [
        each.n * abs(each.confidence - each.accuracy.value)
        for each in bins
        if each.confidence is not None and each.accuracy.value is not None
    ]
    return sum(gaps) / sum(each.n for each in bins)


def _by_length(
    gaps: FloatArray, is_right: FloatArray, bounds: Sequence[float], means: _PromptMeans
) -> tuple[LengthBin, ...]:
    """From "shorter by most" over "as long" to "longer by most"; lengths are whole numbers."""
    longer = [(low + 1, high) for low, high in itertools.pairwise([0.0, *bounds, np.inf])]
    ranges = [*((-high, -low) for low, high in reversed(longer)), (0.0, 0.0), *longer]
    inside = [(gaps >= low) & (gaps <= high) for low, high in ranges]
    return tuple(
        LengthBin(
            low=low if np.isfinite(low) else None,
            high=high if np.isfinite(high) else None,
            n=int(those.sum()),
            accuracy=means.mean(is_right, those, f"length {low}"),
        )
        for (low, high), those in zip(ranges, inside, strict=True)
    )


def _best_slope(margins: FloatArray) -> float:
    """The slope of a logistic regression without intercept; at the end of the range if the labels are separable."""
    optimum = minimize_scalar(
        lambda log_slope: float(np.logaddexp(0, -np.exp(log_slope) * margins).mean()),
        bounds=_LOG_SLOPES,
        method="bounded",
    )
    return float(np.exp(optimum.x))


def _standard_error(is_right: FloatArray, places: npt.NDArray[np.int64]) -> float | None:
    """Of a share of labels, prompts drawn as a whole (linearised, Cochran 1977, section 11.8)."""
    n_prompts = int(places.max()) + 1
    if n_prompts < 2:
        return None
    residuals = np.bincount(places, is_right - is_right.mean(), n_prompts)
    return float(np.sqrt(n_prompts / (n_prompts - 1) * np.square(residuals).sum()) / len(is_right))
