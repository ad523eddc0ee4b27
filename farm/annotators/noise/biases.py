"""Biases that have nothing to do with quality: for longer answers, for lists, for what is shown first.

All are in log odds b: among verdicts that say nothing, the odds of the favoured output are exp(b x), where x says how
far the outputs differ. To that end the worker goes by the bias alone with probability tanh(|b x| / 2), and otherwise by
the verdict: P(favoured) = tanh(z / 2) + (1 - tanh(z / 2)) / 2 = sigmoid(z) for z = |b x|. So a hard verdict is biased
as well, of which adding to its infinite log odds would change nothing; 0 is no bias, a negative one favours the other
output. (The fitted `CrowdNoise` adds its biases to finite log odds instead.)
"""

import math
from dataclasses import dataclass
from typing import ClassVar

from farm.annotators.noise.noise import Label, draw_for, prefers
from farm.stats.bias.answer_style import list_difference, log_length_ratio


@dataclass(frozen=True, kw_only=True)
class LengthBias:
    """Favours the longer output; x is the log ratio of the lengths in characters."""

    key_name: ClassVar[str] = "LengthBias"

    log_odds: float
    """For each factor e (2.7) in length; negative favours the shorter."""

    def __post_init__(self) -> None:
        check_finite("log_odds", self.log_odds)

    def apply(self, label: Label, seed: int) -> Label:
        comparison = label.comparison
        gap = log_length_ratio(comparison.output_1, comparison.output_2)
        return _biased(label, self.log_odds * gap, seed, "length bias")


@dataclass(frozen=True, kw_only=True)
class ListBias:
    """Favours the output with a list, where the other has none."""

    key_name: ClassVar[str] = "ListBias"

    log_odds: float
    """Negative favours the output without."""

    def __post_init__(self) -> None:
        check_finite("log_odds", self.log_odds)

    def apply(self, label: Label, seed: int) -> Label:
        comparison = label.comparison
        gap = list_difference(comparison.output_1, comparison.output_2)
        return _biased(label, self.log_odds * gap, seed, "list bias")


@dataclass(frozen=True, kw_only=True)
class PositionBias:
    """Favours the output that was shown first; no effect where both orders were judged."""

    key_name: ClassVar[str] = "PositionBias"

    log_odds: float
    """Negative favours the output shown second."""

    def __post_init__(self) -> None:
        check_finite("log_odds", self.log_odds)

    def apply(self, label: Label, seed: int) -> Label:
        return _biased(label, self.log_odds * order_sign(label.first_shown), seed, "position bias")


def order_sign(first_shown: int) -> int:
    """1 if output_1 was shown first, -1 if output_2 was, 0 if both orders were."""
    return {0: 0, 1: 1, 2: -1}[first_shown]


def check_finite(name: str, value: float) -> None:
    """Raise ValueError unless value is a finite number."""
    if not math.isfinite(value):
        raise ValueError(f"{name}: expected a finite number, got {value:g}")


def _biased(label: Label, logit: float, seed: int, stage: str) -> Label:
    if not label.is_open or draw_for(label, seed, stage) >= math.tanh(abs(logit) / 2):
        return label
    return prefers(label, first=logit > 0)
