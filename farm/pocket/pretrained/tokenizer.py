"""The pocket base's tokenizer: byte-level BPE in which every word of the world is one token.

A word whole makes sequences short and lets a tiny model think about words instead of spelling. Any other text still
goes through, byte by byte. There is an end and a padding token, and no token for a beginning.
"""

import random
import re
from collections.abc import Iterable
from functools import cache

from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from farm.pocket.language.grammar import draw_request
from farm.pocket.language.writers import draw_habits, write
from farm.seeds import derive_seed

END_TOKEN = "<end>"
PAD_TOKEN = "<pad>"
MAX_TOKENS = 512
"""Positions of the base; prompts and answers of the world stay below 150."""
_N_TEXTS = 20_000
_WORD = re.compile(r"[A-Za-z]+|\d+|[^\sA-Za-z\d]")


@cache
def world_words() -> tuple[str, ...]:
    """Every word, number and mark that instructions and answers are made of, sorted."""
    rng = random.Random(derive_seed(0, "pocket vocabulary"))
    words: set[str] = set()
    for _ in range(_N_TEXTS):
        request = draw_request(rng)
        text = f"{request.instruction} {request.input} {write(request.task, draw_habits(rng), rng)}"
        words.update(_WORD.findall(text))
    return tuple(sorted(words))


def make_tokenizer(templates: Iterable[str]) -> PreTrainedTokenizerFast:
    """The tokenizer; the words of the prompt templates are whole, too."""
    words = set(world_words())
    for template in templates:
        words.update(_WORD.findall(re.sub(r"\{\w+\}", " ", template)))
    # Small words only ever follow a space; capital ones, numbers and marks also stand at the beginning.
    spellings = {f"Ġ{word}" for word in words} | {word for word in words if not word[0].islower()}
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    whole = sorted(spellings - set(alphabet))
    vocabulary = {token: number for number, token in enumerate([PAD_TOKEN, END_TOKEN, *alphabet, *whole])}
    # Words are found whole (`ignore_merges`); without merges every other word falls apart into its bytes.
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=[], ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([PAD_TOKEN, END_TOKEN])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END_TOKEN,
        pad_token=PAD_TOKEN,
        padding_side="left",
        model_max_length=MAX_TOKENS,
        clean_up_tokenization_spaces=False,
    )
