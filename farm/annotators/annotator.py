"""Annotators: what the laboratory simulates. A panel of judges, the order of presentation, and noise."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import accumulate
from typing import ClassVar, Literal, Protocol

from farm.annotators.noise.noise import Noise, is_first_smaller, renoise
from farm.annotators.presentation import ONCE, Presentation, combined
from farm.annotators.threads import in_threads
from farm.calls.request import NO_CALLS, Calls
from farm.errors import UserError
from farm.judges.judge import FixedPanel, Judge, Panel
from farm.records import Annotation, Comparison, Preference, Verdict
from farm.seeds import uniform_for

IDENTICAL = Verdict(preference=Preference.TIE, p_first=0.5)
"""The verdict on two equal outputs; nobody is asked."""

ShownOrders = Literal["random", "both", "recorded"]
"""In which order an annotator sees the two outputs: in one that is drawn for each comparison, in both, or in whatever
order its verdicts were recorded. Only the last cannot be asked in a given order."""


class Annotator(Protocol):
    """Labels comparisons."""

    @property
    def name(self) -> str: ...

    @property
    def arm(self) -> str:
        """Annotators of one arm label the same samples; arms draw their own."""

    def judges(self) -> Sequence[Judge]:
        """Everybody whose verdict it may give; empty if it replays recorded ones, so that nothing new can be asked."""

    def each_judge(self) -> Sequence["Annotator"]:
        """Each of its judges as an annotator NAME/JUDGE of its own, without noise; empty if it has none to ask."""

    def shown_orders(self, *, with_noise: bool) -> ShownOrders:
        """In which order it sees the outputs, with its noise stage or without."""

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
        """One annotation per comparison, in order.

        Args:
            comparisons: what to label.
            recorded: verdicts that came with the comparisons, for annotators that replay them.
            seed: keys every draw, together with the comparison.
            with_noise: False leaves out the noise stage (evaluation uses clean verdicts).
            first_shown: 1 or 2, the output of every comparison that is seen first, once; None for the annotator's own
                way. No effect where `shown_orders` is "recorded".
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
    same_draws_as: str | None = None
    """Judges and orders are drawn as for the annotator of this name, so that both ask the same; None: as its own."""

    def judges(self) -> Sequence[Judge]:
        return self.panel.members()

    def each_judge(self) -> Sequence["SimulatedAnnotator"]:
        return [
            replace(self, name=f"{self.name}/{judge.name}", panel=FixedPanel(judges=(judge,)), noise=(), weights={})
            for judge in self.panel.members()
        ]

    def shown_orders(self, *, with_noise: bool) -> ShownOrders:  # noqa: ARG002
        return self.presentation.orders

    def annotate(
        self,
        comparisons: Sequence[Comparison],
        recorded: Sequence[Annotation],  # noqa: ARG002
        seed: int,
        *,
        with_noise: bool,
        first_shown: int | None = None,
        calls: Calls,
    ) -> list[Annotation]:
        # A comparison that stands twice is judged once: all draws are keyed by its contents.
        distinct = list({comparison.key: comparison for comparison in comparisons}.values())
        clean = self._clean(distinct, seed, first_shown, calls)
        labelled = renoise(clean, distinct, self.noise if with_noise else (), self.name, seed)
        by_key = {annotation.comparison_key: annotation for annotation in labelled}
        return [by_key[comparison.key] for comparison in comparisons]

    def _clean(
        self, comparisons: Sequence[Comparison], seed: int, first_shown: int | None, calls: Calls
    ) -> list[Annotation]:
        """What the drawn judges say, before any noise."""
        judges = self.panel.members()
        shares = judge_shares([judge.name for judge in judges], self.weights)
        drawn = [
            drawn_judge(uniform_for(seed, f"judge of {self.same_draws_as or self.name}", comparison.pair_key), shares)
            for comparison in comparisons
        ]
        orders = [self._orders(comparison, seed, first_shown) for comparison in comparisons]
        verdicts = self._verdicts(judges, drawn, comparisons, orders, seed=seed, calls=calls)
        return [
            Annotation(
                comparison_key=comparison.key,
                annotator=self.name,
                judge=judges[judge_index].name,
                first_shown=verdict.first_shown or (shown[0] if len(shown) == 1 else 0),
                seed=seed,
                clean_preference=verdict.preference,
                preference=verdict.preference,
                is_noised=False,
                p_first=verdict.p_first,
                raw_reply=verdict.raw_reply,
                unparsed_reason="" if verdict.preference else verdict.unparsed_reason,
                n_prompt_tokens=verdict.n_prompt_tokens,
                n_cached_prompt_tokens=verdict.n_cached_prompt_tokens,
                n_completion_tokens=verdict.n_completion_tokens,
                cost_usd=verdict.cost_usd,
                latency_seconds=verdict.latency_seconds,
            )
            for comparison, judge_index, shown, verdict in zip(comparisons, drawn, orders, verdicts, strict=True)
        ]

    def _orders(self, comparison: Comparison, seed: int, first_shown: int | None) -> tuple[int, ...]:
        """The outputs that are shown first, one after the other."""
        if first_shown is not None:
            return (first_shown,)
        if self.presentation.orders == "both":
            return (1, 2)
        return (drawn_order(comparison, seed, self.same_draws_as or self.name),)

    def _verdicts(
        self,
        judges: Sequence[Judge],
        drawn: Sequence[int],
        comparisons: Sequence[Comparison],
        orders: Sequence[tuple[int, ...]],
        *,
        seed: int,
        calls: Calls,
    ) -> list[Verdict]:
        """One combined verdict per comparison; every judge is asked in threads of its own."""
        rows_of: dict[int, list[int]] = defaultdict(list)
        for row, (comparison, judge_index) in enumerate(zip(comparisons, drawn, strict=True)):
            # Identical outputs are a tie whatever a judge would say (AlpacaEval decides them without a judge too).
            if comparison.output_1 != comparison.output_2:
                rows_of[judge_index].append(row)
        questions = [
            (judge_index, place, sample)
            for judge_index in sorted(rows_of)
            for place in range(len(orders[0]))
            for sample in range(self.presentation.n_samples)
        ]

        def ask(judge_index: int, place: int, sample: int) -> list[Verdict]:
            rows = rows_of[judge_index]
            first_shown = [orders[row][place] for row in rows]
            asked = [comparisons[row] for row in rows]
            return judges[judge_index].verdicts(asked, first_shown, seed, sample=sample, calls=calls)

        replies: dict[int, list[list[Verdict]]] = {
            row: [[] for _ in orders[row]] for rows in rows_of.values() for row in rows
        }
        answers = in_threads([partial(ask, *question) for question in questions], one_by_one=calls is NO_CALLS)
        for (judge_index, place, _), answer in zip(questions, answers, strict=True):
            for row, verdict in zip(rows_of[judge_index], answer, strict=True):
                replies[row][place].append(verdict)
        return [
            combined(replies[row], self.presentation) if row in replies else IDENTICAL
            for row in range(len(comparisons))
        ]


