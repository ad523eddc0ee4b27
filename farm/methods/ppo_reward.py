"""What PPO maximises: from raw scores of answers to rewards and advantages of tokens."""

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from torch import Tensor

from farm.tensors.masks import masked_whiten
from farm.tensors.ppo import Advantages, generalised_advantages, shaped_rewards


@dataclass(frozen=True, kw_only=True)
class AdaptiveKL:
    """Ziegler et al. 2019 (arXiv 1909.08593), section 2.2: steer kl_coef so that the KL stays near a target."""

    key_name: ClassVar[str] = "AdaptiveKL"

    target: float
    """KL to the reference, in nats per answer."""
    rate: float
    """kl_coef changes by at most a fifth of this share per step (the paper's K_beta)."""

    def adapted(self, kl_coef: float, kl: float) -> float:
        """The next coefficient, after a step whose rollouts had this KL."""
        error = min(max(kl / self.target - 1, -0.2), 0.2)
        return kl_coef * (1 + self.rate * error)


@dataclass(frozen=True, kw_only=True)
class RewardSettings:
    """How scores and KL become advantages."""

    key_name: ClassVar[str] = "RewardSettings"

    kl_coef: float
    """Cost of one nat of KL to the SFT policy, in units of the (normalised) score."""
    adaptive_kl: AdaptiveKL | None
    """Changes kl_coef during training; null keeps it."""
    score_normalisation: Literal["none", "first_rollouts", "running"]
    """Scores are divided by a standard deviation, after subtracting a mean: not at all, those of the SFT policy's own
    answers in the first step, or those of all answers so far. Makes kl_coef mean the same for every reward model."""
    missing_eos_penalty: float
    """Subtracted from the (normalised) score of an answer that was cut at the token limit."""
    whiten_rewards: bool
    """Divide each step's token rewards by their standard deviation, over real tokens (the mean stays)."""
    gamma: float
    """Discount per token."""
    gae_lambda: float
    """Advantage estimation: 1 trusts the returns, 0 trusts the value network."""


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
        return float((self.squared_deviations / self.n_seen) ** 0.5)


class TokenRewards(NamedTuple):
    """Of one step's rollouts."""

    scores: Tensor
    """(B,) normalised scores after the penalty."""
    advantages: Advantages
    """(B, T); the advantages are whitened over the real tokens of the step."""


def next_moments(moments: ScoreMoments, scores: Tensor, normalisation: str) -> ScoreMoments:
    """The moments to normalise this step's raw scores (B,) with."""
    is_seen = normalisation == "running" or (normalisation == "first_rollouts" and moments.n_seen == 0)
    return moments.including(scores) if is_seen else moments


def normalised(scores: Tensor, moments: ScoreMoments) -> Tensor:
    """Scores (B,) in units of the moments; unchanged if nothing was ever counted, only shifted if nothing varied."""
    if moments.n_seen == 0:
        return scores
    return (scores - moments.mean) / (moments.standard_deviation or 1.0)


def token_rewards(
    settings: RewardSettings,
    scores: Tensor,
    is_finished: Tensor,
    logratio: Tensor,
    values: Tensor,
    mask: Tensor,
    *,
    kl_coef: float,
) -> TokenRewards:
    """Advantages of one step's tokens.

    Args:
        settings: how.
        scores: (B,) normalised.
        is_finished: (B,) bool: the answer's last id is the end token.
        logratio: (B, T) logps - ref_logps.
        values: (B, T) of the value network before the step's updates.
        mask: (B, T) True = real token, the end token included.
        kl_coef: the coefficient in force.
    """
    scores = scores - settings.missing_eos_penalty * (~is_finished).float()
    rewards = shaped_rewards(scores, logratio, mask, kl_coef=kl_coef)
    if settings.whiten_rewards:
        rewards = masked_whiten(rewards, mask, shift_mean=False)
    estimated = generalised_advantages(rewards, values, mask, gamma=settings.gamma, gae_lambda=settings.gae_lambda)
    whitened = masked_whiten(estimated.advantages, mask, shift_mean=True)
    return TokenRewards(scores, Advantages(whitened, estimated.returns))
