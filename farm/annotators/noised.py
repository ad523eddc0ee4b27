"""Noise on top of any annotator's clean verdicts, such as recorded ones, without asking its judges again."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from farm.annotators.annotator import Annotator
from farm.annotators.noise.noise import Noise, is_first_smaller, renoise
from farm.calls.request import NO_CALLS, Calls
from farm.judges.judge import Judge
from farm.records import Annotation, Comparison
from farm.seeds import uniform_for


@dataclass(frozen=True, kw_only=True)
class NoisedAnnotator:
    """Another annotator's clean verdicts, given by workers who err.

    The workers see each pair in a random order of their own, which the annotation records as `first_shown`; in which
    order a judge once saw it says nothing about them.
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

    def annotate(
        self,
        comparisons: Sequence[Comparison],
        recorded: Sequence[Annotation],
        seed: int,
        *,
        with_noise: bool,
        calls: Calls = NO_CALLS,
    ) -> list[Annotation]:
        clean = self.clean.annotate(comparisons, recorded, seed, with_noise=False, calls=calls)
        shown = [
            dataclasses.replace(annotation, first_shown=self._first_shown(comparison, seed))
            for annotation, comparison in zip(clean, comparisons, strict=True)
        ]
        return renoise(shown, comparisons, self.noise if with_noise else (), self.name, seed)

    def _first_shown(self, comparison: Comparison, seed: int) -> int:
        shows_smaller = uniform_for(seed, f"order of {self.name}", comparison.pair_key) < 0.5
        return 1 if shows_smaller == is_first_smaller(comparison) else 2
