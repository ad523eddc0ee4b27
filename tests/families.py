"""Tiny random checkpoints of many families, with tokenizers that begin, pad and speak in different ways."""

from pathlib import Path

import torch
from tokenizers.processors import TemplateProcessing
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from tests.tiny import tiny_tokenizer

CHAT_TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
_LLAMA_LIKE: dict[str, object] = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 256, "initializer_range": 0.2,
}  # fmt: skip
FAMILIES: dict[str, dict[str, object]] = {
    "llama": {**_LLAMA_LIKE, "tie_word_embeddings": False},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256, "initializer_range": 0.2},
    "gpt_neox": {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "max_position_embeddings": 256, "initializer_range": 0.2,
    },
    "opt": {
        "hidden_size": 32, "ffn_dim": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "max_position_embeddings": 256, "word_embed_proj_dim": 16, "init_std": 0.2,
    },
    "phi": {**_LLAMA_LIKE, "num_key_value_heads": 4},
    "qwen3": {**_LLAMA_LIKE, "tie_word_embeddings": True},
    "mistral": {**_LLAMA_LIKE, "sliding_window": 16},
    "gemma2": {
        **_LLAMA_LIKE, "sliding_window": 16, "query_pre_attn_scalar": 8, "final_logit_softcapping": 5.0,
        "attn_logit_softcapping": 5.0,
    },
    "mamba": {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8, "initializer_range": 0.2},
}  # fmt: skip
"""Settings by transformers' name of the family: untied and tied embeddings, learned and rotary positions, biases,
a backbone narrower at its end than inside, windows narrower than a prompt, capped logits, a recurrent state."""


def save_family(family: str, directory: Path) -> Path:
    """A random two-layer model whose tokenizer has a chat template, and a beginning or a pad token in some families."""
    tokenizer = _tokenizer(has_pad=family not in ("gpt2", "phi"), begins=family in ("llama", "gemma2"))
    settings = {
        **FAMILIES[family], "vocab_size": len(tokenizer), "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id,
    }  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **settings))
    is_sharded = family == "qwen3"
    model.save_pretrained(directory, max_shard_size="20KB" if is_sharded else "1GB")
    tokenizer.save_pretrained(directory)
    return directory


def _tokenizer(*, has_pad: bool, begins: bool) -> PreTrainedTokenizerFast:
    made = tiny_tokenizer()._tokenizer
    made.add_special_tokens(["<bos>"])
    if begins:
        made.post_processor = TemplateProcessing(
            single="<bos> $A", special_tokens=[("<bos>", made.token_to_id("<bos>"))]
        )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<eos>", pad_token="<pad>" if has_pad else None,
        bos_token="<bos>" if begins else None,
    )  # fmt: skip
    tokenizer.chat_template = "{{ bos_token }}" + CHAT_TEMPLATE if begins else CHAT_TEMPLATE
    return tokenizer
