"""All judges of a report: recorded ones, annotators that are asked for it, and the baselines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from farm.analysis.judges.asking import (
    AskingSettings,
    ask,
    attack,
    baseline_annotator,
    can_be_attacked,
    n_verdicts,
)
from farm.analysis.judges.attacks import Attack
from farm.analysis.judges.figures import judge_figures, margin
from farm.analysis.judges.labelled_set import JudgeKind, JudgeLabels, LabelledSet, ReadSet
from farm.analysis.judges.report import MAX_NAMED, JudgeReport
from farm.analysis.judges.result import JudgeResult
from farm.annotators.annotator import Annotator
from farm.calls.request import Calls
from farm.errors import UserError
from farm.judges.baselines import BaselineRule
from farm.stats.bootstrap import Resampling
from farm.wording import counted, listed


@dataclass(frozen=True, kw_only=True)
class MeasureSettings:
    """Who is asked, under which attacks, and how figures are resampled."""

    annotators: tuple[Annotator, ...]
    """Who is asked."""
    baselines: tuple[BaselineRule, ...]
    """What stands beside them."""
    attacks: Mapping[str, Attack]
    """By name."""
    n_attacked: int
    """Items that attacks are made of, at most."""
    n_repetitions: int
    """Verdicts per item and order."""
    seed: int
    """Keys what annotators draw."""
    resampling: Resampling
    """Of every interval."""


def attacked_rows(items: LabelledSet, n: int) -> list[int]:
    """The n items whose texts have the smallest hashes."""
    keys = [comparison.pair_key for comparison in items.comparisons]
    return sorted(range(len(keys)), key=lambda row: keys[row])[:n]


def total_verdicts(items: LabelledSet, settings: MeasureSettings) -> int:
    """Annotations that `measure` asks for; baselines take no time and do not count."""
    n_attacks = min(settings.n_attacked, len(items.item_ids)) * len(settings.attacks)
    n_items, n_repetitions = len(items.item_ids), settings.n_repetitions
    return sum(
        n_verdicts(annotator, n_items, n_attacks, n_repetitions, with_noise=True) for annotator in settings.annotators
    )


def measure(
    read: ReadSet, settings: MeasureSettings, *, source: str, calls: Calls, advance: Callable[[int], None]
) -> JudgeReport:
    """Ask, attack and compute.

    Args:
        read: items with their labels and recorded verdicts.
        settings: who is asked, and how.
        source: where the items come from, in words.
        calls: answers the judges' requests to models.
        advance: called with the number of annotations that have come in.

    Raises:
        UserError: there is nobody to report on.
    """
    items = read.items
    if not read.judges and not settings.annotators:
        raise UserError(
            f"{source} has no recorded verdicts of a judge, and no annotator is to be asked: say whom, "
            "annotators=[greedy,pool]"
        )
    asked = AskingSettings(settings.seed, settings.n_repetitions, True, calls, advance, {})
    unseen = asked._replace(advance=lambda _: None, tallies={})
    everybody: list[tuple[Annotator, JudgeKind, AskingSettings]] = [
        *((annotator, "asked", asked) for annotator in settings.annotators),
        *((baseline_annotator(rule), "baseline", unseen) for rule in settings.baselines),
    ]
    labels = [ask(items, annotator, how, kind) for annotator, kind, how in everybody]
    baselines = [judge for judge in labels if judge.kind == "baseline"]
    results = [_result(items, judge, baselines, settings) for judge in (*read.judges, *labels)]
    rows = attacked_rows(items, settings.n_attacked)
    if rows:
        shares = [
            attack(items, rows, annotator, settings.attacks, how, resampling=settings.resampling)
            for annotator, _, how in everybody
        ]
        first = len(read.judges)
        results[first:] = [replace(r, attacks=a) for r, a in zip(results[first:], shares, strict=True)]
    humans = None if items.humans is None else _figures(items, items.humans, settings)
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
        tallies=asked.tallies,
        notes=(*items.notes, *(_not_attacked(read, settings) if rows else [])),
    )


def _not_attacked(read: ReadSet, settings: MeasureSettings) -> list[str]:
    """A sentence about judges that cannot be asked about the texts of an attack."""
    names = [*(judge.name for judge in read.judges), *(a.name for a in settings.annotators if not can_be_attacked(a))]
    if not names or not settings.attacks:
        return []
    return [
        f"attacks need a judge that can be asked; the recorded verdicts of {counted(len(names), 'judge')} were not "
        f"attacked ({listed(names, MAX_NAMED)})"
    ]


def _figures(items: LabelledSet, judge: JudgeLabels, settings: MeasureSettings) -> JudgeResult:
    return judge_figures(items, judge, resampling=settings.resampling)


def _result(
    items: LabelledSet, judge: JudgeLabels, baselines: list[JudgeLabels], settings: MeasureSettings
) -> JudgeResult:
    figures = _figures(items, judge, settings)
    if judge.kind == "baseline":
        return figures
    return replace(
        figures, margins={b.name: margin(items, judge, b, resampling=settings.resampling) for b in baselines}
    )
