"""Asks annotators and baselines about labelled items: in both orders, repeatedly, and under attack."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from farm.analysis.judges.attacks import Probe
from farm.analysis.judges.labelled_set import ItemLabels, JudgeKind, JudgeLabels, LabelledSet
from farm.annotators.annotator import Annotator, SimulatedAnnotator
from farm.calls.request import NO_CALLS, Calls
from farm.errors import UserError
from farm.judges.baselines import BaselineJudge, BaselineRule
from farm.judges.judge import FixedPanel, Judge, Panel
from farm.pocket.language.grammar import UnknownInstructionError
from farm.records import Annotation, Comparison, Preference, Verdict
from farm.seeds import sample_seed
from farm.stats.bootstrap import Estimate, Resampling
from farm.stats.shares import ratio

CHUNK = 256
"""Comparisons asked about at once; progress moves by it."""


class Asking(NamedTuple):
    """How annotators are asked."""

    seed: int
    n_repetitions: int
    """Verdicts per item and order."""
    with_noise: bool
    """Whether the annotators' noise is applied; never under attack."""
    calls: Calls
    advance: Callable[[int], None]
    """Told of every annotation that is there."""


@dataclass(frozen=True, kw_only=True)
class InOneOrder:
    """A judge that sees the same side first, whatever it is told."""

    judge: Judge
    shown: int
    """1 or 2."""

    @property
    def name(self) -> str:
        return self.judge.name

    def verdicts(
        self,
        comparisons: Sequence[Comparison],
        first_shown: Sequence[int],  # noqa: ARG002
        seed: int,
        *,
        sample: int = 0,
        calls: Calls = NO_CALLS,
    ) -> list[Verdict]:
        return self.judge.verdicts(comparisons, [self.shown] * len(comparisons), seed, sample=sample, calls=calls)


@dataclass(frozen=True, kw_only=True)
class PanelInOneOrder:
    """A panel whose members all see the same side first (`farm.judges.judge.Panel`)."""

    panel: Panel
    shown: int
    """1 or 2."""

    def members(self) -> Sequence[Judge]:
        return [InOneOrder(judge=judge, shown=self.shown) for judge in self.panel.members()]


def baseline_annotator(rule: BaselineRule) -> SimulatedAnnotator:
    """An annotator that reads nothing."""
    judge = BaselineJudge(name=rule, rule=rule)
    return SimulatedAnnotator(name=rule, arm=rule, panel=FixedPanel(judges=(judge,)), noise=())


def each_judge(annotator: Annotator) -> list[Annotator]:
    """Every member of an annotator's panel as an annotator of its own, without noise."""
    if not isinstance(annotator, SimulatedAnnotator):
        return []
    return [
        replace(
            annotator, name=f"{annotator.name}/{judge.name}", panel=FixedPanel(judges=(judge,)), noise=(), weights={}
        )
        for judge in annotator.panel.members()
    ]


def n_verdicts(annotator: Annotator, n_items: int, n_attacks: int, n_repetitions: int) -> int:
    """How many annotations `ask` and `attack` make, for progress."""
    if not isinstance(annotator, SimulatedAnnotator):
        return n_items
    n_runs = 2 * n_repetitions + (n_repetitions if annotator.presentation.orders == "both" else 0)
    return n_runs * n_items + 2 * n_attacks


def ask(items: LabelledSet, annotator: Annotator, asking: Asking, kind: JudgeKind) -> JudgeLabels:
    """All verdicts of an annotator: in each order, `n_repetitions` times.

    An annotator that shows both orders by itself is asked as it is, and in each order for the figures about order.
    """
    if not isinstance(annotator, SimulatedAnnotator):
        labels = _labels([_Run(0, 0, _annotate(annotator, items.comparisons, asking.seed, asking))])
        return JudgeLabels(name=annotator.name, kind=kind, labels=labels)
    repetitions = range(asking.n_repetitions)
    in_orders = _labels(
        [
            _Run(shown, r, _annotate(_in_one_order(annotator, shown), items.comparisons, _seed(asking, r), asking))
            for r in repetitions
            for shown in (1, 2)
        ]
    )
    if annotator.presentation.orders != "both":
        return JudgeLabels(name=annotator.name, kind=kind, labels=in_orders)
    as_it_is = [_Run(0, r, _annotate(annotator, items.comparisons, _seed(asking, r), asking)) for r in repetitions]
    return JudgeLabels(name=annotator.name, kind=kind, labels=_labels(as_it_is), in_orders=in_orders)


