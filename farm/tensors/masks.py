"""Statistics over real tokens. What stands at padded positions never enters, not even as a zero in a mean."""

import torch
from torch import Tensor


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of values (B, T) where mask (B, T) is True; a scalar."""
    return _select(values, mask).sum() / mask.sum()


def masked_var(values: Tensor, mask: Tensor) -> Tensor:
    """Variance (divided by the count) of values (B, T) where mask (B, T) is True; a scalar."""
    return masked_mean((values - masked_mean(values, mask)).square(), mask)


def masked_sum(values: Tensor, mask: Tensor) -> Tensor:
    """Sum over the real tokens of each row, (B,), of values (B, T)."""
    return _select(values, mask).sum(dim=-1)


def masked_whiten(values: Tensor, mask: Tensor, *, shift_mean: bool) -> Tensor:
    """Values (B, T) scaled to variance 1 over the real tokens, and 0 at the others.

    Args:
        shift_mean: also move the mean to 0; without it the sign of every value stays.
    """
    mean = masked_mean(values, mask)
    whitened = (values - mean) * torch.rsqrt(masked_var(values, mask) + 1e-8)
    return _select(whitened if shift_mean else whitened + mean, mask)


def _select(values: Tensor, mask: Tensor) -> Tensor:
    # Not a product: 0 * nan is nan, and padding may hold anything.
    return torch.where(mask, values, 0.0)
