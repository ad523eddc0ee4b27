"""Annotators: what the laboratory simulates. A panel of judges, the order of presentation, and noise."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from farm.annotators.noise import Label, Noise
from farm.calls.calls import NO_CALLS, Calls
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
        self,
        comparisons: Sequence[Comparison],
        recorded: Sequence[Annotation],
        seed: int,
        *,
        with_noise: bool,
        calls: Calls = NO_CALLS,
    ) -> list[Annotation]:
        """One annotation per comparison, in order.

        Args:
            comparisons: what to label.
            recorded: verdicts that came with the comparisons, for annotators that replay them.
            seed: keys every draw, together with the comparison.
            with_noise: False leaves out the noise stage (evaluation uses clean verdicts).
            calls: answers the judges' requests to models.
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
        calls: Calls = NO_CALLS,
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
            orders = [first_shown[r] for r in rows]
            verdicts = judge.verdicts([comparisons[r] for r in rows], orders, seed, calls=calls)
            for row, verdict in zip(rows, verdicts, strict=True):
                label = self._label(judge, comparisons[row], first_shown[row], verdict)
                annotations[row] = self._annotation(label, verdict, seed, with_noise=with_noise)
        return [annotations[row] for row in range(len(comparisons))]

    def _first_shown(self, comparison: Comparison, seed: int) -> int:
        shows_smaller = uniform_for(seed, f"order of {self.name}", comparison.pair_key) < 0.5
        return 1 if shows_smaller == (comparison.output_1 <= comparison.output_2) else 2

    def _label(self, judge: Judge, comparison: Comparison, first_shown: int, verdict: Verdict) -> Label:
        # Identical outputs are a tie whatever the judge says (AlpacaEval decides them without a judge too).
        is_same = comparison.output_1 == comparison.output_2
        return Label(
            comparison=comparison,
            preference=Preference.TIE if is_same else verdict.preference,
            p_first=verdict.p_first,
            first_shown=first_shown,
            annotator=self.name,
            judge=judge.name,
        )

    def _annotation(self, clean: Label, verdict: Verdict, seed: int, *, with_noise: bool) -> Annotation:
        label = clean
        if with_noise:
            for stage_index, stage in enumerate(self.noise):
                label = stage.apply(label, derive_seed(seed, "noise stage", str(stage_index)))
        return Annotation(
            comparison_key=clean.comparison.key,
            annotator=self.name,
            judge=clean.judge,
            first_shown=clean.first_shown,
            seed=seed,
            clean_preference=clean.preference,
            preference=label.preference,
            is_noised=label.preference != clean.preference,
            worker=label.worker,
            p_first=verdict.p_first,
            raw_reply=verdict.raw_reply,
            unparsed_reason=verdict.unparsed_reason or label.reason,
            n_prompt_tokens=verdict.n_prompt_tokens,
            n_cached_prompt_tokens=verdict.n_cached_prompt_tokens,
            n_completion_tokens=verdict.n_completion_tokens,
            cost_usd=verdict.cost_usd,
            latency_seconds=verdict.latency_seconds,
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
        calls: Calls = NO_CALLS,  # noqa: ARG002
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
            unparsed_reason="no recorded verdict for this comparison",
        )
