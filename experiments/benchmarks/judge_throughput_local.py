"""A local judge that reads the log-probabilities of two labels, against bare forward passes over the same batches.

python experiments/benchmarks/judge_throughput_local.py [prompts]

The bare passes get token ids in the same order (longest first, batches of 16, padded): once with logits at the last
token only, once everywhere, as transformers computes them if nobody says otherwise. The judge does all of its work:
chat text, tokens, both labels, replies. CPU seconds of one thread, taken in turns. The promise: 90% of the bare pass.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from farm.calls.local.local_model import LocalModel
from farm.calls.request import Decoding, Message, ModelSlot, Request
from farm.calls.settings import LocalSettings
from farm.models.tokens import pad

BATCH, ROUNDS, VOCABULARY = 16, 3, 32_000
WORDS = "the quick brown fox jumps over a lazy dog while seven wizards quietly mix jade potions for big kings"


def main() -> None:
    n_prompts = int(sys.argv[1]) if len(sys.argv) > 1 else 160
    torch.set_num_threads(1)
    rng, words = random.Random(0), WORDS.split()
    texts = [" ".join(rng.choices(words, k=rng.randint(60, 300))) for _ in range(n_prompts)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        save_model(path)
        local = LocalModel(path, LocalSettings(device="cpu", dtype="float32", batch_size=BATCH, threads=1))
        slot = ModelSlot(model=folder, kind="local", base_url=None, api_key_variable="")
        model = LlamaForCausalLM.from_pretrained(path).eval()
        tokenizer = PreTrainedTokenizerFast.from_pretrained(path)
    decoding = Decoding(temperature=0.0, max_tokens=1)
    requests = [
        Request(slot=slot, messages=(Message("user", text),), decoding=decoding, labels=(" a", " b")) for text in texts
    ]
    ids = sorted((tokenizer(text)["input_ids"] for text in texts), key=len, reverse=True)
    batches = [pad(ids[i : i + BATCH], 0, device=model.device).input_ids for i in range(0, len(ids), BATCH)]

    def bare(**kwargs: int) -> None:
        with torch.inference_mode():
            for batch in batches:
                model(input_ids=batch, use_cache=False, **kwargs)

    ways: dict[str, Callable[[], object]] = {
        "farm": lambda: local.score(requests),
        "bare, last logits": lambda: bare(logits_to_keep=1),
        "bare, all logits": bare,
    }
    for way in ways.values():
        way()
    for _ in range(ROUNDS):
        print(", ".join(f"{name} {n_prompts / cpu_seconds(way):.1f}/CPU-s" for name, way in ways.items()), flush=True)


def save_model(path: Path) -> None:
    """A random Llama of four layers with a vocabulary as large as real ones have; its tokens are words."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=["<pad>", "<eos>"], show_progress=False)
    tokenizer.train_from_iterator([WORDS, " a b"], trainer)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>").save_pretrained(path)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=1024,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=1024,
    )
    LlamaForCausalLM(config).save_pretrained(path)


def cpu_seconds(way: Callable[[], object]) -> float:
    start = time.process_time()
    way()
    return time.process_time() - start


if __name__ == "__main__":
    main()
