"""Next-token logits for many rows at once, each row in a slot of a key-value cache that it may leave at any time.

Every row is written from column 0 of its slot, at its own pace, so a freed slot takes a new prompt without moving
anybody else. transformers' own caches write all rows at one common column, which forces left padding, and grow by
concatenation, which copies the whole cache at every token.
"""

from typing import Protocol

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.cache_utils import (
    Cache,
    CacheLayerMixin,
    DummyLayer,
    DynamicCache,
    DynamicLayer,
    LinearAttentionCacheLayerMixin,
)

AnyLayer = CacheLayerMixin | LinearAttentionCacheLayerMixin | DummyLayer


class Decoder(Protocol):
    """A causal LM with a cache of `n_slots` rows."""

    def prefill(self, slots: Tensor, input_ids: Tensor, sources: Tensor) -> None:
        """Read prompts (U, P), padded on the right, and give each slot (R,) the one that `sources` (R,) names."""

    def step(self, token_ids: Tensor, positions: Tensor, width: int) -> Tensor:
        """Append one token (S,) at each row's position (S,) and return the logits that follow it, (S, V).

        Args:
            width: columns in use, that is the largest position + 1.
        """

    def keep(self, slots: Tensor) -> None:
        """Shrink the cache to these slots, in this order."""


class SlotCache:
    """Keys and values of all layers: per layer a tensor (S, H, capacity, D), written in place."""

    def __init__(self, keys: list[Tensor], values: list[Tensor]) -> None:
        self.keys = keys
        self.values = values
        self.rows = torch.arange(keys[0].shape[0], device=keys[0].device)

    def insert(self, layer: int, slots: Tensor, keys: Tensor, values: Tensor) -> None:
        """Write prompts' keys and values (R, H, P, D), each from column 0 of its slot (R,)."""
        self.keys[layer][slots, :, : keys.shape[2]] = keys.to(self.keys[layer].dtype)
        self.values[layer][slots, :, : values.shape[2]] = values.to(self.values[layer].dtype)

    def append(self, layer: int, positions: Tensor, keys: Tensor, values: Tensor) -> None:
        """Write one column (S, H, D), each row at its own position."""
        self.keys[layer][self.rows, :, positions] = keys.to(self.keys[layer].dtype)
        self.values[layer][self.rows, :, positions] = values.to(self.values[layer].dtype)

    def keep(self, slots: Tensor) -> None:
        self.keys = [keys.index_select(0, slots) for keys in self.keys]
        self.values = [values.index_select(0, slots) for values in self.values]
        self.rows = self.rows[: len(slots)]


class HuggingFaceDecoder:
    """Any attention-based causal LM of transformers, through its own forward pass."""

    def __init__(self, model: PreTrainedModel, n_slots: int, capacity: int) -> None:
        self._model = model
        self._n_slots = n_slots
        self._capacity = capacity
        self._dtype = arithmetic_dtype(model)
        self.cache: SlotCache | None = None

    @staticmethod
    def supports(model: PreTrainedModel, capacity: int) -> bool:
        """Whether all that a layer remembers are keys and values, and it sees those of all `capacity` columns."""
        layers = DynamicCache(config=model.config).layers
        if model._is_stateful or not all(isinstance(layer, DynamicLayer) for layer in layers):
            return False
        is_windowed = any(isinstance(layer, DynamicLayer) and layer.is_sliding for layer in layers)
        window = model.config.to_dict().get("sliding_window")
        return not is_windowed or (window is not None and window >= capacity)

    def prefill(self, slots: Tensor, input_ids: Tensor, sources: Tensor) -> None:
        # Padding on the right is invisible to causal attention, so no mask is needed.
        prompt_cache = DynamicCache()
        self._model(input_ids=input_ids, past_key_values=prompt_cache, use_cache=True, logits_to_keep=1)
        layers = [_keys_and_values(layer) for layer in prompt_cache.layers]
        if self.cache is None:
            self.cache = SlotCache(
                [self._room(keys) for keys, _ in layers],
                [self._room(values) for _, values in layers],
            )
        for index, (keys, values) in enumerate(layers):
            self.cache.insert(index, slots, keys[sources], values[sources])

    def step(self, token_ids: Tensor, positions: Tensor, width: int) -> Tensor:
        assert self.cache is not None, "prefill comes first"
        columns = torch.arange(width, device=positions.device)
        layers: list[AnyLayer] = [
            _SlotLayer(self.cache, index, positions, width) for index in range(len(self.cache.keys))
        ]
        output = self._model(
            input_ids=token_ids.unsqueeze(1),
            attention_mask=(columns <= positions.unsqueeze(1)).long(),
            position_ids=positions.unsqueeze(1),
            past_key_values=Cache(layers=layers),
            use_cache=True,
        )
        logits: Tensor = output.logits[:, 0]
        return logits

    def keep(self, slots: Tensor) -> None:
        assert self.cache is not None, "prefill comes first"
        self.cache.keep(slots)

    def _room(self, prototype: Tensor) -> Tensor:
        """Zeros (S, H, capacity, D). Not `empty`: a masked column still meets a weight of 0, and 0 * nan is nan."""
        _, n_heads, _, head_dim = prototype.shape
        # Under autocast, rotated keys come in float32, and attention would round the whole cache again at every token.
        return prototype.new_zeros((self._n_slots, n_heads, self._capacity, head_dim), dtype=self._dtype)


def arithmetic_dtype(model: PreTrainedModel) -> torch.dtype:
    """What matrix products are computed in: the weights' type, or autocast's inside its context."""
    kind = model.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else model.dtype


class _SlotLayer(DynamicLayer):
    """One layer of a `SlotCache` as transformers wants to see it, for one step."""

    def __init__(self, cache: SlotCache, index: int, positions: Tensor, width: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.is_initialized = True
        self._slot_cache, self._index, self._positions, self._width = cache, index, positions, width

    def update(self, key_states: Tensor, value_states: Tensor, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        cache, index = self._slot_cache, self._index
        cache.append(index, self._positions, key_states[:, :, 0], value_states[:, :, 0])
        return cache.keys[index][:, :, : self._width], cache.values[index][:, :, : self._width]

    def get_seq_length(self) -> int:
        return self._width - 1

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:  # noqa: ARG002
        return self._width, 0


def _keys_and_values(layer: AnyLayer) -> tuple[Tensor, Tensor]:
    assert isinstance(layer, DynamicLayer) and layer.keys is not None and layer.values is not None
    return layer.keys, layer.values
