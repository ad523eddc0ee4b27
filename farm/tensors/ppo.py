"""PPO's formulas, from scores of answers to the two losses of tokens; completions are padded on the right.

In the order of a step: rewards (Ziegler et al. 2019, arXiv 1909.08593), advantages (Schulman et al. 2015, 1506.02438),
clipped losses (Schulman et al. 2017, 1707.06347).
"""

from typing import NamedTuple

import torch
from torch import Tensor

from farm.tensors.logprobs import kl_k3
from farm.tensors.masks import masked_sum


class Advantages(NamedTuple):
    """Both 0 at padded positions."""

    advantages: Tensor
    """(B, T)"""
    returns: Tensor
    """(B, T) advantages + values: what the value network is fitted to."""


class PolicyLoss(NamedTuple):
    """Sums over real tokens."""

    loss: Tensor
    """Minus the clipped surrogate objective."""
    n_clipped: Tensor
    """Tokens whose clipped term is the one that counts, and which therefore give no gradient."""
    approx_kl: Tensor
    """k3 estimate of KL(old policy || policy), from tokens of the old policy."""


class ValueLoss(NamedTuple):
    """Sums over real tokens."""

    loss: Tensor
    """Half the squared error, clipped."""
    n_clipped: Tensor
    """Tokens whose clipped term is the one that counts."""


def shaped_rewards(scores: Tensor, logratio: Tensor, mask: Tensor, *, kl_coef: float) -> Tensor:
    """Rewards (B, T) from scores (B,) and logratio = logps - ref_logps (B, T); 0 at padded positions.

    r_t = -kl_coef logratio_t, and the score on top at the last real token (equation 2 of Ziegler et al., per token).
    The penalty is the k1 estimate with its sign: its sum over an answer is then an unbiased estimate of
    -kl_coef KL(policy || reference).
    """
    rewards = torch.where(mask, -kl_coef * logratio, 0.0)
    last = mask.sum(dim=-1, keepdim=True) - 1
    return rewards.scatter_add(-1, last, scores.unsqueeze(-1))


def generalised_advantages(
    rewards: Tensor, values: Tensor, mask: Tensor, *, gamma: float, gae_lambda: float
) -> Advantages:
    """From rewards, values and mask, all (B, T); the state after a row's last real token is worth 0.

    A_t = delta_t + gamma gae_lambda A_{t+1}, where delta_t = r_t + gamma V_{t+1} - V_t (equation 16 of the paper).
    """
    rewards, values = torch.where(mask, rewards, 0.0), torch.where(mask, values, 0.0)
    advantages = torch.zeros_like(rewards)
    following_advantage = torch.zeros_like(rewards[:, 0])
    following_value = torch.zeros_like(rewards[:, 0])
    for t in reversed(range(rewards.shape[1])):
        delta = rewards[:, t] + gamma * following_value - values[:, t]
        # At a padded position every term is 0, so the recursion starts afresh at the last real token.
        following_advantage = delta + gamma * gae_lambda * following_advantage
        following_value = values[:, t]
        advantages[:, t] = following_advantage
    return Advantages(advantages, advantages + values)


def clipped_policy_loss(
    logps: Tensor, old_logps: Tensor, advantages: Tensor, mask: Tensor, *, cliprange: float
) -> PolicyLoss:
    """Sum of max(-A ratio, -A clip(ratio, 1 - cliprange, 1 + cliprange)) over real tokens; all inputs (B, T).

    Equation 7 of the paper, negated, with ratio = pi(token) / pi_old(token). A sum and not a mean, as is the value
    loss: divided by the tokens of a whole minibatch, a micro-batch of eight gives the gradient of eight of one.
    """
    logratio = torch.where(mask, logps - old_logps, 0.0)
    ratio = logratio.exp()
    unclipped = -advantages * ratio
    clipped = -advantages * ratio.clamp(1 - cliprange, 1 + cliprange)
    return PolicyLoss(
        loss=masked_sum(torch.maximum(unclipped, clipped), mask).sum(),
        n_clipped=((clipped > unclipped) & mask).sum(),
        # The tokens come from the old policy, so the ratio of the note's "pi over ref" is old over new.
        approx_kl=kl_k3(-logratio.detach()).sum(),
    )


def clipped_value_loss(
    values: Tensor, old_values: Tensor, returns: Tensor, mask: Tensor, *, cliprange_value: float
) -> ValueLoss:
    """Half the sum of max((V - R)^2, (V' - R)^2) over real tokens, V' = V kept within cliprange_value of the old V."""
    near_old = torch.clamp(values, old_values - cliprange_value, old_values + cliprange_value)
    unclipped, clipped = (values - returns).square(), (near_old - returns).square()
    return ValueLoss(
        loss=0.5 * masked_sum(torch.maximum(unclipped, clipped), mask).sum(),
        n_clipped=((clipped > unclipped) & mask).sum(),
    )
