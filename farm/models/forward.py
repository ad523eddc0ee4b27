"""Training's forward passes over prompts and completions: logits and values at the completions' tokens only.

Sequences are padded on the right, where causal attention cannot look, so no attention mask is needed and padding
changes nothing. Row i's token t is predicted from the state before it; the last token is never fed.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from farm.models.tokens import pad


class CompletionBatch(NamedTuple):
    """Prompts with their completions, ready for a forward pass."""

    input_ids: Tensor
    """(B, P + T - 1) prompt and completion without its last token, padded on the right."""
    completion_ids: Tensor
    """(B, T) padded on the right."""
    completion_mask: Tensor
    """(B, T) True = real token."""
    actions: Tensor
    """(N,) the real completion tokens, in the order of the mask."""
    rows: Tensor
    """(N,) row in `input_ids` of the state before each real completion token, in the order of the mask."""
    columns: Tensor
    """(N,) column of that state."""

    def scatter(self, values: Tensor) -> Tensor:
        """(B, T) with values (N,) at the real tokens and 0 elsewhere."""
        padded = values.new_zeros(self.completion_mask.shape)
        return padded.masked_scatter(self.completion_mask, values)


def completion_batch(
    prompt_ids: Sequence[Sequence[int]], completion_ids: Sequence[Sequence[int]], device: torch.device
) -> CompletionBatch:
    """Put prompts and their completions, each of at least one token, into one batch."""
    sequences = [[*prompt, *completion[:-1]] for prompt, completion in zip(prompt_ids, completion_ids, strict=True)]
    padded = pad(completion_ids, 0)
    rows, offsets = padded.mask.nonzero(as_tuple=True)
    prompt_lengths = torch.tensor([len(prompt) for prompt in prompt_ids])
    columns = prompt_lengths[rows] + offsets - 1
    return CompletionBatch(
        input_ids=pad(sequences, 0, device=device).input_ids,
        completion_ids=padded.input_ids.to(device),
        completion_mask=padded.mask.to(device),
        actions=padded.input_ids[padded.mask].to(device),
        rows=rows.to(device),
        columns=columns.to(device),
    )


class LanguageModel:
    """A causal LM whose output matrix is applied to completion tokens only, where its architecture allows it."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self._is_head_plain = _is_head_plain(model)

    def completion_logits(self, batch: CompletionBatch) -> Tensor:
        """(N, V) logits for the batch's real completion tokens."""
        if self._is_head_plain:
            hidden = self.model.base_model(input_ids=batch.input_ids, use_cache=False)[0]
            logits: Tensor = self.model.get_output_embeddings()(hidden[batch.rows, batch.columns])
            return logits
        everywhere: Tensor = self.model(input_ids=batch.input_ids, use_cache=False).logits
        return everywhere[batch.rows, batch.columns]


class ValueModel(nn.Module):
    """A transformer with a scalar per token: the expected return from the state after reading it."""

    def __init__(self, backbone: PreTrainedModel) -> None:
        """The head starts at 0, so that the first advantages are the returns themselves."""
        super().__init__()
        self.backbone = backbone
        # Asked of the backbone itself: some (OPT) project their last states to another width than config.hidden_size.
        with torch.no_grad():
            width = backbone(input_ids=torch.zeros((1, 1), dtype=torch.long, device=backbone.device))[0].shape[-1]
        self.head = nn.Linear(width, 1, device=backbone.device, dtype=backbone.dtype)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def completion_values(self, batch: CompletionBatch) -> Tensor:
        """(N,) values of the states before the batch's real completion tokens."""
        hidden = self.backbone(input_ids=batch.input_ids, use_cache=False)[0]
        values: Tensor = self.head(hidden[batch.rows, batch.columns]).squeeze(-1)
        return values.float()


def _is_head_plain(model: PreTrainedModel) -> bool:
    """Whether logits are the output matrix times the last hidden states (Gemma caps them, Cohere scales them)."""
    head = model.get_output_embeddings()
    input_ids = torch.zeros((1, 2), dtype=torch.long, device=model.device)
    with torch.no_grad():
        logits = model(input_ids=input_ids, use_cache=False).logits
        hidden = model.base_model(input_ids=input_ids, use_cache=False)[0]
        return head is not None and torch.allclose(head(hidden), logits, rtol=1e-4, atol=1e-5)
