"""Best-of-n from N >= n samples: what a scorer's favourite is worth, and how often the scorer is right.

With N samples drawn once, the favourite of a random subset of n has a closed-form expectation, so one set of samples
gives the whole curve over n without re-drawing (Nakano et al. 2021, arXiv 2112.09332, appendix I).

What it costs in KL: the best of n has density n F(s)^(n - 1) with respect to plain sampling, F the distribution
function of the score. It depends on the answer through the score alone, so the KL over answers is that over scores:
exactly log n - (n - 1)/n if no two answers have the same score, less if some have (Beirami et al. 2024, arXiv
2401.01879).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]


class SelectionKL(NamedTuple):
    """KL of best-of-n to plain sampling, in nats per answer."""

    n: int
    """Answers of which the best is kept."""
    bound: float
    """log n - (n - 1)/n."""
    measured: float
    """Mean over instructions, with the ties that were seen; at most the bound."""
    standard_error: float | None
    """Of `measured`, over instructions; None for a single one."""
    n_instructions: int
    """Instructions that `measured` rests on."""
    n_samples: int
    """Answers per instruction from which the distribution of the scores is estimated."""


class PairAgreement(NamedTuple):
    """How often a scorer orders two samples of one instruction as the truth does."""

    agreement: float
    """Mean over instructions of the share of ordered pairs; a scorer's tie counts one half."""
    standard_error: float
    """Over instructions."""
    n_instructions: int
    """Instructions with at least one pair of different truth."""
    n_pairs: int


def best_of_n_kl(n: int) -> float:
    """KL of best-of-n to plain sampling in nats: log n - (n - 1)/n; an upper bound, tight for distinct scores."""
    return float(np.log(n) - (n - 1) / n)


def measured_best_of_n_kl(scores: Floats, n: int) -> SelectionKL:
    """KL of best-of-n to plain sampling from N sampled scores of each instruction.

    Scores that occur k > 1 times among the N are atoms of probability p = k/N, chosen with q = F^n - F_before^n; they
    give q log(q/p). A score that occurs once is taken for a piece of a continuous distribution and gives its integral
    of n v^(n-1) log(n v^(n-1)) over v from F_before to F. So the estimate is the bound itself if there is no tie, and
    the KL of the empirical distribution if every score is tied. An atom that is rare enough to be drawn once counts as
    continuous: the estimate is too high by what that hides, and falls as N grows.

    Args:
        scores: (M, N) of samples that were drawn without selection, a deterministic function of the answer.
        n: of how many the best is kept; it may be more than N.
    """
    if n < 1:
        raise ValueError(f"n: expected at least 1, got {n}")
    per_instruction = np.array([_selection_kl(row, n) for row in scores])
    count = len(per_instruction)
    error = float(per_instruction.std(ddof=1) / np.sqrt(count)) if count > 1 else None
    return SelectionKL(n, best_of_n_kl(n), float(per_instruction.mean()), error, count, scores.shape[1])


def expected_best_of_n(scores: Floats, values: Floats, n: int) -> Floats:
    """Expected value of the top-scored sample among n of the N drawn, per instruction.

    Args:
        scores: (M, N) what the sample is chosen by.
        values: (M, N) what the chosen sample is worth.
        n: subset size, 1 <= n <= N.

    Returns:
        (M,) expectations over all subsets of size n; samples with equal scores share their chance evenly.
    """
    n_samples = scores.shape[1]
    if not 1 <= n <= n_samples:
        raise ValueError(f"n: expected 1 to {n_samples} (the number of samples), got {n}")
    rank = np.arange(1, n_samples + 1, dtype=np.float64)
    # P(the sample of rank r, counted from the worst, is the best of the subset) = C(r-1, n-1) / C(N, n).
    possible = rank >= n
    r = rank[possible]
    log_weight = _log_choose(r - 1, n - 1) - _log_choose(np.float64(n_samples), n)
    weight = np.zeros(n_samples)
    weight[possible] = np.exp(log_weight)
    return np.array([_tie_shared(s, weight) @ v for s, v in zip(scores, values, strict=True)])


def pair_agreement(scores: Floats, truth: Floats) -> PairAgreement | None:
    """Agreement of a scorer with the truth on all pairs of samples of one instruction, (M, N) each.

    None if fewer than two instructions have samples of different truth: a policy that always says the same.
    """
    rows, columns = np.triu_indices(scores.shape[1], k=1)
    true_sign = np.sign(truth[:, rows] - truth[:, columns])
    score_sign = np.sign(scores[:, rows] - scores[:, columns])
    right = np.where(score_sign == 0, 0.5, (score_sign == true_sign).astype(float))
    is_ordered = true_sign != 0
    n_ordered = is_ordered.sum(axis=1)
    has_pairs = n_ordered > 0
    if has_pairs.sum() < 2:
        return None
    per_instruction = (right * is_ordered).sum(axis=1)[has_pairs] / n_ordered[has_pairs]
    n = len(per_instruction)
    error = float(per_instruction.std(ddof=1) / np.sqrt(n))
    return PairAgreement(float(per_instruction.mean()), error, n, int(n_ordered.sum()))


def _selection_kl(scores: Floats, n: int) -> float:
    """Of one instruction, (N,) scores."""
    _, counts = np.unique(scores, return_counts=True)
    above = np.cumsum(counts) / len(scores)
    below = np.concatenate([[0.0], above[:-1]])
    chosen, plain = above**n - below**n, counts / len(scores)
    # For large n the powers of low scores are 0, and 0 log 0 is 0.
    tied = np.where(chosen > 0, chosen * np.log(np.where(chosen > 0, chosen, 1.0) / plain), 0.0)
    smooth = chosen * np.log(n) + (n - 1) * (_power_log(above, n) - _power_log(below, n))
    return float(np.where(counts > 1, tied, smooth).sum())


def _power_log(v: Floats, n: int) -> Floats:
    """The antiderivative of n v^(n-1) log v, which is 0 at 0."""
    return v**n * (np.log(np.where(v > 0, v, 1.0)) - 1 / n)


def _log_choose(n: Floats | np.float64, k: int) -> Floats:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def _tie_shared(scores: Floats, weight_of_rank: Floats) -> Floats:
    """Weight of each sample: its rank's, averaged over the samples of equal score."""
    order = np.argsort(scores, kind="stable")
    weight = np.empty_like(weight_of_rank)
    weight[order] = weight_of_rank
    _, group = np.unique(scores, return_inverse=True)
    totals = np.bincount(group, weights=weight) / np.bincount(group)
    return totals[group]
