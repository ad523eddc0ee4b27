"""Generalised advantage estimation (Schulman et al. 2015, arXiv 1506.02438) for completions padded on the right."""

from typing import NamedTuple

import torch
from torch import Tensor


class Advantages(NamedTuple):
    """Both 0 at padded positions."""

    advantages: Tensor
    """(B, T)"""
    returns: Tensor
    """(B, T) advantages + values: what the value network is fitted to."""


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
