"""A try of trained weights before they are kept: divergence in the last step shows in no loss."""

import torch
from transformers import PreTrainedModel

from farm.errors import DivergedError
from farm.models.checkpoint_files.loaded import not_finite
from farm.models.context import context_of
from farm.store.cost import uncounted

LARGEST_WEIGHT = 1e6
"""Weights of language models are below 1e3; beyond this, products of a few of them leave float32."""
N_SEQUENCES = 4
N_TOKENS = 64
_LOWER = "Nothing of it is kept; try a lower learning_rate or max_grad_norm, or a longer warmup"


def check_trained(subject: str, model: PreTrainedModel) -> None:
    """Refuse weights that are no numbers, too large, or with which the model says what is no number.

    Args:
        subject: what was trained, and until which step.
        model: it reads some sequences of tokens from all over its vocabulary; nothing random is drawn.

    Raises:
        DivergedError: its training has diverged.
    """
    names = not_finite(model)
    if names:
        raise DivergedError(f"{subject} has diverged: its weights are NaN or infinite ({names[0]}). {_LOWER}")
    largest = max(float(weight.detach().abs().amax()) for weight in model.parameters() if weight.numel())
    if largest > LARGEST_WEIGHT:
        raise DivergedError(f"{subject} has diverged: its weights are as large as {largest:.3g}. {_LOWER}")
    was_training = model.training
    model.train(False)
    with torch.no_grad(), uncounted():
        logits = [model(input_ids=ids.unsqueeze(0), use_cache=False).logits.float() for ids in _sequences(model)]
    model.train(was_training)
    if not all(torch.isfinite(each).all() and torch.isfinite(each.log_softmax(dim=-1)).all() for each in logits):
        raise DivergedError(f"{subject} has diverged: its logits of some tokens are NaN or infinite. {_LOWER}")


def _sequences(model: PreTrainedModel) -> torch.Tensor:
    """(N_SEQUENCES, N_TOKENS or what the model reads) ids, spread over the vocabulary."""
    n_embedded = model.config.get_text_config().vocab_size
    length = min(N_TOKENS, context_of(model.config) or N_TOKENS)
    n_ids = N_SEQUENCES * length
    ids: torch.Tensor = torch.arange(n_ids, device=model.device) * max(n_embedded // n_ids, 1) % n_embedded
    return ids.reshape(N_SEQUENCES, length)
