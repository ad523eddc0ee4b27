"""Noise as a stage of its own over clean verdicts, so that sweeping it costs no judge call.

Every draw is keyed by (seed, stage, annotator, unordered comparison): swapping the outputs or reordering a batch
changes none.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from farm.records import Comparison, Preference
from farm.seeds import uniform_for


class Label(NamedTuple):
    """A verdict on its way through the noise stages."""

    comparison: Comparison
    preference: Preference | None
    """As it stands after the stages so far."""
    p_first: float | None
    """The judge's own soft verdict, where there is one."""
    first_shown: int
    """Which output the judge saw first: 1 or 2; 0 if it judged both orders."""
    annotator: str
    """Name of the annotator that the stage belongs to."""
    judge: str
    """Who gave the clean verdict."""
    worker: str = ""
    """Whom a stage has drawn to give the noised verdict; empty before."""
    reason: str = ""
    """Why a stage took the preference away ("abstained ..."); empty where none did."""


class Noise(Protocol):
    """Turns a verdict into the verdict that is recorded."""

    def apply(self, label: Label, seed: int) -> Label:
        """The label after this stage. Every draw is keyed by (seed, stage, annotator, comparison.pair_key)."""


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

    def apply(self, label: Label, seed: int) -> Label:
        if label.preference is None:
            return label
        draw = uniform_for(seed, f"label flip {label.annotator}", label.comparison.pair_key)
        return label._replace(preference=label.preference.swapped) if draw < self.flip_prob else label
