"""Noise that depends on how close a decision was: Bradley-Terry temperature, and ties."""

import math
from dataclasses import dataclass
from typing import ClassVar

from farm.annotators.noise.noise import Label, check_range, draw_for, is_first_smaller, prefers
from farm.records import Preference
from farm.stats.noise.choice_model import choice_probabilities


@dataclass(frozen=True, kw_only=True)
class MarginNoise:
    """Close decisions are noisier: output_1 is chosen with probability sigmoid(logit(p_first) / temperature).

    p_first is the judge's own soft verdict, or stands for the verdict where the judge gives none: `p_limit` for the
    preferred output (1/2 for a tie). It replaces the verdict, so it comes before stages that change one.
    """

    key_name: ClassVar[str] = "MarginNoise"

    temperature: float
    """Above 0: 1 draws from p_first as it is; towards 0 the likelier output always wins; large is a coin."""
    p_limit: float
    """In [0.5, 1]: p_first is cut to [1 - p_limit, p_limit]; a verdict without p_first counts as p_limit, so that 1
    leaves such a verdict as it is."""

    def __post_init__(self) -> None:
        check_above("temperature", self.temperature, 0.0)
        check_range("p_limit", self.p_limit, 0.5, 1.0)

    def apply(self, label: Label, seed: int) -> Label:
        margin = verdict_margin(label, p_limit=self.p_limit)
        if not label.is_open or (label.p_first is None and label.preference is Preference.TIE):
            return label
        chance = choice_probabilities(margin / self.temperature, tie_weight=0.0, lapse_rate=0.0)
        is_smaller_first = is_first_smaller(label.comparison)
        p_smaller = chance.first if is_smaller_first else chance.second
        draw = draw_for(label, seed, "margin noise")
        return prefers(label, first=(draw < p_smaller) == is_smaller_first)


@dataclass(frozen=True, kw_only=True)
class NearTies:
    """Close decisions become ties: where the judge's p_first is near one half. A verdict without p_first stays."""

    key_name: ClassVar[str] = "NearTies"

    half_width: float
    """In [0, 0.5]: a tie if |p_first - 1/2| is less than this."""

    def __post_init__(self) -> None:
        check_range("half_width", self.half_width, 0.0, 0.5)

    def apply(self, label: Label, seed: int) -> Label:  # noqa: ARG002
        if label.preference is None or label.p_first is None or abs(label.p_first - 0.5) >= self.half_width:
            return label
        return label._replace(preference=Preference.TIE)


@dataclass(frozen=True, kw_only=True)
class RandomTies:
    """A preference is withheld, a tie recorded instead, with a fixed probability."""

    key_name: ClassVar[str] = "RandomTies"

    tie_prob: float
    """Probability in [0, 1]."""

    def __post_init__(self) -> None:
        check_range("tie_prob", self.tie_prob, 0.0, 1.0)

    def apply(self, label: Label, seed: int) -> Label:
        if label.preference is None or draw_for(label, seed, "random tie") >= self.tie_prob:
            return label
        return label._replace(preference=Preference.TIE)


def verdict_margin(label: Label, *, p_limit: float) -> float:
    """Log odds of output_1 in the judge's verdict, cut to those of `p_limit`; infinite at p_limit = 1; 0 for none."""
    if label.preference is None:
        return 0.0
    p_first = 2.0 - label.preference.value if label.p_first is None else label.p_first
    return margin_of(p_first, p_limit=p_limit)


def margin_of(p_first: float, *, p_limit: float) -> float:
    """Log odds of a probability, cut to [1 - p_limit, p_limit]."""
    cut = min(max(p_first, 1.0 - p_limit), p_limit)
    if cut in (0.0, 1.0):
        return math.inf if cut else -math.inf
    return math.log(cut / (1.0 - cut))


def check_above(name: str, value: float, bound: float) -> None:
    """Raise ValueError unless value is a finite number above the bound."""
    if not (value > bound and math.isfinite(value)):
        raise ValueError(f"{name}: expected a number above {bound:g}, got {value:g}")
