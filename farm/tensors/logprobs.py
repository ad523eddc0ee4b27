"""Log-probabilities of given tokens and entropies, from logits."""

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


def log_softmax_at(logits: Tensor, temperature: float) -> Tensor:
    """Log-probabilities (..., V) of all tokens at a sampling temperature."""
    return _at_temperature(logits, temperature).log_softmax(dim=-1)


def _at_temperature(logits: Tensor, temperature: float) -> Tensor:
    logits = logits.float()
    return logits if temperature == 1 else logits / temperature
