"""How far simulated labels are the humans' labels, with how far humans are each other's as the measure of it.

- raw, kappa: a simulated verdict against the most frequent human label of its item (a tie where several are equally
  frequent); three classes: first, tie, second. A graded label is of the class of the side of 1.5 that it lies on, here
  and wherever labels are equal or not.
- s1, s2 (MT-Bench, Zheng et al. 2023): the probability that one simulated and one human verdict on the same item are
  equal, over all such pairs of verdicts; s1 with the tie as a class of its own, s2 where neither is a tie.
- pearson, mean_difference: of one simulated and one human grade of the same item, over all such pairs; only where a
  label is graded (`farm.stats.agreement.grades`).
- human_human_...: the same of two different humans.
- leave_one_out: one human verdict against the most frequent one of the others on its item (where several are equally
  frequent each counts its share): about what a judge as good as one more human would reach against the majority.

Intervals draw items. Unparsed verdicts are left out and counted.
"""

import itertools
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from farm.labels.label_table import LabelTable
from farm.stats.agreement.by_annotator import CLASSES, majority
from farm.stats.agreement.grades import GradeAgreement, grades_between, grades_within
from farm.stats.agreement.label_counts import table_counts
from farm.stats.agreement.pair_agreement import agreement_between, agreement_within, leave_one_out_pooled
from farm.stats.bootstrap import Estimate, FloatArray, Resampling, estimate, resampled_sums
from farm.stats.shares import ratio, undefined

NO_GRADES = "no label is graded"


MOST_HUMANS = 6
"""Humans whose pairs are compared one by one."""


@dataclass(frozen=True, kw_only=True)
class LabelAgreement:
    """Agreement of simulated labels with human labels; n of each figure counts what it is a share of."""

    n_items: int
    """Items with a human and a simulated verdict."""
    n_pairs: int
    """Pairs of one human and one simulated verdict on the same item."""
    raw: Estimate
    """n counts simulated verdicts."""
    kappa: Estimate
    s1: Estimate
    """n counts pairs of verdicts."""
    s2: Estimate
    leave_one_out: Estimate
    """n counts human verdicts on items with two or more."""
    human_human_s1: Estimate
    """n counts pairs of human verdicts."""
    human_human_s2: Estimate
    grades: GradeAgreement
    """Of one simulated and one human grade; n counts pairs of verdicts."""
    human_human_grades: GradeAgreement
    """Of two human grades."""

    @property
    def is_graded(self) -> bool:
        """Whether some label of either side is graded."""
        return self.grades.pearson.reason != NO_GRADES


@dataclass(frozen=True, kw_only=True)
class HumanPair:
    """Two humans on the items that both labelled."""

    first: str
    second: str
    raw: Estimate
    """Share of equal labels among first, tie, second."""
    kappa: Estimate
    grades: GradeAgreement
    """Without figures if neither gives grades."""


def label_agreement(humans: LabelTable | None, judges: LabelTable | None, *, resampling: Resampling) -> LabelAgreement:
    """Compare labels on the same items.

    Args:
        humans: None if there are no human labels.
        judges: None if there are no simulated labels.
        resampling: draws the items.
    """
    people = None if humans is None else table_counts(humans.classes, CLASSES)
    machines = None if judges is None else table_counts(judges.classes, CLASSES)
    n_items = n_pairs = 0
    raw = kappa = s1 = s2 = undefined(f"there are no {'human' if humans is None else 'simulated'} labels")
    if humans is not None and judges is not None and people is not None and machines is not None:
        per_item = people.sum(axis=1) * machines.sum(axis=1)
        n_items, n_pairs = int((per_item > 0).sum()), int(per_item.sum())
        bootstrap = _Bootstrap(resampling=resampling, n_unparsed=judges.n_unparsed)
        raw, kappa = _against_majority(humans, machines, bootstrap)
        between = agreement_between(
            people, machines, name=_BETWEEN, resampling=resampling, n_unparsed=judges.n_unparsed
        )
        s1, s2 = between.s1, between.s2
    human_s1 = human_s2 = left_out = undefined("there are no human labels")
    if humans is not None and people is not None:
        among = _Bootstrap(resampling=resampling, n_unparsed=humans.n_unparsed)
        within = agreement_within(people, name=_HUMANS, **vars(among))
        human_s1, human_s2 = within.s1, within.s2
        left_out = leave_one_out_pooled(people, name=_HUMANS, **vars(among))
    return LabelAgreement(
        n_items=n_items,
        n_pairs=n_pairs,
        raw=raw,
        kappa=kappa,
        s1=s1,
        s2=s2,
        leave_one_out=left_out,
        human_human_s1=human_s1,
        human_human_s2=human_s2,
        **_grades(humans, judges, resampling),
    )


