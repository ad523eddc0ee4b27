"""Annotators who do not look at what they label: at random, always the same side, always the longer output, drifting.

The question is never whether an annotator's pattern is strong, for the items may explain it, but whether it differs
from what others said of the same items. If all annotators of an item are alike, its labels are exchangeable: each is as
likely to be this annotator's as anybody's (Fisher's randomisation argument). Then the number of an annotator's labels
with a trait (first output, tie, longer output, outvoted by the others) is a sum of independent coins, one per item,
whose bias is the trait's share among all labels of the item, and its tail is exact. Items with one label only are
compared with the single labels of other annotators on the same two models (hypergeometric).

False positives: all tests of all annotators are corrected together (Holm 1979). If the annotators are alike, the chance
that anybody at all is flagged is at most alpha. On top of it a flag needs more than significance: at least
85% of the labels must have the trait, and who is outvoted too often is flagged only if agreement with others is
no better than chance, so that people who merely differ in taste or care are left alone. The worst are set aside first
and the rest tested again without their labels, since one careless annotator makes others look odd.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from farm.stats.bias.drift import p_of_change
from farm.stats.bias.exact_tails import Urn, coins_of, count_tails
from farm.stats.bias.votes import Ints, Trait, TraitKind, VoteTable
from farm.stats.bootstrap import FloatArray
from farm.stats.holm import holm

ALPHA = 0.05
"""Chance that anybody is flagged where nobody should be."""
MIN_LABELS = 10
"""Fewer labels of one kind prove nothing where there is nobody to compare with."""
MIN_SHARED = 20
"""Labels on shared items from which a random voter can be told in most cases."""
MIN_SHARE = 0.85
"""What "always" means: random slips do not hide an annotator, and a mild habit is none."""
CHANCE_LEVEL = 0.01
"""One-sided level at which agreement with others counts as better (or worse) than chance."""
MIN_CHANGE = 0.1
"""Smallest change of agreement between two halves that is called drift."""
MIN_IN_HALF = 10
"""Labels on shared items in a half, for a test of drift."""

Kind = TraitKind | Literal["random", "contrary", "drift", "one label"]


@dataclass(frozen=True, kw_only=True)
class Flag:
    """One annotator, one suspicion."""

    annotator: str
    kind: Kind
    """random: no better than chance; contrary: worse than chance; first to shorter: nearly always that; drift:
    agreement changed; one label: all labels alike and nobody to compare with."""
    share: float
    """Of the annotator's labels that have the trait; random, contrary and drift: of agreement with others."""
    expected: float | None
    """The same share among the others' labels on the same items; drift: the agreement in the first half of `share`'s
    annotator; None if nobody else labelled them."""
    n_labels: int
    """Labels that the share is of."""
    p_value: float | None
    """After Holm's correction for all tests; None for "one label", which cannot be tested."""


@dataclass(frozen=True, kw_only=True)
class Screening:
    """What a table of labels was searched for."""

    flags: tuple[Flag, ...]
    """Most certain first; empty if nobody is suspicious."""
    n_annotators: int
    n_tests: int
    """In the first round."""
    alpha: float
    untested: tuple[str, ...]
    """Annotators of whom nothing could be tested."""
    incomparable: tuple[str, ...]
    """Those among them with whom nobody can be compared: nobody else labelled the same items, or others of the same
    models. The other untested ones have too few labels beside those of others, or such that are all alike."""
    barely_shared: tuple[str, ...]
    """Annotators with fewer than `MIN_SHARED` labels on items that somebody else labelled too: whether they vote at
    random, or drift, could hardly be noticed."""


class _OutlierTest(NamedTuple):
    """One suspicion about one annotator, tested."""

    annotator: int
    kind: Kind
    p_value: float
    is_striking: bool
    """Whether the effect is large enough for a flag, however certain it is."""
    share: float
    expected: float
    n_labels: int


