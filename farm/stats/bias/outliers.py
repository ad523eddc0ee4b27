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

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from farm.stats.bias.votes import Ints, VoteTable
from farm.stats.holm import holm
from farm.stats.outlier_tests import Kind, OutlierTest, outlier_tests

ALPHA = 0.05
"""Chance that anybody is flagged where nobody should be."""
MIN_LABELS = 10
"""Fewer labels of one kind prove nothing where there is nobody to compare with."""
MIN_SHARED = 20
"""Labels on shared items from which a random voter can be told in most cases."""


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
    """Annotators of whom nothing could be tested: nobody else labelled what they labelled, or like it."""
    barely_shared: tuple[str, ...]
    """Annotators with fewer than `MIN_SHARED` labels on items that somebody else labelled too: whether they vote at
    random, or drift, could hardly be noticed."""


def flag_annotators(frame: pd.DataFrame, *, alpha: float = ALPHA) -> list[Flag]:
    """The flags of `screen_annotators`."""
    return list(screen_annotators(frame, alpha=alpha).flags)


def screen_annotators(frame: pd.DataFrame, *, alpha: float = ALPHA) -> Screening:
    """Look for annotators who do not look.

    Args:
        frame: an annotation table (`farm.labels.read`) of one kind of annotators. Drift follows the column
            `labelled_at` if all its times can be read, else the order of the rows. `first_shown` (1 or 2), if there,
            says which output was shown first; else output_1 counts as the first.
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
    while found := _striking(tests, alpha):
        # The most certain suspects only: their labels make others look odd.
        suspects = list(dict.fromkeys(test.annotator for _, test in found))
        chosen = suspects[: 1 + len(suspects) // 8]
        for annotator in chosen:
            flags += _flags(votes.names[annotator], [pair for pair in found if pair[1].annotator == annotator])
        left[chosen] = False
        affected = votes.compared_with(chosen)
        tests = [test for test in tests if left[test.annotator] and test.annotator not in affected]
        tests += _tests_of(votes.only(left), affected[left[affected]])
    untested = tuple(name for index, name in enumerate(votes.names) if index not in tested)
    flags += [flag for name in untested if (flag := _one_label(votes, name)) is not None]
    n_shared = np.bincount(votes.annotator[votes.n_beside > 1], minlength=len(votes.names))
    return Screening(
        flags=tuple(flags),
        n_annotators=len(votes.names),
        n_tests=n_tests,
        alpha=alpha,
        untested=untested,
        barely_shared=tuple(n for n, shared in zip(votes.names, n_shared, strict=True) if shared < MIN_SHARED),
    )


def _tests_of(votes: VoteTable, annotators: Ints) -> list[OutlierTest]:
    return [test for annotator in annotators for test in outlier_tests(votes, int(annotator))]


def _striking(tests: Sequence[OutlierTest], alpha: float) -> list[tuple[float, OutlierTest]]:
    """What is flagged, with the corrected p-value, the most certain first."""
    adjusted = holm([test.p_value for test in tests])
    found = [(p, test) for p, test in zip(adjusted, tests, strict=True) if p <= alpha and test.is_striking]
    return sorted(found, key=lambda pair: (pair[1].p_value, pair[1].annotator))


def _flags(name: str, found: Sequence[tuple[float, OutlierTest]]) -> list[Flag]:
    """One flag per suspicion; who follows a simple rule also agrees by chance, which then says nothing more."""
    has_rule = any(test.kind not in ("random", "contrary", "drift") for _, test in found)
    kept = [(p, test) for p, test in found if not (has_rule and test.kind in ("random", "contrary", "drift"))]
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
    own = votes.label[votes.annotator == votes.names.index(name)]
    if len(own) < MIN_LABELS or len(np.unique(own)) > 1:
        return None
    return Flag(annotator=name, kind="one label", share=1.0, expected=None, n_labels=len(own), p_value=None)
