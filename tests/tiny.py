"""Tiny tokenizers and models, made in memory, for tests that need no network."""

from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

SENTENCES = [
    "Name two animals that swim. A duck and an otter.",
    "What does the baker sell? The baker sells bread and cake.",
    "Sort these words: pear, apple, fig. apple, fig, pear.",
    "Write a polite reply. Thank you, I will gladly come on Monday.",
]


def tiny_tokenizer(vocab_size: int = 320) -> PreTrainedTokenizerFast:
    """Byte-level BPE trained on four sentences; pad and end tokens differ, nothing is prepended."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<pad>", "<eos>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")


def tiny_llama_config(vocab_size: int, **overrides: object) -> LlamaConfig:
    settings: dict[str, object] = {
        "vocab_size": vocab_size,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "tie_word_embeddings": True,
        "bos_token_id": None,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "initializer_range": 0.2,  # large, so that logits differ visibly
    }
    return LlamaConfig(**(settings | overrides))


def tiny_causal_lm(directory: Path, seed: int = 0) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """A random two-layer Llama with its tokenizer, saved in `directory` and in evaluation mode."""
    tokenizer = tiny_tokenizer()
    model = _seeded(seed, lambda: LlamaForCausalLM(tiny_llama_config(len(tokenizer))))
    return _saved(model, tokenizer, directory)


def save_causal_lm_for_long_texts(directory: Path) -> None:
    """A random two-layer Llama whose context holds whole documents, byte by byte."""
    tokenizer = tiny_tokenizer()
    config = tiny_llama_config(len(tokenizer), max_position_embeddings=8192)
    _saved(_seeded(0, lambda: LlamaForCausalLM(config)), tokenizer, directory)


def tiny_reward_model(directory: Path, seed: int = 1) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """A random two-layer Llama reward model with the same tokenizer, saved in `directory`."""
    tokenizer = tiny_tokenizer()
    model = _seeded(seed, lambda: LlamaForSequenceClassification(tiny_llama_config(len(tokenizer), num_labels=1)))
    return _saved(model, tokenizer, directory)


def tiny_gpt2(directory: Path, seed: int = 0) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """Learned positions, dropout in its config: another family than Llama."""
    tokenizer = tiny_tokenizer()
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=256,
        n_embd=32,
        n_layer=2,
        n_head=4,
        bos_token_id=None,
        pad_token_id=0,
        eos_token_id=1,
        initializer_range=0.2,
    )
    return _saved(_seeded(seed, lambda: GPT2LMHeadModel(config)), tokenizer, directory)


def tiny_gpt_neox(directory: Path, seed: int = 0) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """Partial rotary positions, parallel residuals, biases (Pythia)."""
    tokenizer = tiny_tokenizer()
    config = GPTNeoXConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=256,
        bos_token_id=None,
        pad_token_id=0,
        eos_token_id=1,
        initializer_range=0.2,
    )
    return _saved(_seeded(seed, lambda: GPTNeoXForCausalLM(config)), tokenizer, directory)


def _seeded(seed: int, make: Callable[[], PreTrainedModel]) -> PreTrainedModel:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


def _saved(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, directory: Path
) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return model.eval(), tokenizer
