"""Noise as a stage of its own over clean verdicts, so that sweeping it costs no judge call.

Every draw is keyed by (seed, stage, annotator, unordered comparison): swapping the outputs or reordering a batch
changes none.
"""

from dataclasses import dataclass
from typing import Protocol

from farm.records import Comparison, Preference
from farm.seeds import uniform_for


class Noise(Protocol):
    """Turns a verdict into the verdict that is recorded."""

    def apply(
        self, preference: Preference | None, comparison: Comparison, annotator: str, seed: int
    ) -> Preference | None:
        """A verdict that is missing stays missing."""


@dataclass(frozen=True, kw_only=True)
class LabelFlip:
    """AlpacaFarm's noise: a hard preference is turned round with a fixed probability (paper: 0.25).

    An annotator that agrees with others at a drops to 1/2 + (1 - 2 flip_prob)(a - 1/2); at 0.5 the labels say nothing.
    """

    flip_prob: float
    """Probability in [0, 0.5]."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.flip_prob <= 0.5:
            raise ValueError(f"flip_prob: expected a probability in [0, 0.5], got {self.flip_prob}")

    def apply(
        self, preference: Preference | None, comparison: Comparison, annotator: str, seed: int
    ) -> Preference | None:
        if preference is None:
            return None
        is_flipped = uniform_for(seed, f"label flip {annotator}", comparison.pair_key) < self.flip_prob
        return preference.swapped if is_flipped else preference
