"""Annotators: what the laboratory simulates. A panel of judges, the order of presentation, and noise."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from farm.annotators.noise import Noise
from farm.judges.judge import Judge, Panel
from farm.records import Annotation, Comparison, Preference, Verdict
from farm.seeds import derive_seed, uniform_for


class Annotator(Protocol):
    """Labels comparisons."""

    @property
    def name(self) -> str: ...

    @property
    def arm(self) -> str:
        """Annotators of one arm label the same samples; arms draw their own."""

    def annotate(
        self, comparisons: Sequence[Comparison], recorded: Sequence[Annotation], seed: int, *, with_noise: bool
    ) -> list[Annotation]:
        """One annotation per comparison, in order.

        Args:
            comparisons: what to label.
            recorded: verdicts that came with the comparisons, for annotators that replay them.
            seed: keys every draw, together with the comparison.
            with_noise: False leaves out the noise stage (evaluation uses clean verdicts).
        """


@dataclass(frozen=True, kw_only=True)
class SimulatedAnnotator:
    """For each comparison one judge is drawn from the panel, sees the outputs in a random order, and noise is added.

    AlpacaFarm (arXiv 2305.14387, section 3.2) draws judge, order and noise per instruction; here all draws are per
    comparison, so that two pairs of one instruction do not share them.
    """

    name: str
    """Stands in every annotation and table."""
    arm: str
    """Annotators of one arm label the same samples."""
    panel: Panel
    """The judges to draw from, with equal probability."""
    noise: tuple[Noise, ...]
    """Stages applied in order to the clean verdict; empty for none."""

    def annotate(
        self,
        comparisons: Sequence[Comparison],
        recorded: Sequence[Annotation],  # noqa: ARG002
        seed: int,
        *,
        with_noise: bool,
    ) -> list[Annotation]:
        judges = self.panel.members()
        rows_of_judge: dict[int, list[int]] = defaultdict(list)
        for row, comparison in enumerate(comparisons):
            draw = uniform_for(seed, f"judge of {self.name}", comparison.pair_key)
            rows_of_judge[int(draw * len(judges))].append(row)
        first_shown = [self._first_shown(comparison, seed) for comparison in comparisons]
        annotations: dict[int, Annotation] = {}
        for judge_index, rows in sorted(rows_of_judge.items()):
            judge = judges[judge_index]
            verdicts = judge.verdicts([comparisons[r] for r in rows], [first_shown[r] for r in rows], seed)
            for row, verdict in zip(rows, verdicts, strict=True):
                annotations[row] = self._annotation(
                    judge, comparisons[row], first_shown[row], verdict, seed if with_noise else None
                )
        return [annotations[row] for row in range(len(comparisons))]

    def _first_shown(self, comparison: Comparison, seed: int) -> int:
        shows_smaller = uniform_for(seed, f"order of {self.name}", comparison.pair_key) < 0.5
        return 1 if shows_smaller == (comparison.output_1 <= comparison.output_2) else 2

    def _annotation(
        self, judge: Judge, comparison: Comparison, first_shown: int, verdict: Verdict, noise_seed: int | None
    ) -> Annotation:
        # Identical outputs are a tie whatever the judge says (AlpacaEval decides them without a judge too).
        clean = Preference.TIE if comparison.output_1 == comparison.output_2 else verdict.preference
        preference = clean
        if noise_seed is not None:
            for stage_index, stage in enumerate(self.noise):
                stage_seed = derive_seed(noise_seed, "noise stage", str(stage_index))
                preference = stage.apply(preference, comparison, self.name, stage_seed)
        return Annotation(
            comparison_key=comparison.key,
            annotator=self.name,
            judge=judge.name,
            first_shown=first_shown,
            clean_preference=clean,
            preference=preference,
            is_noised=preference != clean,
            p_first=verdict.p_first,
            raw_reply=verdict.raw_reply,
            unparsed_reason=verdict.unparsed_reason,
            n_tokens=verdict.n_tokens,
            cost_usd=verdict.cost_usd,
        )


@dataclass(frozen=True, kw_only=True)
class RecordedAnnotator:
    """Replays verdicts that came with the data; a comparison without one is left unparsed."""

    name: str
    """Stands in every annotation and table."""
    arm: str
    """Annotators of one arm label the same samples."""

    def annotate(
        self,
        comparisons: Sequence[Comparison],
        recorded: Sequence[Annotation],
        seed: int,  # noqa: ARG002
        *,
        with_noise: bool,  # noqa: ARG002
    ) -> list[Annotation]:
        by_key: Mapping[str, Annotation] = {annotation.comparison_key: annotation for annotation in recorded}
        return [by_key.get(comparison.key) or self._missing(comparison) for comparison in comparisons]

    def _missing(self, comparison: Comparison) -> Annotation:
        return Annotation(
            comparison_key=comparison.key,
            annotator=self.name,
            judge="",
            first_shown=1,
            clean_preference=None,
            preference=None,
            is_noised=False,
            p_first=None,
            raw_reply="",
            unparsed_reason="no recorded verdict for this comparison",
            n_tokens=0,
            cost_usd=0.0,
        )
