"""How somebody with given log odds chooses between two answers: Davidson's model of ties, and lapses.

Davidson (1970), "On Extending the Bradley-Terry Model to Accommodate Ties", JASA 65: with u the log odds of the first
answer over the second among those who do not tie, and the tie weight v >= 0,

    P(first) = exp(u / 2) / S,   P(second) = exp(-u / 2) / S,   P(tie) = v / S,   S = exp(u / 2) + exp(-u / 2) + v.

Evenly matched answers (u = 0) tie with probability v / (2 + v); v = 0 is Bradley-Terry. A share of the answers, the
lapse rate, is given without looking: all possible answers are then equally likely (three, or two if v = 0).
"""

import math
from typing import NamedTuple

import numpy as np

from farm.stats.bootstrap import FloatArray


class Choice(NamedTuple):
    """Probabilities of the three answers; they sum to 1."""

    first: float
    tie: float
    second: float


class ChoiceTerms(NamedTuple):
    """Log-probability of given answers and its derivatives; arrays of one shape."""

    logp: FloatArray
    by_logit: FloatArray
    """d logp / du"""
    by_log_tie_weight: FloatArray
    """d logp / d log v"""
    by_lapse_rate: FloatArray
    """d logp / d lapse rate"""


def choice_probabilities(logit: float, *, tie_weight: float, lapse_rate: float) -> Choice:
    """The three probabilities at one value of u."""
    # Relative to exp(|u| / 2), so that nothing overflows.
    larger = 1.0
    smaller = math.exp(-abs(logit))
    tie = tie_weight * math.exp(-abs(logit) / 2)
    total = larger + smaller + tie
    first, second = (larger, smaller) if logit >= 0 else (smaller, larger)
    n_answers = 3 if tie_weight > 0 else 2
    guess, attention = lapse_rate / n_answers, 1.0 - lapse_rate
    return Choice(
        first=attention * first / total + guess,
        tie=attention * tie / total + (guess if tie_weight > 0 else 0.0),
        second=attention * second / total + guess,
    )


def choice_terms(logit: FloatArray, side: FloatArray, *, tie_weight: float, lapse_rate: float) -> ChoiceTerms:
    """Log-probability of each answer at its own u, with derivatives.

    Args:
        logit: u.
        side: 1/2 = first, -1/2 = second, 0 = tie; broadcasts against `logit`.
        tie_weight: v; with v = 0 a tie has log-probability -inf.
        lapse_rate: in [0, 1).
    """
    half = np.abs(logit) / 2
    # All three terms relative to exp(|u| / 2), so that none overflows.
    far, tie = np.exp(-2 * half), tie_weight * np.exp(-half)
    total = 1.0 + far + tie
    is_tie = side == 0
    difference = np.sign(logit) * (1.0 - far) / total
    with np.errstate(divide="ignore"):
        attentive = side * logit - half - np.log(total) + np.where(is_tie, np.log(tie_weight), 0.0)
    by_logit = side - difference / 2
    by_log_tie_weight = is_tie - tie / total
    if lapse_rate == 0.0:
        return ChoiceTerms(attentive, by_logit, by_log_tie_weight, _lapse_slope(attentive, tie_weight))
    guess = 1.0 / (3 if tie_weight > 0 else 2)
    p_attentive = np.exp(attentive)
    p = (1.0 - lapse_rate) * p_attentive + lapse_rate * guess
    share = (1.0 - lapse_rate) * p_attentive / p
    return ChoiceTerms(np.log(p), share * by_logit, share * by_log_tie_weight, (guess - p_attentive) / p)


def _lapse_slope(logp: FloatArray, tie_weight: float) -> FloatArray:
    # exp(700) is about the largest number there is; an answer as unlikely as that asks for lapses loudly enough.
    slope: FloatArray = np.exp(np.minimum(-logp, 700.0)) / (3 if tie_weight > 0 else 2) - 1.0
    return slope
