"""One way to turn a prompt and a completion into token ids, used by every trainer, scorer and sampler.

A sequence is ids(prompt) + ids(completion) + [eos if the answer is finished]; the two texts are tokenised apart, so the
prompt's ids never depend on what follows.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase


class Padded(NamedTuple):
    """A batch of sequences."""

    input_ids: Tensor
    """(B, L) token ids."""
    mask: Tensor
    """(B, L) bool, True = real token."""


def encode_prompt(tokenizer: PreTrainedTokenizerBase, prompt: str) -> list[int]:
    """The prompt's ids; with a beginning token only if the tokenizer puts one in front of everything."""
    ids: list[int] = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    adds_bos = tokenizer.bos_token_id is not None and tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
    if adds_bos and ids[:1] != [tokenizer.bos_token_id]:
        ids = [tokenizer.bos_token_id, *ids]
    return ids


def encode_completion(tokenizer: PreTrainedTokenizerBase, completion: str, *, is_finished: bool = True) -> list[int]:
    """The completion's ids, with the end token if it is finished."""
    ids: list[int] = tokenizer(completion, add_special_tokens=False)["input_ids"]
    return [*ids, tokenizer.eos_token_id] if is_finished else ids


def decode_completion(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> str:
    """Text of completion ids without the end token."""
    return str(tokenizer.decode(list(ids), skip_special_tokens=True))


def pad(
    sequences: Sequence[Sequence[int]], pad_id: int, *, left: bool = False, device: torch.device | None = None
) -> Padded:
    """Pad to the longest, on the right unless `left`."""
    length = max(len(sequence) for sequence in sequences)
    input_ids = torch.full((len(sequences), length), pad_id, dtype=torch.long)
    mask = torch.zeros((len(sequences), length), dtype=torch.bool)
    for row, sequence in enumerate(sequences):
        where = slice(length - len(sequence), length) if left else slice(0, len(sequence))
        input_ids[row, where] = torch.tensor(sequence, dtype=torch.long)
        mask[row, where] = True
    return Padded(input_ids.to(device), mask.to(device))
