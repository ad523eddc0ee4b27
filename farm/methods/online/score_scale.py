"""The scale of rewards: scores in units of their own spread, and a KL coefficient that finds its size."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from torch import Tensor

from farm.config.checks import check_fields


@dataclass(frozen=True, kw_only=True)
class AdaptiveKL:
    """Ziegler et al. 2019 (arXiv 1909.08593), section 2.2: steer kl_coef so that the KL stays near a target."""

    key_name: ClassVar[str] = "AdaptiveKL"

    target: float
    """KL to the reference, in nats per answer."""
    rate: float
    """kl_coef changes by at most a fifth of this share per step (the paper's K_beta)."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"rate": 0}, above={"target": 0})

    def adapted(self, kl_coef: float, kl: float) -> float:
        """The next coefficient, after a step whose rollouts had this KL."""
        error = min(max(kl / self.target - 1, -0.2), 0.2)
        return kl_coef * (1 + self.rate * error)


class ScoreMoments(NamedTuple):
    """Running count, mean and sum of squared deviations of raw scores (Welford 1962, in batches)."""

    n_seen: int = 0
    mean: float = 0.0
    squared_deviations: float = 0.0

    def including(self, scores: Tensor) -> "ScoreMoments":
        """The moments after seeing scores (B,) too."""
        new, new_mean = len(scores), float(scores.mean())
        n_seen = self.n_seen + new
        shift = new_mean - self.mean
        deviations = float((scores - new_mean).square().sum()) + shift**2 * self.n_seen * new / n_seen
        return ScoreMoments(n_seen, self.mean + shift * new / n_seen, self.squared_deviations + deviations)

    @property
    def standard_deviation(self) -> float:
        """Of the scores seen so far, divided by their count."""
        return float((self.squared_deviations / self.n_seen) ** 0.5)


def next_moments(moments: ScoreMoments, scores: Tensor, normalisation: str) -> ScoreMoments:
    """The moments to normalise this step's raw scores (B,) with."""
    is_seen = normalisation == "running" or (normalisation == "first_rollouts" and moments.n_seen == 0)
    return moments.including(scores) if is_seen else moments


def normalised(scores: Tensor, moments: ScoreMoments) -> Tensor:
    """Scores (B,) in units of the moments; unchanged if nothing was ever counted, only shifted if nothing varied."""
    if moments.n_seen == 0:
        return scores
    return (scores - moments.mean) / (moments.standard_deviation or 1.0)
