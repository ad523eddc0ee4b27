"""The decoding step of Llama models, over the weights of the Hugging Face model: small ones on a CPU, any on a GPU.

At a few million parameters on a CPU, and at any size on a GPU, transformers' forward pass spends most of a decoding
step between the matrix products. Here a layer is four of them: the projections of one input are fused, the norms'
weights folded in, and nothing is wrapped. Nothing waits for the device either, so that a GPU can replay the step as
one graph (graphed_decoder.py). Prompts are still read in by transformers; a test holds the logits equal.

In bfloat16, weights, keys and values are rounded, while norms, rotations, softmax and the sums between layers are
float32, as under autocast.
"""

from typing import NamedTuple, TypeGuard

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from transformers import LlamaForCausalLM, PreTrainedModel
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, LlamaRMSNorm

from farm.models.adapter import weight_of
from farm.models.decoders.decoder import HuggingFaceDecoder, arithmetic_dtype

MAX_PARAMETERS_CPU = 50_000_000
"""Beyond this, matrix products dominate: there is nothing to gain, and the fused copy of the weights costs memory."""
MAX_PARAMETERS_GPU = 4_000_000_000
"""Matrix products never dominate a step of one token, but the copy of the weights takes twice so many bytes."""


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
        self._dtype = arithmetic_dtype(model)
        self._layers = [_fuse(layer, self._dtype) for layer in model.model.layers]
        self._head = _fold(self._dtype, model.model.norm, model.lm_head)
        columns = torch.arange(capacity, device=model.device)
        cos, sin = model.model.rotary_emb(columns.float(), columns.unsqueeze(0))
        half = self._head_dim // 2
        self._columns, self._cos = columns, cos[0]
        # rotate_half(x) * sin = (-x2, x1) * sin: the sign goes into the table.
        self._signed_sin = torch.cat([-sin[0, :, :half], sin[0, :, half:]], dim=-1)

    @staticmethod
    def supports(model: PreTrainedModel) -> TypeGuard[LlamaForCausalLM]:
        """Whether this decoder does what `model.forward` does, and pays."""
        if not isinstance(model, LlamaForCausalLM) or type(model) is not LlamaForCausalLM:
            return False  # a subclass may compute something else
        limits = {("cpu", torch.float32): MAX_PARAMETERS_CPU}
        limits |= {("cuda", dtype): MAX_PARAMETERS_GPU for dtype in (torch.float32, torch.bfloat16)}
        if model.num_parameters() > limits.get((model.device.type, model.dtype), 0):
            return False
        config = model.config
        is_plain = config.hidden_act == "silu" and not config.attention_bias and not config.mlp_bias
        # The other rotary types change with the length of the sequence.
        is_static_rope = model.model.rotary_emb.rope_type in ("default", "linear", "llama3")
        return is_plain and is_static_rope

    def prefill(self, slots: Tensor, input_ids: Tensor, sources: Tensor) -> None:
        self._prompts.prefill(slots, input_ids, sources)

    def keep(self, slots: Tensor) -> None:
        self._prompts.keep(slots)

    def step(self, token_ids: Tensor, positions: Tensor, width: int) -> Tensor:
        with torch.autocast(token_ids.device.type, enabled=False):  # every operand has the right type already
            return self._logits(token_ids, positions, width)

    def _logits(self, token_ids: Tensor, positions: Tensor, width: int) -> Tensor:
        cache = self._prompts.cache
        assert cache is not None, "prefill comes first"
        hidden = self._embedding[token_ids].float()
        cos, signed_sin = self._cos[positions].unsqueeze(1), self._signed_sin[positions].unsqueeze(1)
        is_empty = self._columns[:width] > positions.unsqueeze(1)
        bias = hidden.new_zeros(len(token_ids), width).masked_fill_(is_empty, -torch.inf)[:, None, None]
        n_rows, n_rotated = len(token_ids), self._n_heads + self._n_kv_heads
        for index, layer in enumerate(self._layers):
            heads = self._norm(hidden) @ layer.qkv
            heads = heads.view(n_rows, n_rotated + self._n_kv_heads, self._head_dim)
            rotated, values = heads[:, :n_rotated], heads[:, n_rotated:]
            rotated = rotated * cos + rotated.roll(self._head_dim // 2, dims=-1) * signed_sin
            cache.append(index, positions, rotated[:, self._n_heads :], values)
            # Written out: for a single query, PyTorch's fused attention takes up to twice as long on a CPU.
            queries = rotated[:, : self._n_heads].view(n_rows, self._n_kv_heads, -1, self._head_dim).to(self._dtype)
            scores = queries @ cache.keys[index][:, :, :width].transpose(2, 3)
            weights = torch.softmax(scores + bias, dim=-1).to(self._dtype)
            attended = weights @ cache.values[index][:, :, :width]
            hidden = _plus_product(hidden, attended.reshape(n_rows, -1), layer.out)
            gate, up = (self._norm(hidden) @ layer.gate_up).chunk(2, dim=-1)
            hidden = _plus_product(hidden, F.silu(gate) * up, layer.down)
        return self._norm(hidden) @ self._head

    def _norm(self, hidden: Tensor) -> Tensor:
        """RMS norm (S, E) without its weight, which is folded into the next matrix, in that matrix's type."""
        scale = torch.rsqrt(hidden.square().mean(dim=-1, keepdim=True) + self._epsilon)
        return (hidden * scale).to(self._dtype)


def _plus_product(hidden: Tensor, inputs: Tensor, weight: Tensor) -> Tensor:
    """hidden + inputs @ weight in hidden's type."""
    if weight.dtype == hidden.dtype:
        return torch.addmm(hidden, inputs, weight)
    return hidden + inputs @ weight


def _fuse(layer: LlamaDecoderLayer, dtype: torch.dtype) -> _Layer:
    attention, mlp = layer.self_attn, layer.mlp
    qkv = _fold(dtype, layer.input_layernorm, attention.q_proj, attention.k_proj, attention.v_proj)
    qkv[:, : attention.q_proj.out_features] *= attention.scaling
    return _Layer(
        qkv=qkv,
        out=weight_of(attention.o_proj).T.to(dtype).contiguous(),
        gate_up=_fold(dtype, layer.post_attention_layernorm, mlp.gate_proj, mlp.up_proj),
        down=weight_of(mlp.down_proj).T.to(dtype).contiguous(),
    )


def _fold(dtype: torch.dtype, norm: LlamaRMSNorm, *linears: torch.nn.Linear) -> Tensor:
    """The linears side by side, transposed, each input scaled by the norm's weight: (E, sum of outputs)."""
    return (torch.cat([weight_of(linear) for linear in linears]) * norm.weight).T.to(dtype).contiguous()
