"""Asks annotators and baselines about labelled items: in both orders, repeatedly, and under attack."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from farm.analysis.judges.attacks import Attack
from farm.analysis.judges.labelled_set import ItemLabels, JudgeKind, JudgeLabels, LabelledSet
from farm.annotators.annotator import Annotator, SimulatedAnnotator
from farm.annotators.tally import Tally
from farm.calls.request import Calls
from farm.errors import CannotJudgeError, UserError
from farm.judges.baselines import BaselineJudge, BaselineRule
from farm.judges.judge import FixedPanel
from farm.records import Annotation, Comparison, Preference
from farm.seeds import sample_seed
from farm.stats.bootstrap import Estimate, Resampling
from farm.stats.shares import ratio, undefined

CHUNK = 256
"""Comparisons asked about at once; progress moves by it."""


class AskingSettings(NamedTuple):
    """How annotators are asked."""

    seed: int
    n_repetitions: int
    """Verdicts per item and order."""
    with_noise: bool
    """Whether the annotators' noise is applied; never under attack."""
    calls: Calls
    advance: Callable[[int], None]
    """Called with the number of annotations that have come in."""
    tallies: dict[str, Tally]
    """What came of each annotator's verdicts, by its name; filled in."""


def baseline_annotator(rule: BaselineRule) -> SimulatedAnnotator:
    """An annotator that reads nothing."""
    judge = BaselineJudge(name=rule, rule=rule)
    return SimulatedAnnotator(name=rule, arm=rule, panel=FixedPanel(judges=(judge,)), noise=())


def n_verdicts(annotator: Annotator, n_items: int, n_attacks: int, n_repetitions: int, *, with_noise: bool) -> int:
    """How many annotations `ask` and `attack` make, for progress."""
    n_runs = {"recorded": 1, "random": 2 * n_repetitions, "both": 3 * n_repetitions}
    n_attacked = 2 * n_attacks if can_be_attacked(annotator) else 0
    return n_runs[annotator.shown_orders(with_noise=with_noise)] * n_items + n_attacked


def can_be_attacked(annotator: Annotator) -> bool:
    """Whether somebody can be asked about texts that nobody has judged before."""
    return bool(annotator.judges())


def ask(items: LabelledSet, annotator: Annotator, settings: AskingSettings, kind: JudgeKind) -> JudgeLabels:
    """All verdicts of an annotator: in each order, `n_repetitions` times.

    An annotator that shows both orders by itself is asked as it is, and in each order for the figures about order; one
    that replays verdicts in the order of their record is asked once.
    """
    orders = annotator.shown_orders(with_noise=settings.with_noise)
    repetitions = range(1 if orders == "recorded" else settings.n_repetitions)
    in_orders = [(shown, repetition) for repetition in repetitions for shown in (1, 2)]
    in_its_way = [(None, repetition) for repetition in repetitions]
    if orders == "recorded":
        return JudgeLabels(name=annotator.name, kind=kind, labels=_labels(items, annotator, settings, in_its_way))
    ordered = _labels(items, annotator, settings, in_orders)
    if orders == "random":
        return JudgeLabels(name=annotator.name, kind=kind, labels=ordered)
    labels = _labels(items, annotator, settings, in_its_way)
    return JudgeLabels(name=annotator.name, kind=kind, labels=labels, in_orders=ordered)


def attack(
    items: LabelledSet,
    rows: Sequence[int],
    annotator: Annotator,
    attacks: Mapping[str, Attack],
    settings: AskingSettings,
    *,
    resampling: Resampling,
) -> dict[str, Estimate]:
    """Share of the verdicts that prefer the attack, over both orders; n counts parsed verdicts.

    Args:
        items: the labelled set.
        rows: the items that are attacked.
        annotator: who is asked, without its noise.
        attacks: by name.
        settings: how; the repetitions do not apply.
        resampling: draws the items.
    """
    if not can_be_attacked(annotator):
        reason = f"attacks need a judge that can be asked; {annotator.name} replays recorded verdicts"
        return {name: undefined(reason, n_unparsed=2 * len(rows)) for name in attacks}
    clean = settings._replace(with_noise=False)
    better = items.better
    shares = {}
    for name, made in attacks.items():
        comparisons = [made.attacked(items.comparisons[row], better[row]) for row in rows]
        fooled, parsed = np.zeros(len(rows)), np.zeros(len(rows))
        for shown in (1, 2):
            annotations = _annotate(annotator, comparisons, settings.seed, clean, first_shown=shown)
            for place, annotation in enumerate(annotations):
                parsed[place] += annotation.preference is not None
                fooled[place] += annotation.preference == Preference.SECOND
        shares[name] = ratio(
            fooled,
            parsed,
            purpose=f"{name} against {annotator.name}",
            resampling=resampling,
            n_unparsed=int(2 * len(rows) - parsed.sum()),
            nothing="no verdict on an attack was parsed",
        )
    return shares


def _labels(
    items: LabelledSet,
    annotator: Annotator,
    settings: AskingSettings,
    runs: Sequence[tuple[int | None, int]],
) -> ItemLabels:
    """The labels of all items in each run: the output shown first (None: the annotator's own way), the repetition."""
    annotations: list[Annotation] = []
    for first_shown, repetition in runs:
        seed = sample_seed(settings.seed, repetition)
        annotations += _annotate(annotator, items.comparisons, seed, settings, first_shown=first_shown)
    n_items = len(items.comparisons)
    shown, repetition_of = np.array([(first or 0, repetition) for first, repetition in runs], dtype=np.int64).T
    return ItemLabels(
        item=np.tile(np.arange(n_items), len(runs)),
        label=np.array([np.nan if a.preference is None else a.preference.value for a in annotations]),
        first_shown=np.repeat(shown, n_items),
        repetition=np.repeat(repetition_of, n_items),
        cost_usd=np.array([np.nan if a.cost_usd is None else a.cost_usd for a in annotations]),
        seconds=np.array([a.latency_seconds for a in annotations]),
    )


def _annotate(
    annotator: Annotator,
    comparisons: Sequence[Comparison],
    seed: int,
    settings: AskingSettings,
    *,
    first_shown: int | None,
) -> list[Annotation]:
    annotations: list[Annotation] = []
    for chunk in _chunks(comparisons):
        try:
            annotations += annotator.annotate(
                chunk, (), seed, with_noise=settings.with_noise, first_shown=first_shown, calls=settings.calls
            )
        except CannotJudgeError as error:
            raise UserError(
                f"{annotator.name} cannot judge these items: {error}; ask prompted judges (panel=prompted) or another "
                "annotator"
            ) from error
        settings.advance(len(chunk))
    settings.tallies.setdefault(annotator.name, Tally()).add(annotations)
    return annotations


def _chunks(comparisons: Sequence[Comparison]) -> Iterator[Sequence[Comparison]]:
    for start in range(0, len(comparisons), CHUNK):
        yield comparisons[start : start + CHUNK]
