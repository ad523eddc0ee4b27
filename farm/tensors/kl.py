"""Three estimators of KL(pi || ref) from tokens drawn from pi, after John Schulman's note "Approximating KL Divergence"
(2020, http://joschu.net/blog/kl-approx.html). All take logratio = logps - ref_logps, of any shape.

| name | formula | bias | |
|---|---|---|---|
| k1 | logratio | none | single values may be negative; high variance |
| k2 | logratio^2 / 2 | small near ref | never negative |
| k3 | exp(-logratio) - 1 + logratio | none | never negative; low variance near ref, heavy tail far from it |

Clamping k1 at 0, as AlpacaFarm did, keeps its positive half only and overestimates.
"""

import torch
from torch import Tensor

from farm.tensors.logprobs import log_softmax_at


def kl_k1(logratio: Tensor) -> Tensor:
    """The plain log-ratio."""
    return logratio


def full_kl(logits: Tensor, ref_logits: Tensor, temperature: float) -> Tensor:
    """Exact KL(pi || ref) (...) in nats over the whole vocabulary, from logits (..., V): no sampling, no variance."""
    logps = log_softmax_at(logits, temperature)
    return (logps.exp() * (logps - log_softmax_at(ref_logits, temperature))).sum(dim=-1)


def kl_k2(logratio: Tensor) -> Tensor:
    """Half the squared log-ratio."""
    return logratio.square() / 2


def kl_k3(logratio: Tensor) -> Tensor:
    """k1 plus a term of expectation 0 (E_pi[ref / pi] = 1) that cancels most of its noise."""
    return torch.expm1(-logratio) + logratio
