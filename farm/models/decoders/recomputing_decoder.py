"""Next-token logits without a cache: every step reads each row from its beginning.

Slow, but right for any causal LM that transformers loads: for those with a recurrent state, and for attention windows
that are narrower than prompt and answer, where a row's slot does not say which of its columns are still in sight.
"""

import torch
from torch import Tensor
from transformers import PreTrainedModel


class RecomputingDecoder:
    """A `Decoder` that remembers ids only."""

    def __init__(self, model: PreTrainedModel, n_slots: int, capacity: int) -> None:
        self._model = model
        self._ids = torch.zeros((n_slots, capacity), dtype=torch.long, device=model.device)

    def prefill(self, slots: Tensor, input_ids: Tensor, sources: Tensor) -> None:
        self._ids[slots, : input_ids.shape[1]] = input_ids[sources]

    def step(self, token_ids: Tensor, positions: Tensor, width: int) -> Tensor:
        rows = torch.arange(len(token_ids), device=token_ids.device)
        self._ids[rows, positions] = token_ids
        # What an earlier row left on the right is invisible to whatever is causal. Logits are kept where a row ends.
        ends, where = positions.unique(return_inverse=True)
        logits: Tensor = self._model(input_ids=self._ids[:, :width], use_cache=False, logits_to_keep=ends).logits
        return logits[rows, where]

    def keep(self, slots: Tensor) -> None:
        self._ids = self._ids[slots]
