"""The decoding step of small Llama models on a CPU, over the weights of the Hugging Face model.

At a few million parameters, transformers' forward pass spends most of a decoding step between the matrix products.
Here a layer is four of them: the projections of one input are fused, the norms' weights folded in, and nothing is
wrapped. Prompts are still read in by transformers; a test holds the logits equal.
"""

from typing import NamedTuple, TypeGuard

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from transformers import LlamaForCausalLM, PreTrainedModel
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, LlamaRMSNorm

from farm.models.adapter import weight_of
from farm.models.decoder import HuggingFaceDecoder

MAX_PARAMETERS = 50_000_000
"""Beyond this, matrix products dominate: there is nothing to gain, and the fused copy of the weights costs memory."""


class _Layer(NamedTuple):
    """One layer's weights, transposed for `x @ w`, with the preceding norm's weight folded in."""

    qkv: Tensor
    """(E, (n_heads + 2 n_kv_heads) D), the queries' part divided by sqrt(D)"""
    out: Tensor
    """(n_heads D, E)"""
    gate_up: Tensor
    """(E, 2 I)"""
    down: Tensor
    """(I, E)"""


class LlamaDecoder:
    """A `Decoder` for one state of a Llama model: make a new one after the weights have changed."""

    def __init__(self, model: LlamaForCausalLM, n_slots: int, capacity: int) -> None:
        self._prompts = HuggingFaceDecoder(model, n_slots, capacity)
        config = model.config
        attention = model.model.layers[0].self_attn
        self._head_dim = attention.head_dim
        self._n_heads = config.num_attention_heads
        self._n_kv_heads = self._n_heads // attention.num_key_value_groups
        self._epsilon = config.rms_norm_eps
        self._embedding = model.model.embed_tokens.weight
        self._layers = [_fuse(layer) for layer in model.model.layers]
        self._head = _fold(model.model.norm, model.lm_head)
        columns = torch.arange(capacity, device=model.device)
        cos, sin = model.model.rotary_emb(self._embedding, columns.unsqueeze(0))
        half = self._head_dim // 2
        self._columns, self._cos = columns, cos[0]
        # rotate_half(x) * sin = (-x2, x1) * sin: the sign goes into the table.
        self._signed_sin = torch.cat([-sin[0, :, :half], sin[0, :, half:]], dim=-1)

    @staticmethod
    def supports(model: PreTrainedModel) -> TypeGuard[LlamaForCausalLM]:
        """Whether this decoder does what `model.forward` does, and pays."""
        if not isinstance(model, LlamaForCausalLM) or type(model) is not LlamaForCausalLM:
            return False  # a subclass may compute something else
        if model.device.type != "cpu" or model.dtype != torch.float32:
            return False
        config = model.config
        is_plain = config.hidden_act == "silu" and not config.attention_bias and not config.mlp_bias
        # The other rotary types change with the length of the sequence.
        is_static_rope = model.model.rotary_emb.rope_type in ("default", "linear", "llama3")
        return is_plain and is_static_rope and model.num_parameters() <= MAX_PARAMETERS

    def prefill(self, slots: Tensor, input_ids: Tensor, sources: Tensor) -> None:
        self._prompts.prefill(slots, input_ids, sources)

    def keep(self, slots: Tensor) -> None:
        self._prompts.keep(slots)

    def step(self, token_ids: Tensor, positions: Tensor, width: int) -> Tensor:
        cache = self._prompts.cache
        assert cache is not None, "prefill comes first"
        hidden = self._embedding[token_ids]
        cos, signed_sin = self._cos[positions].unsqueeze(1), self._signed_sin[positions].unsqueeze(1)
        is_empty = self._columns[:width] > positions.unsqueeze(1)
        bias = hidden.new_zeros(len(token_ids), width).masked_fill_(is_empty, -torch.inf)[:, None, None]
        n_rows, n_rotated = len(token_ids), self._n_heads + self._n_kv_heads
        for index, layer in enumerate(self._layers):
            heads = _norm(hidden, self._epsilon) @ layer.qkv
            heads = heads.view(n_rows, n_rotated + self._n_kv_heads, self._head_dim)
            rotated, values = heads[:, :n_rotated], heads[:, n_rotated:]
            rotated = rotated * cos + rotated.roll(self._head_dim // 2, dims=-1) * signed_sin
            cache.append(index, positions, rotated[:, self._n_heads :], values)
            # Written out: for a single query, PyTorch's fused attention takes up to twice as long on a CPU.
            queries = rotated[:, : self._n_heads].view(n_rows, self._n_kv_heads, -1, self._head_dim)
            scores = queries @ cache.keys[index][:, :, :width].transpose(2, 3)
            attended = torch.softmax(scores + bias, dim=-1) @ cache.values[index][:, :, :width]
            hidden = torch.addmm(hidden, attended.reshape(n_rows, -1), layer.out)
            gate, up = (_norm(hidden, self._epsilon) @ layer.gate_up).chunk(2, dim=-1)
            hidden = torch.addmm(hidden, F.silu(gate) * up, layer.down)
        return _norm(hidden, self._epsilon) @ self._head


def _norm(hidden: Tensor, epsilon: float) -> Tensor:
    """RMS norm (S, E) without its weight, which is folded into the next matrix."""
    return hidden * torch.rsqrt(hidden.square().mean(dim=-1, keepdim=True) + epsilon)


def _fuse(layer: LlamaDecoderLayer) -> _Layer:
    attention, mlp = layer.self_attn, layer.mlp
    qkv = _fold(layer.input_layernorm, attention.q_proj, attention.k_proj, attention.v_proj)
    qkv[:, : attention.q_proj.out_features] *= attention.scaling
    return _Layer(
        qkv=qkv,
        out=weight_of(attention.o_proj).T.contiguous(),
        gate_up=_fold(layer.post_attention_layernorm, mlp.gate_proj, mlp.up_proj),
        down=weight_of(mlp.down_proj).T.contiguous(),
    )


def _fold(norm: LlamaRMSNorm, *linears: torch.nn.Linear) -> Tensor:
    """The linears side by side, transposed, each input scaled by the norm's weight: (E, sum of outputs)."""
    return (torch.cat([weight_of(linear) for linear in linears]) * norm.weight).T.contiguous()