def attack(
    items: LabelledSet,
    rows: Sequence[int],
    annotator: Annotator,
    probes: Mapping[str, Probe],
    asking: Asking,
    *,
    resampling: Resampling,
) -> dict[str, Estimate]:
    """Share of the verdicts that prefer the attack, over both orders; n counts parsed verdicts.

    Args:
        items: the labelled set.
        rows: the items that are attacked.
        annotator: who is asked, without its noise.
        probes: the attacks by name.
        asking: how; the repetitions do not apply.
        resampling: draws the items.
    """
    if not isinstance(annotator, SimulatedAnnotator):
        return {}
    clean = asking._replace(with_noise=False)
    better = items.better
    found = {}
    for name, probe in probes.items():
        attacks = [probe.attacked(items.comparisons[row], better[row]) for row in rows]
        fooled, parsed = np.zeros(len(rows)), np.zeros(len(rows))
        for shown in (1, 2):
            for place, annotation in enumerate(_annotate(_in_one_order(annotator, shown), attacks, asking.seed, clean)):
                parsed[place] += annotation.preference is not None
                fooled[place] += annotation.preference == Preference.SECOND
        found[name] = ratio(
            fooled,
            parsed,
            purpose=f"{name} against {annotator.name}",
            resampling=resampling,
            n_unparsed=int(2 * len(rows) - parsed.sum()),
            nothing="no verdict on an attack was parsed",
        )
    return found


class _Run(NamedTuple):
    """The annotations of all items in one order, once."""

    shown: int
    repetition: int
    annotations: list[Annotation]


def _seed(asking: Asking, repetition: int) -> int:
    return sample_seed(asking.seed, repetition)


def _in_one_order(annotator: SimulatedAnnotator, shown: int) -> SimulatedAnnotator:
    return replace(annotator, panel=PanelInOneOrder(panel=annotator.panel, shown=shown))


def _annotate(annotator: Annotator, comparisons: Sequence[Comparison], seed: int, asking: Asking) -> list[Annotation]:
    annotations: list[Annotation] = []
    for chunk in _chunks(comparisons):
        try:
            annotations += annotator.annotate(chunk, (), seed, with_noise=asking.with_noise, calls=asking.calls)
        except UnknownInstructionError as error:
            raise UserError(
                f"{annotator.name} judges answers of the pocket world only, and the input has other instructions, such "
                f"as {chunk[0].instruction[:60]!r}; ask prompted judges (panel=prompted) or another annotator"
            ) from error
        asking.advance(len(chunk))
    return annotations


def _chunks(comparisons: Sequence[Comparison]) -> Iterator[Sequence[Comparison]]:
    for start in range(0, len(comparisons), CHUNK):
        yield comparisons[start : start + CHUNK]


def _labels(runs: Sequence[_Run]) -> ItemLabels:
    rows = [(item, run, annotation) for run in runs for item, annotation in enumerate(run.annotations)]
    return ItemLabels(
        item=np.array([item for item, _, _ in rows], dtype=np.int64),
        label=np.array([np.nan if a.preference is None else a.preference.value for _, _, a in rows]),
        first_shown=np.array([run.shown for _, run, _ in rows], dtype=np.int64),
        repetition=np.array([run.repetition for _, run, _ in rows], dtype=np.int64),
        cost_usd=np.array([np.nan if a.cost_usd is None else a.cost_usd for _, _, a in rows]),
        seconds=np.array([a.latency_seconds for _, _, a in rows]),
    )
