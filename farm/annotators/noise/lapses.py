"""Answers given without looking, and answers not given."""

from dataclasses import dataclass
from typing import ClassVar

from farm.annotators.noise.noise import ABSTAINED, Label, check_range, draw_for, toss
from farm.records import Preference


@dataclass(frozen=True, kw_only=True)
class Lapses:
    """Now and then the worker clicks anything."""

    key_name: ClassVar[str] = "Lapses"

    lapse_prob: float
    """Probability in [0, 1] that a verdict is replaced by a random one."""
    tie_share: float
    """Share of the random answers that are ties, in [0, 1]; the rest is a fair coin."""

    def __post_init__(self) -> None:
        check_range("lapse_prob", self.lapse_prob, 0.0, 1.0)
        check_range("tie_share", self.tie_share, 0.0, 1.0)

    def apply(self, label: Label, seed: int) -> Label:
        if not label.is_open or draw_for(label, seed, "lapse") >= self.lapse_prob:
            return label
        if draw_for(label, seed, "lapse tie") < self.tie_share:
            return label._replace(preference=Preference.TIE)
        return toss(label, seed, "lapse answer")


@dataclass(frozen=True, kw_only=True)
class Abstentions:
    """Now and then the worker gives no answer: the verdict is missing, with its reason, and not a tie."""

    key_name: ClassVar[str] = "Abstentions"

    abstain_prob: float
    """Probability in [0, 1]."""

    def __post_init__(self) -> None:
        check_range("abstain_prob", self.abstain_prob, 0.0, 1.0)

    def apply(self, label: Label, seed: int) -> Label:
        if label.preference is None or draw_for(label, seed, "abstention") >= self.abstain_prob:
            return label
        return label._replace(preference=None, reason=f"{ABSTAINED} (simulated, probability {self.abstain_prob:g})")
