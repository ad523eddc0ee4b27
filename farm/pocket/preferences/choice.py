"""Choosing between two answers by what is seen of them: what workers of the crowd and rubric judges have in common.

A choice is drawn for the unordered pair of answers: the two are put into one order first, so exchanging output_1 and
output_2 exchanges the verdict exactly.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from farm.pocket.preferences.utility import WEIGHTS, assess
from farm.records import Comparison, Preference, Verdict
from farm.seeds import uniform_for

Floats = NDArray[np.float64]
CRITERION_NAMES = tuple(WEIGHTS)
_CORRECTNESS, _FALSEHOOD = CRITERION_NAMES.index("correctness"), CRITERION_NAMES.index("falsehood")


class Pairs(NamedTuple):
    """Comparisons with their two answers in alphabetical order; differences are first minus second."""

    keys: list[str]
    """Keys of the unordered pairs."""
    is_swapped: NDArray[np.bool_]
    """Whether output_1 is the second in this order."""
    is_same: NDArray[np.bool_]
    """Whether both answers are the same text."""
    criteria: Floats
    """(B, 7): difference in what a careful reader sees."""
    careless_criteria: Floats
    """(B, 7): difference in what a careless reader sees: apparent correctness, and no falsehood."""
    n_words: Floats
    """(B,): difference in length."""


def order_pairs(comparisons: Sequence[Comparison]) -> Pairs:
    """Put the answers in order and read them."""
    keys, is_swapped, rows = [], [], []
    for c in comparisons:
        swapped = c.output_2 < c.output_1
        first, second = (c.output_2, c.output_1) if swapped else (c.output_1, c.output_2)
        ordered = Comparison(instruction=c.instruction, input=c.input, output_1=first, output_2=second)
        keys.append(ordered.key)
        is_swapped.append(swapped)
        a, b = assess(c.instruction, c.input, first), assess(c.instruction, c.input, second)
        apparent, length = a.apparent_correctness - b.apparent_correctness, a.n_words - b.n_words
        rows.append([*(x - y for x, y in zip(a.criteria, b.criteria, strict=True)), apparent, length])
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(CRITERION_NAMES) + 2)
    criteria = table[:, :-2]
    careless = criteria.copy()
    careless[:, _CORRECTNESS] = table[:, -2]
    careless[:, _FALSEHOOD] = 0.0
    is_same = np.array([c.output_1 == c.output_2 for c in comparisons], dtype=np.bool_)
    return Pairs(keys, np.array(is_swapped, dtype=np.bool_), is_same, criteria, careless, table[:, -1])


def uniforms(seed: int, purpose: str, keys: Sequence[str]) -> Floats:
    """One uniform draw for each key."""
    return np.array([uniform_for(seed, purpose, key) for key in keys], dtype=np.float64)


def logistic(preference: Floats, temperature: float) -> Floats:
    """Probability of choosing the first of each pair."""
    # tanh, because exp overflows for the almost noiseless judge.
    return 0.5 * (1.0 + np.tanh(preference / (2.0 * temperature)))


def choose(pairs: Pairs, p_first: Floats, draws: Floats, *, tells_probability: bool) -> list[Verdict]:
    """Verdicts in the comparisons' own order; the same text twice is a tie."""
    verdicts = []
    for is_swapped, is_same, p, draw in zip(pairs.is_swapped, pairs.is_same, p_first, draws, strict=True):
        preference = Preference.FIRST if draw < p else Preference.SECOND
        soft = float(1.0 - p if is_swapped else p) if tells_probability else None
        if is_same:
            verdicts.append(Verdict(Preference.TIE, 0.5 if tells_probability else None))
        else:
            verdicts.append(Verdict(preference.swapped if is_swapped else preference, soft))
    return verdicts
