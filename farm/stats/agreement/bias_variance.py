"""AlpacaEval's bias and variance of an annotator (alpaca_eval/analyze.py, metrics/helpers.py), also without luck.

A label is 1, 1.5 (tie), 2 or between. The vote of several labels is the most frequent one; the median where one of them
is none of 1, 1.5 and 2. The error of a label against a vote is |label - vote|: 0, 1, or 1/2 where one of them is a tie.

- agreement: 1 - error of a single label against the humans' vote.
- bias: error of the vote of all of an annotator's labels against the humans' vote.
- variance: error of one label against the vote of the annotator's others.

Neither is a bias or variance in the statistical sense. Where several labels are equally frequent AlpacaEval means to
draw one at random, but draws with one fixed seed: of two it always takes the larger, of three the smallest.
`alpaca_eval` does as it does, for comparison with its tables; `expected` is the mean over all equally frequent labels,
that is, over truly random and independent draws.
"""

from typing import Literal, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt

from farm.stats.agreement.by_annotator import CLASSES
from farm.stats.agreement.label_counts import table_counts
from farm.stats.bootstrap import Estimate, FloatArray, Resampling
from farm.stats.shares import mean_of_ratios, undefined

TieBreak = Literal["alpaca_eval", "expected"]

_ORDERED = tuple(sorted(CLASSES))


class BiasVariance(NamedTuple):
    """n of each counts labels or votes that were compared."""

    agreement: Estimate
    """Of a single label with the humans' vote; higher is better."""
    bias: Estimate
    variance: Estimate


class _Settings(TypedDict):
    resampling: Resampling
    n_unparsed: int


class _Votes(NamedTuple):
    """The vote of each item as a distribution."""

    values: FloatArray
    """(I, V) possible votes."""
    shares: FloatArray
    """(I, V) their probabilities; all 0 where nobody labelled the item."""


def bias_and_variance(
    labels: FloatArray, humans: FloatArray | None, *, ties: TieBreak, name: str, resampling: Resampling
) -> BiasVariance:
    """The three figures of one annotator that labelled items repeatedly (with other seeds, say).

    Args:
        labels: (I, S) the annotator's labels, items x repetitions, NaN = unparsed.
        humans: (I, H) labels of the humans, NaN = none; None if there are none.
        ties: what is done with equally frequent labels.
        name: whose labels; keys the bootstrap.
        resampling: draws the items.
    """
    n_unparsed = int(np.isnan(labels).sum())
    settings: _Settings = {"resampling": resampling, "n_unparsed": n_unparsed}
    others = [_votes(np.delete(labels, k, axis=1), ties) for k in range(labels.shape[1])]
    variance = undefined("one label per item: repeat the judging to see how it varies", n_unparsed=n_unparsed)
    if labels.shape[1] > 1:
        errors = np.stack([_errors(_one_label(labels[:, k]), votes) for k, votes in enumerate(others)], axis=1)
        variance = _mean(errors, f"variance of {name}", "no item has two labels", settings)
    if humans is None:
        nothing = undefined("there are no human labels", n_unparsed=n_unparsed)
        return BiasVariance(nothing, nothing, variance)
    truth = _votes(humans, ties)
    no_common = "no item has a label of both"
    single_errors = np.stack([_errors(_one_label(labels[:, k]), truth) for k in range(labels.shape[1])], axis=1)
    votes = _errors(_votes(labels, ties), truth)[:, None]
    return BiasVariance(
        agreement=_mean(1 - single_errors, f"agreement of {name}", no_common, settings),
        bias=_mean(votes, f"bias of {name}", no_common, settings),
        variance=variance,
    )


def vote(labels: FloatArray) -> FloatArray:
    """(I, S) -> (I,) AlpacaEval's vote, with its way of breaking ties; NaN where there is no label."""
    votes = _votes(labels, "alpaca_eval")
    return np.where(votes.shares.any(axis=1), (votes.values * votes.shares).sum(axis=1), np.nan)


def _votes(labels: FloatArray, ties: TieBreak) -> _Votes:
    counts = table_counts(labels, _ORDERED)
    is_mode = (counts == counts.max(axis=1, keepdims=True)) & (counts > 0)
    if ties == "alpaca_eval":
        is_mode = _fixed_draw(is_mode)
    shares = is_mode / np.maximum(is_mode.sum(axis=1, keepdims=True), 1)
    is_graded = np.isfinite(labels).sum(axis=1) > counts.sum(axis=1)
    median = np.full(len(labels), np.nan)
    if is_graded.any():
        median[is_graded] = np.nanmedian(labels[is_graded], axis=1)
    shares[is_graded] = 0.0
    values = np.column_stack([np.tile(_ORDERED, (len(labels), 1)), np.nan_to_num(median)])
    return _Votes(values, np.column_stack([shares, is_graded]))


def _fixed_draw(is_mode: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """What pandas' sample(1, random_state=123) takes of the modes in ascending order."""
    first = is_mode.argmax(axis=1)
    last = is_mode.shape[1] - 1 - is_mode[:, ::-1].argmax(axis=1)
    n_modes = is_mode.sum(axis=1)
    chosen = np.where(n_modes == 2, last, first)
    return np.asarray((np.arange(is_mode.shape[1])[None, :] == chosen[:, None]) & (n_modes > 0)[:, None])


def _one_label(label: FloatArray) -> _Votes:
    return _Votes(np.nan_to_num(label)[:, None], np.isfinite(label).astype(np.float64)[:, None])


def _errors(first: _Votes, second: _Votes) -> FloatArray:
    """(I,) mean |first - second| over independent draws; NaN where either has nothing."""
    distances = np.abs(first.values[:, :, None] - second.values[:, None, :])
    errors = np.einsum("ia,ib,iab->i", first.shares, second.shares, distances)
    return np.where(first.shares.any(axis=1) & second.shares.any(axis=1), errors, np.nan)


def _mean(errors: FloatArray, purpose: str, nothing: str, settings: _Settings) -> Estimate:
    is_there = np.isfinite(errors)
    return mean_of_ratios(
        np.nan_to_num(errors), is_there.astype(np.float64), purpose=purpose, nothing=nothing, **settings
    )