def human_pairs(humans: LabelTable | None, *, resampling: Resampling) -> tuple[HumanPair, ...]:
    """Every two humans, one by one; none of more than `MOST_HUMANS`."""
    if humans is None or len(humans.annotators) > MOST_HUMANS:
        return ()
    pairs = []
    for a, b in itertools.combinations(range(len(humans.annotators)), 2):
        both = label_agreement(humans.of_annotator(a), humans.of_annotator(b), resampling=resampling)
        names = {"first": humans.annotators[a], "second": humans.annotators[b]}
        pairs.append(HumanPair(**names, raw=both.raw, kappa=both.kappa, grades=both.grades))
    return tuple(pairs)


_HUMANS, _BETWEEN = "humans", "humans and simulated"


class _Grades(TypedDict):
    grades: GradeAgreement
    human_human_grades: GradeAgreement


def _grades(humans: LabelTable | None, judges: LabelTable | None, resampling: Resampling) -> _Grades:
    """Agreement of grades; without figures, and with that reason, if no label is graded."""
    if not any(table is not None and table.has_grades for table in (humans, judges)):
        return {"grades": _no_grades(NO_GRADES), "human_human_grades": _no_grades(NO_GRADES)}
    if humans is None:
        nothing = _no_grades("there are no human labels")
        return {"grades": nothing, "human_human_grades": nothing}
    within = grades_within(humans.labels, name=_HUMANS, resampling=resampling, n_unparsed=humans.n_unparsed)
    if judges is None:
        return {"grades": _no_grades("there are no simulated labels"), "human_human_grades": within}
    between = grades_between(
        humans.labels, judges.labels, name=_BETWEEN, resampling=resampling, n_unparsed=judges.n_unparsed
    )
    return {"grades": between, "human_human_grades": within}


def _no_grades(reason: str) -> GradeAgreement:
    return GradeAgreement(undefined(reason), undefined(reason))


@dataclass(frozen=True, kw_only=True)
class _Bootstrap:
    resampling: Resampling
    n_unparsed: int


def _against_majority(humans: LabelTable, machines: FloatArray, bootstrap: _Bootstrap) -> tuple[Estimate, Estimate]:
    """Raw agreement and Cohen's kappa of simulated verdicts, (I, 3) counts, with the most frequent human label."""
    truth = majority(humans.classes)
    is_truth = np.stack([truth == c for c in CLASSES], axis=1).astype(np.float64)
    table = is_truth[:, :, None] * machines[:, None, :]
    table = table[table.sum(axis=(1, 2)) > 0]
    n_unparsed = bootstrap.n_unparsed
    if len(table) == 0:
        nothing = undefined("no item has both a human and a simulated verdict", n_unparsed=n_unparsed)
        return nothing, nothing
    raw = ratio(
        np.trace(table, axis1=1, axis2=2),
        table.sum(axis=(1, 2)),
        purpose="raw agreement with the majority",
        resampling=bootstrap.resampling,
        n_unparsed=n_unparsed,
    )
    drawn = resampled_sums(table.reshape(len(table), 9), bootstrap.resampling, "kappa with the majority").reshape(
        -1, 3, 3
    )
    kappa = estimate(
        float(_kappa(table.sum(axis=0)[None])[0]),
        _kappa(drawn),
        n_total=int(table.sum()),
        n_unparsed=n_unparsed,
        reason="both sides give one and the same label throughout",
    )
    return raw, kappa


def _kappa(table: FloatArray) -> FloatArray:
    """(R, 3, 3) counts, human majority by simulated verdict -> (R,); NaN where chance agreement is 1."""
    total = table.sum(axis=(1, 2))
    observed = np.trace(table, axis1=1, axis2=2) / total
    chance = (table.sum(axis=1) * table.sum(axis=2)).sum(axis=1) / total**2
    kappa: FloatArray = (observed - chance) / np.where(chance < 1, 1 - chance, np.nan)
    return kappa
