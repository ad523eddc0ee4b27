"""From logits to log-probabilities of tokens, entropies, KL divergences, and tokens drawn.

Two estimators of KL(pi || ref) from tokens drawn from pi, after John Schulman's note "Approximating KL Divergence"
(2020, http://joschu.net/blog/kl-approx.html), in terms of logratio = logps - ref_logps:

| name | formula | bias | |
|---|---|---|---|
| k1 | logratio | none | may be negative for a token; high variance |
| k3 | exp(-logratio) - 1 + logratio | none | never negative; low variance near ref, heavy tail far from it |

k1 is the log-ratio itself and has no function here. Clamping it at 0, as AlpacaFarm did, keeps its positive half only
and overestimates.
"""

import torch
from torch import Tensor


def per_token_logps(logits: Tensor, token_ids: Tensor, temperature: float) -> Tensor:
    """Log-probability (...) of each token id (...) under logits (..., V) at a sampling temperature.

    Written as one logit minus a log-sum-exp, so that no second tensor of the logits' size is kept for the gradient.
    """
    scaled = _at_temperature(logits, temperature)
    return scaled.gather(-1, token_ids.unsqueeze(-1)).squeeze(-1) - scaled.logsumexp(dim=-1)


def entropies(logits: Tensor, temperature: float) -> Tensor:
    """Entropy (...) in nats of the distributions given by logits (..., V) at a sampling temperature."""
    scaled = _at_temperature(logits, temperature)
    return scaled.logsumexp(dim=-1) - (scaled.softmax(dim=-1) * scaled).sum(dim=-1)


def kl_k3(logratio: Tensor) -> Tensor:
    """k1 plus a term of expectation 0 (E_pi[ref / pi] = 1) that cancels most of its noise; any shape."""
    return torch.expm1(-logratio) + logratio


def full_kl(logits: Tensor, ref_logits: Tensor, temperature: float) -> Tensor:
    """Exact KL(pi || ref) (...) in nats over the whole vocabulary, from logits (..., V): no sampling, no variance."""
    logps = _log_softmax(logits, temperature)
    return (logps.exp() * (logps - _log_softmax(ref_logits, temperature))).sum(dim=-1)


def sample_tokens(logits: Tensor, uniforms: Tensor, temperature: float) -> Tensor:
    """One token id per row, (B,), from logits (B, V) and uniforms (B,) in [0, 1); temperature 0 takes the likeliest.

    The cumulative distribution is inverted. Unlike `torch.multinomial`, which consumes one generator for a whole batch,
    a row's draw depends on nothing but its own logits and its own uniform; on a CPU it is an order of magnitude cheaper
    too.
    """
    if temperature == 0:
        return logits.argmax(dim=-1)
    cdf = torch.softmax(logits.float() / temperature, dim=-1).cumsum(dim=-1)
    # In float32 the last entry is only nearly 1, so the uniforms are stretched to what is there.
    thresholds = (uniforms * cdf[:, -1]).unsqueeze(-1)
    # The first entry that exceeds the threshold: a token of probability 0 exceeds nothing and is never drawn.
    drawn = torch.searchsorted(cdf, thresholds, right=True).squeeze(-1)
    return drawn.clamp(max=logits.shape[-1] - 1)


def _log_softmax(logits: Tensor, temperature: float) -> Tensor:
    return _at_temperature(logits, temperature).log_softmax(dim=-1)


def _at_temperature(logits: Tensor, temperature: float) -> Tensor:
    logits = logits.float()
    return logits if temperature == 1 else logits / temperature
