"""Whether an annotator's agreement with others changed between two halves of its labels."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from farm.stats.bias.votes import Ints, VoteTable

MIN_VARIANCE = 4.0
"""Of the outvoted labels of a half, for the normal approximation in the test of drift."""


def p_of_change(votes: VoteTable, shared: Ints, halves: Sequence[Ints]) -> float:
    """p of equal agreement in both halves.

    On items of three labels and more, of which somebody is outvoted, so that the items' difficulty is held constant; on
    items of two labels, if these are most, by how often the two differ.

    Args:
        votes: everybody's labels.
        shared: the rows of an annotator's labels on items that somebody else labelled too.
        halves: the same rows, the first half and the second.
    """
    if (votes.n_beside[shared] > 2).mean() >= 0.5:
        return _change_of_outvoted(votes, [half[votes.outvoted_share[half] > 0] for half in halves])
    two = [half[votes.n_beside[half] == 2] for half in halves]
    return _fisher([(int((votes.agreement[half] == 0).sum()), len(half)) for half in two])


def _change_of_outvoted(votes: VoteTable, halves: Sequence[Ints]) -> float:
    """p of a score test that the odds of being outvoted are the same multiple of the others' in both halves.

    Exact where there are few items, for then all have about the same number of labels.
    """
    share = [votes.outvoted_share[half] for half in halves]
    variance = [float((each * (1 - each)).sum()) for each in share]
    if min(variance) < MIN_VARIANCE:
        return _fisher([(int(votes.is_outvoted[half].sum()), len(half)) for half in halves])
    excess = [float((votes.is_outvoted[h] - each).sum()) for h, each in zip(halves, share, strict=True)]
    z = (excess[0] / variance[0] - excess[1] / variance[1]) / np.sqrt(1 / variance[0] + 1 / variance[1])
    return float(2 * stats.norm.sf(abs(z)))


def _fisher(hits: Sequence[tuple[int, int]]) -> float:
    """Fisher's exact p of equal shares; each pair is (hits, trials)."""
    return float(stats.fisher_exact(np.array([[hit, n - hit] for hit, n in hits])).pvalue)