def screen_annotators(frame: pd.DataFrame, *, alpha: float = ALPHA) -> Screening:
    """Look for annotators who do not look.

    Args:
        frame: an annotation table (`farm.labels.read`) of one kind of annotators. Drift follows the column
            `labelled_at` if all its times can be read, else the order of the rows. `first_shown` (1 or 2), if there,
            says which output was shown first; on items without it the sides are output_1 and output_2.
        alpha: chance that anybody is flagged if all are alike.

    Raises:
        ValueError: alpha is not between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha: expected above 0 and below 1, got {alpha}")
    votes = VoteTable.of(frame)
    left = np.ones(len(votes.names), dtype=np.bool_)
    tests = _tests_of(votes, np.arange(len(votes.names)))
    n_tests, tested = len(tests), {test.annotator for test in tests}
    flags: list[Flag] = []
    while striking := _striking(tests, alpha):
        # The most certain suspects only: their labels make others look odd.
        suspects = list(dict.fromkeys(test.annotator for _, test in striking))
        chosen = suspects[: 1 + len(suspects) // 8]
        for annotator in chosen:
            flags += _flags(votes.names[annotator], [pair for pair in striking if pair[1].annotator == annotator])
        left[chosen] = False
        affected = votes.compared_with(chosen)
        tests = [test for test in tests if left[test.annotator] and test.annotator not in affected]
        tests += _tests_of(votes.only(left), affected[left[affected]])
    untested = tuple(name for index, name in enumerate(votes.names) if index not in tested)
    flags += [flag for name in untested if (flag := _one_label(votes, name)) is not None]
    is_comparable = votes.is_comparable
    n_shared = np.bincount(votes.annotator[votes.n_beside > 1], minlength=len(votes.names))
    return Screening(
        flags=tuple(flags),
        n_annotators=len(votes.names),
        n_tests=n_tests,
        alpha=alpha,
        untested=untested,
        incomparable=tuple(name for name in untested if not is_comparable[votes.names.index(name)]),
        barely_shared=tuple(n for n, shared in zip(votes.names, n_shared, strict=True) if shared < MIN_SHARED),
    )


def _tests_of(votes: VoteTable, annotators: Ints) -> list[_OutlierTest]:
    return [test for annotator in annotators for test in _outlier_tests(votes, int(annotator))]


def _striking(tests: Sequence[_OutlierTest], alpha: float) -> list[tuple[float, _OutlierTest]]:
    """What is flagged, with the corrected p-value, the most certain first."""
    adjusted = holm([test.p_value for test in tests])
    striking = [(p, test) for p, test in zip(adjusted, tests, strict=True) if p <= alpha and test.is_striking]
    return sorted(striking, key=lambda pair: (pair[1].p_value, pair[1].annotator))


def _flags(name: str, striking: Sequence[tuple[float, _OutlierTest]]) -> list[Flag]:
    """One flag per suspicion; who follows a simple rule also agrees by chance, which then says nothing more."""
    has_rule = any(test.kind not in ("random", "contrary", "drift") for _, test in striking)
    kept = [(p, test) for p, test in striking if not (has_rule and test.kind in ("random", "contrary", "drift"))]
    return [
        Flag(
            annotator=name,
            kind=test.kind,
            share=test.share,
            expected=test.expected,
            n_labels=test.n_labels,
            p_value=p,
        )
        for p, test in sorted(kept, key=lambda pair: pair[0])
    ]


def _one_label(votes: VoteTable, name: str) -> Flag | None:
    """Of somebody whom nothing can be tested against."""
    own = votes.annotator == votes.names.index(name)
    is_alike = any(
        len(np.unique(said[own])) == 1 and said[own][0] >= 0 for said in (votes.label, votes.shown) if own.any()
    )
    if own.sum() < MIN_LABELS or not is_alike:
        return None
    return Flag(annotator=name, kind="one label", share=1.0, expected=None, n_labels=int(own.sum()), p_value=None)


def _outlier_tests(votes: VoteTable, annotator: int) -> Iterator[_OutlierTest]:
    """All tests of one annotator that can have an outcome."""
    own = np.flatnonzero(votes.annotator == annotator)
    shared = own[votes.n_beside[own] > 1]
    tests = [_trait_test(votes, annotator, own, kind, trait) for kind, trait in votes.traits.items()]
    tests += [_agreement_test(votes, annotator, shared), _drift_test(votes, annotator, shared)]
    yield from (test for test in tests if test is not None)


def _trait_test(votes: VoteTable, annotator: int, own: Ints, kind: TraitKind, trait: Trait) -> _OutlierTest | None:
    """Does the annotator have the trait more often than the others on the same items?"""
    own = own[trait.can[own]]
    together, unshared = own[votes.n_beside[own] > 1], own[votes.n_beside[own] == 1]
    undecided = together[(trait.share[together] > 0) & (trait.share[together] < 1)]
    unshared = unshared[
        np.bincount(votes.stratum[unshared], minlength=len(trait.unshared))[votes.stratum[unshared]]
        < trait.unshared[votes.stratum[unshared]]
    ]
    strata, n_drawn = np.unique(votes.stratum[unshared], return_counts=True)
    urns = [
        Urn(int(trait.unshared[s]), int(trait.unshared_marked[s]), int(n)) for s, n in zip(strata, n_drawn, strict=True)
    ]
    observed = int(trait.has[undecided].sum() + trait.has[unshared].sum())
    tails = count_tails(observed, coins_of(trait.share[undecided]), urns)
    if tails.variance == 0:
        return None
    beside = votes.n_beside[together]
    by_others = (trait.share[together] * beside - trait.has[together]) / (beside - 1)
    own_marked = [trait.has[unshared[votes.stratum[unshared] == s]].sum() for s in strata]
    by_single = [
        u.n_drawn * (u.n_marked - marked) / (u.n_balls - u.n_drawn) for u, marked in zip(urns, own_marked, strict=True)
    ]
    n_labels = len(together) + len(unshared)
    share = float(trait.has[together].sum() + trait.has[unshared].sum()) / n_labels
    expected = float(by_others.sum() + sum(by_single)) / n_labels
    is_striking = share >= MIN_SHARE and share > expected
    return _OutlierTest(annotator, kind, tails.upper, is_striking, share, expected, n_labels)


def _agreement_test(votes: VoteTable, annotator: int, shared: Ints) -> _OutlierTest | None:
    """Does the annotator agree with others less than they do among themselves, and no better than chance?

    The annotator's n items are taken as drawn from all items of the same models and number of labels, and its label as
    any of each item's: then the sum of its agreements has a known mean and variance (two-stage sampling without
    replacement, Cochran 1977, section 10.3), and is nearly normal.
    """
    others = (votes.annotator != annotator) & (votes.n_beside > 1)
    if not len(shared) or not others.any():
        return None
    n = np.bincount(votes.agreement_stratum[shared], minlength=len(votes.agreement_moments.n_items))
    mean, between, within, n_items = votes.agreement_moments
    drawn = n > 0
    expected_sum = float((n * mean)[drawn].sum())
    variance = float((n * (between * (1 - n / np.maximum(n_items, 1)) + within))[drawn].sum())
    if variance <= 1e-12:
        return None
    observed = float(votes.agreement[shared].sum())
    # Agreements come in steps; half a step is the continuity correction.
    step = 1 / (int(votes.n_beside[shared].max()) - 1)
    p_value = float(stats.norm.cdf((observed + step / 2 - expected_sum) / np.sqrt(variance)))
    z, bar = _agreement_beyond_chance(votes, shared), float(stats.norm.isf(CHANCE_LEVEL))
    share, expected = observed / len(shared), float(votes.agreement[others].mean())
    kind: Kind = "contrary" if z < -bar else "random"
    return _OutlierTest(annotator, kind, p_value, z < bar and share < expected, share, expected, len(shared))


def _agreement_beyond_chance(votes: VoteTable, shared: Ints) -> float:
    """z of an annotator's agreement with others, had the same labels been dealt to its items at random.

    Mean and variance of a linear permutation statistic (Hoeffding 1951).
    """
    label, item = votes.label[shared], votes.item[shared]
    beside = votes.counts[item].astype(np.float64)
    beside[np.arange(len(item)), label] -= 1
    share: FloatArray = beside / beside.sum(axis=1, keepdims=True)  # (n, 3): of the others, by class
    n, n_labels = len(item), np.bincount(label, minlength=3)
    if n < 2:
        return 0.0
    weight = n_labels / n
    observed, mean = share[np.arange(n), label].sum(), n * float(share.mean(axis=0) @ weight)
    centred = share - share.mean(axis=0)
    centred -= (centred @ weight)[:, None]
    variance = n * float((centred**2 @ weight).sum()) / (n - 1)
    return 0.0 if variance <= 1e-12 else float((observed - mean) / np.sqrt(variance))


def _drift_test(votes: VoteTable, annotator: int, shared: Ints) -> _OutlierTest | None:
    """Is the annotator outvoted more, or less, in the second half of its labels than in the first?"""
    halves = np.array_split(shared, 2)
    if min(map(len, halves)) < MIN_IN_HALF:
        return None
    p_value = p_of_change(votes, shared, halves)
    before, after = (float(votes.agreement[half].mean()) for half in halves)
    is_striking = abs(after - before) >= MIN_CHANGE
    return _OutlierTest(annotator, "drift", p_value, is_striking, after, before, len(shared))
