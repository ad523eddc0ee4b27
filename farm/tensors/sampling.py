"""Drawing tokens by inverting the cumulative distribution, each row with a uniform number of its own.

Unlike `torch.multinomial`, which consumes one generator for a whole batch, a row's draw depends on nothing but its own
logits and its own uniform; on a CPU it is also an order of magnitude cheaper.
"""

import torch
from torch import Tensor


def sample_tokens(logits: Tensor, uniforms: Tensor, temperature: float) -> Tensor:
    """One token id per row, (B,), from logits (B, V) and uniforms (B,) in [0, 1); temperature 0 takes the likeliest."""
    if temperature == 0:
        return logits.argmax(dim=-1)
    cdf = torch.softmax(logits.float() / temperature, dim=-1).cumsum(dim=-1)
    # In float32 the last entry is only nearly 1, so the uniforms are stretched to what is there.
    thresholds = (uniforms * cdf[:, -1]).unsqueeze(-1)
    # The first entry that exceeds the threshold: a token of probability 0 exceeds nothing and is never drawn.
    drawn = torch.searchsorted(cdf, thresholds, right=True).squeeze(-1)
    return drawn.clamp(max=logits.shape[-1] - 1)
