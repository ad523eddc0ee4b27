"""Noise on top of any annotator's clean verdicts, such as recorded ones, without asking its judges again."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from farm.annotators.annotator import Annotator, ShownOrders, drawn_order
from farm.annotators.noise.noise import Noise, renoise
from farm.calls.request import Calls
from farm.judges.judge import Judge
from farm.records import Annotation, Comparison

NO_STAGE = "none"
"""What stands behind an annotator's name where its noise is taken away."""


def replace_noise(annotator: Annotator, stages: Mapping[str, Noise] | None) -> Annotator:
    """The annotator with these stages in place of its own noise, on the same samples and the same clean verdicts.

    Args:
        annotator: any; its judges are asked exactly what they are asked without.
        stages: in the order in which they are applied, by the names that stand behind the annotator's:
            `pool+length_bias+label_flip`; empty for its clean verdicts, `pool+none`; None for the annotator itself.
    """
    if stages is None:
        return annotator
    name = "+".join([annotator.name, *(stages or [NO_STAGE])])
    return NoisedAnnotator(name=name, arm=annotator.arm, clean=annotator, noise=tuple(stages.values()))


@dataclass(frozen=True, kw_only=True)
class NoisedAnnotator:
    """Another annotator's clean verdicts, given by workers who err.

    The workers see each pair in a random order of their own, which the annotation records as `first_shown`; in which
    order a judge once saw it says nothing about them. Asked in one order, workers and judges see that one.
    """

    key_name: ClassVar[str] = "NoisedAnnotator"

    name: str
    """Stands in every annotation and table."""
    arm: str
    """Annotators of one arm label the same samples."""
    clean: Annotator
    """Whose clean verdicts they are; its own noise is left out."""
    noise: tuple[Noise, ...]
    """Stages applied in order to the clean verdict."""

    def judges(self) -> Sequence[Judge]:
        return self.clean.judges()

    def each_judge(self) -> Sequence[Annotator]:
        return self.clean.each_judge()

    def shown_orders(self, *, with_noise: bool) -> ShownOrders:
        return "random" if with_noise else self.clean.shown_orders(with_noise=False)

    def annotate(
        self,
        comparisons: Sequence[Comparison],
        recorded: Sequence[Annotation],
        seed: int,
        *,
        with_noise: bool,
        first_shown: int | None = None,
        calls: Calls,
    ) -> list[Annotation]:
        clean = self.clean.annotate(comparisons, recorded, seed, with_noise=False, first_shown=first_shown, calls=calls)
        shown = [
            dataclasses.replace(annotation, first_shown=first_shown or drawn_order(comparison, seed, self.name))
            for annotation, comparison in zip(clean, comparisons, strict=True)
        ]
        return renoise(shown, comparisons, self.noise if with_noise else (), self.name, seed)
