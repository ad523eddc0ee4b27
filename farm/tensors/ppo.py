"""PPO's two clipped losses (Schulman et al. 2017, arXiv 1707.06347), summed over tokens.

Sums, not means: the caller divides by the number of real tokens of the whole minibatch, so that one micro-batch of
eight gives the gradient of eight micro-batches of one.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from farm.tensors.kl import kl_k3
from farm.tensors.masks import masked_sum


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


def clipped_policy_loss(
    logps: Tensor, old_logps: Tensor, advantages: Tensor, mask: Tensor, *, cliprange: float
) -> PolicyLoss:
    """Sum of max(-A ratio, -A clip(ratio, 1 - cliprange, 1 + cliprange)) over real tokens; all inputs (B, T)."""
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
