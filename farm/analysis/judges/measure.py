"""Measures all judges of a report: recorded ones, annotators that are asked now, and the baselines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from farm.analysis.judges.asking import Asking, ask, attack, baseline_annotator, n_verdicts
from farm.analysis.judges.attacks import Probe
from farm.analysis.judges.figures import judge_figures, margin
from farm.analysis.judges.labelled_set import JudgeKind, JudgeLabels, LabelledSet, ReadSet
from farm.analysis.judges.report import JudgeReport
from farm.analysis.judges.result import JudgeResult
from farm.annotators.annotator import Annotator
from farm.calls.request import Calls
from farm.errors import UserError
from farm.judges.baselines import BaselineRule
from farm.stats.bootstrap import Resampling


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """What is measured, and how."""

    annotators: tuple[Annotator, ...]
    """Who is asked."""
    baselines: tuple[BaselineRule, ...]
    """What stands beside them."""
    probes: Mapping[str, Probe]
    """Attacks by name."""
    n_attacked: int
    """Items that attacks are made of, at most."""
    n_repetitions: int
    """Verdicts per item and order."""
    with_noise: bool
    """Whether the annotators' noise is applied."""
    seed: int
    """Keys what annotators draw."""
    resampling: Resampling
    """Of every interval."""


def attacked_rows(items: LabelledSet, n: int) -> list[int]:
    """The n items whose texts have the smallest hashes."""
    keys = [comparison.pair_key for comparison in items.comparisons]
    return sorted(range(len(keys)), key=lambda row: keys[row])[:n]


def total_verdicts(items: LabelledSet, measuring: Measuring) -> int:
    """Annotations that `measure` asks for; baselines take no time and do not count."""
    n_attacks = min(measuring.n_attacked, len(items.item_ids)) * len(measuring.probes)
    n_items, n_repetitions = len(items.item_ids), measuring.n_repetitions
    return sum(n_verdicts(annotator, n_items, n_attacks, n_repetitions) for annotator in measuring.annotators)


def measure(
    read: ReadSet, measuring: Measuring, *, source: str, calls: Calls, advance: Callable[[int], None]
) -> JudgeReport:
    """Ask, attack and compute.

    Args:
        read: items with their labels and recorded verdicts.
        measuring: what and how.
        source: where the items come from, in words.
        calls: answers the judges' requests to models.
        advance: told of every annotation that is there.

    Raises:
        UserError: there is nobody to report on.
    """
    items = read.items
    if not read.judges and not measuring.annotators:
        raise UserError(
            f"{source} has no recorded verdicts of a judge, and no annotator is to be asked: say whom, "
            "annotators=[greedy,pool]"
        )
    asking = Asking(measuring.seed, measuring.n_repetitions, measuring.with_noise, calls, advance)
    rows = attacked_rows(items, measuring.n_attacked)
    unseen = asking._replace(advance=lambda _: None)
    everybody: list[tuple[Annotator, JudgeKind, Asking]] = [
        *((annotator, "asked", asking) for annotator in measuring.annotators),
        *((baseline_annotator(rule), "baseline", unseen) for rule in measuring.baselines),
    ]
    labels = [ask(items, annotator, how, kind) for annotator, kind, how in everybody]
    baselines = [judge for judge in labels if judge.kind == "baseline"]
    results = [_result(items, judge, baselines, measuring) for judge in (*read.judges, *labels)]
    if rows:
        attacks = [
            attack(items, rows, annotator, measuring.probes, how, resampling=measuring.resampling)
            for annotator, _, how in everybody
        ]
        first = len(read.judges)
        results[first:] = [replace(r, probes=a) for r, a in zip(results[first:], attacks, strict=True)]
    humans = None if items.humans is None else _figures(items, items.humans, measuring)
    n_labels = 0 if items.humans is None else int(np.isfinite(items.humans.labels.label).sum())
    return JudgeReport(
        source=source,
        n_items=len(items.item_ids),
        n_labelled=int(np.isfinite(items.human_vote).sum()),
        n_humans=items.n_humans,
        n_human_labels=n_labels,
        n_attacked=len(rows),
        humans=humans,
        judges=tuple(results),
        notes=items.notes,
    )


def _figures(items: LabelledSet, judge: JudgeLabels, measuring: Measuring) -> JudgeResult:
    return judge_figures(items, judge, resampling=measuring.resampling)


def _result(items: LabelledSet, judge: JudgeLabels, baselines: list[JudgeLabels], measuring: Measuring) -> JudgeResult:
    figures = _figures(items, judge, measuring)
    if judge.kind == "baseline":
        return figures
    return replace(
        figures, margins={b.name: margin(items, judge, b, resampling=measuring.resampling) for b in baselines}
    )
