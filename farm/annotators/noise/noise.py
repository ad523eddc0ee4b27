"""Noise as a stage of its own over clean verdicts, so that sweeping it costs no judge call.

Every draw is keyed by (seed, stage, annotator, unordered comparison): swapping the outputs or reordering a batch
changes none. Stages compose in order; a verdict that is missing stays missing, and two identical outputs stay a tie.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

from farm.errors import UserError
from farm.records import Annotation, Comparison, Preference
from farm.seeds import derive_seed, uniform_for

ABSTAINED = "abstained"
"""How the reason of a verdict that a stage took away begins."""


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

    @property
    def is_open(self) -> bool:
        """Whether a stage may change it: there is a verdict, and the outputs differ."""
        return self.preference is not None and self.comparison.output_1 != self.comparison.output_2


class Noise(Protocol):
    """Turns a verdict into the verdict that is recorded."""

    def apply(self, label: Label, seed: int) -> Label:
        """The label after this stage. Every draw is keyed by (seed, stage, annotator, comparison.pair_key)."""


@dataclass(frozen=True, kw_only=True)
class LabelFlip:
    """AlpacaFarm's noise: a hard preference is turned round with a fixed probability (paper: 0.25).

    An annotator that agrees with others at a drops to 1/2 + (1 - 2 flip_prob)(a - 1/2); at 0.5 the labels say nothing.
    """

    key_name: ClassVar[str] = "LabelFlip"

    flip_prob: float
    """Probability in [0, 0.5]."""

    def __post_init__(self) -> None:
        check_range("flip_prob", self.flip_prob, 0.0, 0.5)

    def apply(self, label: Label, seed: int) -> Label:
        if label.preference is None:
            return label
        draw = draw_for(label, seed, "label flip")
        return label._replace(preference=label.preference.swapped) if draw < self.flip_prob else label


def add_noise(label: Label, stages: Sequence[Noise], seed: int) -> Label:
    """The label after all stages in order; two stages of one kind draw independently."""
    for index, stage in enumerate(stages):
        label = stage.apply(label, derive_seed(seed, "noise stage", str(index)))
    return label


def renoise(
    annotations: Sequence[Annotation],
    comparisons: Sequence[Comparison],
    noise: Sequence[Noise],
    annotator: str,
    seed: int,
) -> list[Annotation]:
    """Put noise on recorded clean verdicts: what an annotator of that name with that noise would have recorded.

    Args:
        annotations: recorded; any noise on them is forgotten, the clean verdicts are used.
        comparisons: what they label, in the same order.
        noise: the stages.
        annotator: name in the new annotations; the draws are keyed by it.
        seed: keys the draws, together with the comparison.

    Raises:
        UserError: an annotation does not belong to its comparison.
    """
    renoised = []
    for row, (annotation, comparison) in enumerate(zip(annotations, comparisons, strict=True)):
        if annotation.comparison_key != comparison.key:
            raise UserError(
                f"annotation {row} is of the comparison {annotation.comparison_key}, not of {comparison.key}; "
                "give both in the same order"
            )
        clean = Label(
            comparison=comparison,
            preference=annotation.clean_preference,
            p_first=annotation.p_first,
            first_shown=annotation.first_shown,
            annotator=annotator,
            judge=annotation.judge,
        )
        label = add_noise(clean, noise, seed)
        # Why the judge gave no verdict stays; a reason of noise on record goes with that noise.
        kept_reason = "" if annotation.clean_preference is not None else annotation.unparsed_reason
        renoised.append(
            dataclasses.replace(
                annotation,
                annotator=annotator,
                seed=seed,
                preference=label.preference,
                is_noised=label.preference != annotation.clean_preference,
                worker=label.worker,
                unparsed_reason=kept_reason or label.reason,
            )
        )
    return renoised


def draw_for(label: Label, seed: int, stage: str) -> float:
    """One uniform draw in [0, 1) of a stage for one label."""
    return uniform_for(seed, f"{stage} {label.annotator}", label.comparison.pair_key)


def prefers(label: Label, *, first: bool) -> Label:
    """The label with output_1 (or output_2) preferred."""
    return label._replace(preference=Preference.FIRST if first else Preference.SECOND)


def toss(label: Label, seed: int, stage: str) -> Label:
    """The label with either output preferred, by a fair coin that the order of the outputs does not turn."""
    return prefers(label, first=(draw_for(label, seed, stage) < 0.5) == is_first_smaller(label.comparison))


def is_first_smaller(comparison: Comparison) -> bool:
    """Whether output_1 comes first in the alphabet: what draws are oriented by, so that a swap turns them round."""
    return comparison.output_1 <= comparison.output_2


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise ValueError unless low <= value <= high."""
    if not low <= value <= high:
        raise ValueError(f"{name}: expected a number in [{low:g}, {high:g}], got {value:g}")
