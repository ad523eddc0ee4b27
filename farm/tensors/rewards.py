"""PPO's per-token rewards: the KL penalty at every token, the answer's score at its last."""

import torch
from torch import Tensor


def shaped_rewards(scores: Tensor, logratio: Tensor, mask: Tensor, *, kl_coef: float) -> Tensor:
    """Rewards (B, T) from scores (B,) and logratio = logps - ref_logps (B, T); 0 at padded positions.

    The penalty is the k1 estimate, -kl_coef * logratio, with its sign: its sum over an answer is then an unbiased
    estimate of -kl_coef * KL(policy || ref).
    """
    rewards = torch.where(mask, -kl_coef * logratio, 0.0)
    last = mask.sum(dim=-1, keepdim=True) - 1
    return rewards.scatter_add(-1, last, scores.unsqueeze(-1))
