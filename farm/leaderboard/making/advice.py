"""How many labels would settle the pairs of models that a ranking leaves undecided, in the closed form of `farm plan`.

A pair is undecided if its win rates differ by less than two standard errors. If the rates that were seen are the true
ones, one label on each output settles it (the difference is then more than two standard errors with a probability of
CONFIDENCE) from n instructions on, with n = V ((2 + z) / difference)^2, z = Phi^-1(CONFIDENCE) and V the variance of
one instruction's paired difference (`farm.stats.planning.model`, without a source's lean or seeds: what labels cannot
settle is which method makes the better models, if training it again turns the order round).
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from farm.stats.bootstrap import FloatArray
from farm.stats.planning.model import N_STANDARD_ERRORS, Design, LabelSource, Question, gap_moments
from farm.stats.ranking.draws.ranking import RankingDraws

CONFIDENCE = 0.8
MOST = 1_000_000
"""Instructions; what needs more is called undecidable."""
_EXACT = LabelSource(
    flip_prob=0.0, shared_flip_prob=0.0, tie_prob=0.0, annotator_sd=0.0, bias_sd=0.0, n_annotators=(1,),
    usd_per_1000_labels=0.0, hours_per_1000_labels=0.0,
)  # fmt: skip
_ONE = Design(n_seeds=1, n_annotators=1, n_items=1, labels_per_comparison=1)


def labels_that_settle(ranking: RankingDraws, scores: Sequence[FloatArray]) -> str:
    """A sentence; empty if no pair is undecided.

    Args:
        ranking: of M models, with the standard errors of its differences.
        scores: (I,) of each of the M models, mean over seeds; NaN = no verdict.
    """
    needed = undecided_items(ranking, scores)
    if not needed:
        return ""
    n_pairs = len(ranking.models) * (len(ranking.models) - 1) // 2
    half, most = (_rounded(float(np.quantile(needed, share, method="higher"))) for share in (0.5, 0.9))
    return (
        f"That ranking leaves {len(needed)} of {n_pairs} pairs undecided. With one label on each output for {half} "
        f"instructions it would settle half of them, with {most} nine in ten (each with a probability of "
        f"{CONFIDENCE:.0%}, if the differences are as large as they look)."
    )


def undecided_items(ranking: RankingDraws, scores: Sequence[FloatArray]) -> list[float]:
    """Instructions that each undecided pair needs, in no order; infinite for equal rates."""
    errors = ranking.difference_errors
    if errors is None:
        return []
    covariances = _covariances(scores)
    needed = []
    for a, b in zip(*np.triu_indices(len(ranking.models), k=1), strict=True):
        rates = ranking.win_rates[[a, b]]
        gap = float(abs(rates[0] - rates[1]))
        if np.isfinite(errors[a, b]) and gap <= N_STANDARD_ERRORS * errors[a, b]:
            needed.append(_items(float(rates.max()), float(rates.min()), float(covariances[a, b])))
    return needed


def _items(better: float, worse: float, covariance: float) -> float:
    """Instructions for one pair."""
    if better == worse or worse <= 0 or better >= 1:
        return float("inf")
    most_alike = worse - better * worse
    question = Question(
        difference=better - worse,
        win_rate=(better + worse) / 2,
        design="paired",
        criterion="beyond_noise",
        item_correlation=float(np.clip(covariance / most_alike, 0.0, 1.0)),
        seed_sd=0.0,
    )
    moments = gap_moments(question, _EXACT, _ONE)
    return moments.items * ((N_STANDARD_ERRORS + float(stats.norm.ppf(CONFIDENCE))) / moments.mean) ** 2


def _covariances(scores: Sequence[FloatArray]) -> FloatArray:
    """(M, M) over instructions; one without a verdict counts as the model's mean."""
    table = np.stack(list(scores))
    centred = np.nan_to_num(table - np.nanmean(table, axis=1, keepdims=True))
    covariances: FloatArray = centred @ centred.T / max(1, table.shape[1] - 1)
    return covariances


def _rounded(n_items: float) -> str:
    """Two figures are all that such an estimate is worth."""
    if n_items > MOST:
        return f"more than {MOST:,}"
    digits = max(0, len(str(int(n_items))) - 2)
    return f"{int(-(-n_items // 10**digits) * 10**digits):,}"
