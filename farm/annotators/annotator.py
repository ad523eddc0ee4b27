"""Annotators: what the laboratory simulates. A panel of judges, the order of presentation, and noise."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Protocol

from farm.annotators.draws import drawn_judge, judge_shares
from farm.annotators.noise.noise import Label, Noise
from farm.annotators.presentation import ONCE, Presentation, combined
from farm.annotators.threads import in_threads
from farm.calls.request import NO_CALLS, Calls
from farm.judges.judge import Judge, Panel
from farm.records import Annotation, Comparison, Preference, Verdict
from farm.seeds import derive_seed, uniform_for

IDENTICAL = Verdict(preference=Preference.TIE, p_first=0.5)
"""The verdict on two equal outputs; nobody is asked."""


class Annotator(Protocol):
    """Labels comparisons."""

    @property
    def name(self) -> str: ...

    @property
    def arm(self) -> str:
        """Annotators of one arm label the same samples; arms draw their own."""

    def judges(self) -> Sequence[Judge]:
        """Everybody whose verdict it may give; empty if it replays recorded ones."""

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
    """For each comparison one judge is drawn from the panel and asked as `presentation` says; then noise is added.

    AlpacaFarm (arXiv 2305.14387, section 3.2) draws judge, order and noise per instruction; here all draws are per
    comparison, so that two pairs of one instruction do not share them.
    """

    key_name: ClassVar[str] = "SimulatedAnnotator"

    name: str
    """Stands in every annotation and table."""
    arm: str
    """Annotators of one arm label the same samples."""
    panel: Panel
    """The judges to draw from."""
    noise: tuple[Noise, ...]
    """Stages applied in order to the clean verdict; empty for none."""
    presentation: Presentation = ONCE
    """In which orders and how often the drawn judge is asked."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """How often a judge is drawn relative to the others, by its name; a judge that is not named weighs 1."""
    draws_as: str | None = None
    """Judges and orders are drawn as for the annotator of this name, so that both ask the same; None: as its own."""

    def judges(self) -> Sequence[Judge]:
        return self.panel.members()

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
        shares = judge_shares([judge.name for judge in judges], self.weights)
        # A comparison that stands twice is judged once: all draws are keyed by its contents.
        distinct = list({comparison.key: comparison for comparison in comparisons}.values())
        drawn = [
            drawn_judge(uniform_for(seed, f"judge of {self.draws_as or self.name}", comparison.pair_key), shares)
            for comparison in distinct
        ]
        verdicts = self._verdicts(judges, distinct, drawn, seed, calls)
        annotations = {}
        for comparison, judge_index, verdict in zip(distinct, drawn, verdicts, strict=True):
            told = 0 if self.presentation.orders == "both" else self._first_shown(comparison, seed)
            first_shown = verdict.first_shown or told
            label = self._label(judges[judge_index], comparison, first_shown, verdict)
            annotations[comparison.key] = self._annotation(label, verdict, seed, with_noise=with_noise)
        return [annotations[comparison.key] for comparison in comparisons]

    def _verdicts(
        self, judges: Sequence[Judge], comparisons: Sequence[Comparison], drawn: Sequence[int], seed: int, calls: Calls
    ) -> list[Verdict]:
        """One combined verdict per comparison; every judge is asked in threads of its own."""
        asked: dict[int, list[int]] = defaultdict(list)
        for row, (comparison, judge_index) in enumerate(zip(comparisons, drawn, strict=True)):
            # Identical outputs are a tie whatever a judge would say (AlpacaEval decides them without a judge too).
            if comparison.output_1 != comparison.output_2:
                asked[judge_index].append(row)
        questions = [
            (judge_index, order, sample)
            for judge_index in sorted(asked)
            for order in range(2 if self.presentation.orders == "both" else 1)
            for sample in range(self.presentation.n_samples)
        ]

        def ask(question: tuple[int, int, int]) -> list[Verdict]:
            judge_index, order, sample = question
            of_judge = [comparisons[row] for row in asked[judge_index]]
            if self.presentation.orders == "both":
                first_shown = [1 + order] * len(of_judge)
            else:
                first_shown = [self._first_shown(comparison, seed) for comparison in of_judge]
            return judges[judge_index].verdicts(of_judge, first_shown, seed, sample=sample, calls=calls)

        replies: dict[int, list[list[Verdict]]] = defaultdict(lambda: [[], []])
        answers = in_threads([partial(ask, question) for question in questions], is_alone=calls is NO_CALLS)
        for (judge_index, order, _), answer in zip(questions, answers, strict=True):
            for row, verdict in zip(asked[judge_index], answer, strict=True):
                replies[row][order].append(verdict)
        return [
            combined([of_order for of_order in replies[row] if of_order], self.presentation)
            if row in replies
            else IDENTICAL
            for row in range(len(comparisons))
        ]

    def _first_shown(self, comparison: Comparison, seed: int) -> int:
        shows_smaller = uniform_for(seed, f"order of {self.draws_as or self.name}", comparison.pair_key) < 0.5
        return 1 if shows_smaller == (comparison.output_1 <= comparison.output_2) else 2

    def _label(self, judge: Judge, comparison: Comparison, first_shown: int, verdict: Verdict) -> Label:
        return Label(
            comparison=comparison,
            preference=verdict.preference,
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
            unparsed_reason="" if label.preference else verdict.unparsed_reason or label.reason,
            n_prompt_tokens=verdict.n_prompt_tokens,
            n_cached_prompt_tokens=verdict.n_cached_prompt_tokens,
            n_completion_tokens=verdict.n_completion_tokens,
            cost_usd=verdict.cost_usd,
            latency_seconds=verdict.latency_seconds,
        )
