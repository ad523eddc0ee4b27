"""FLOPs of training, scoring and sampling, estimated as in Kaplan et al. 2020 (arXiv 2001.08361, section 2.1).

Per token a forward pass takes two operations for each weight of a matrix; a backward pass as many for the activations'
gradients and, for weights that are trained, as many again: 6 per weight and token in full training. Attention over the
context (small unless it is thousands of tokens long), activations that are computed a second time to save memory, and
everything that is no matrix product are left out; padding is computed, so it counts.
"""

import torch
from torch import nn
from transformers import PreTrainedModel

from farm.store.cost import Cost, count


def count_flops_of(model: PreTrainedModel) -> None:
    """From now on every forward pass of the model, with its backward pass if there is one, is counted."""
    model.base_model.register_forward_pre_hook(_count_pass, with_kwargs=True)


def forward_flops(model: PreTrainedModel, n_tokens: int) -> float:
    """Of a forward pass over so many tokens."""
    return 2.0 * _n_matrix_weights(model.base_model) * n_tokens


def count_gpu_memory(device: torch.device) -> None:
    """Add the peak of the tensors on a GPU since the last call; nothing on a CPU."""
    if device.type == "cuda":
        count(Cost(peak_gpu_memory_mb=torch.cuda.max_memory_allocated(device) / 1e6))
        torch.cuda.reset_peak_memory_stats(device)


def _count_pass(backbone: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
    given = [
        v for v in (kwargs.get("input_ids"), kwargs.get("inputs_embeds"), *args[:1]) if isinstance(v, torch.Tensor)
    ]
    if not given:
        return
    n_tokens = given[0].shape[0] * given[0].shape[1]
    n_weights = _n_matrix_weights(backbone)
    per_token = 2.0 * n_weights
    if torch.is_grad_enabled():
        n_trained = sum(p.numel() for p in backbone.parameters() if p.ndim > 1 and p.requires_grad)
        if n_trained:
            per_token += 2.0 * n_weights + 2.0 * n_trained
    count(Cost(flops=per_token * n_tokens))


def _n_matrix_weights(backbone: nn.Module) -> int:
    """Weights of matrices that tokens are multiplied with. The embedding is only looked up, but its size stands for the
    output matrix, which is outside the backbone."""
    return sum(parameter.numel() for parameter in backbone.parameters() if parameter.ndim > 1)