def drawn_order(comparison: Comparison, seed: int, annotator: str) -> int:
    """1 or 2, the output that an annotator sees first, whichever of the two the comparison names first."""
    shows_smaller = uniform_for(seed, f"order of {annotator}", comparison.pair_key) < 0.5
    return 1 if shows_smaller == is_first_smaller(comparison) else 2


def judge_shares(names: Sequence[str], weights: Mapping[str, float]) -> list[float]:
    """Weight of each judge, in order; a judge that `weights` does not name weighs 1.

    Raises:
        UserError: a weight names nobody, is negative, or all are zero.
    """
    unknown = sorted(weights.keys() - set(names))
    if unknown:
        raise UserError(f"weights: no judge {', '.join(map(repr, unknown))} in the panel; it has {', '.join(names)}")
    shares = [float(weights.get(name, 1.0)) for name in names]
    if min(shares) < 0.0 or sum(shares) == 0.0:
        raise UserError(
            f"weights: expected numbers of at least 0, not all 0; got {dict(zip(names, shares, strict=True))}"
        )
    return shares


def drawn_judge(draw: float, shares: Sequence[float]) -> int:
    """Index of the judge that a uniform draw in [0, 1) falls on, each with probability proportional to its share."""
    if len(set(shares)) == 1:
        return int(draw * len(shares))
    bounds = list(accumulate(shares))
    return min(bisect_right(bounds, draw * bounds[-1]), len(shares) - 1)
