"""Scores of whole answers: by a reward model, or by their mean log-probability under a language model.

Sequences are ids(prompt) + ids(completion) + end token if the answer is finished, padded on the right, in batches of
like length.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from farm.models.checkpoint import reward_head
from farm.models.tokens import Padded, encode_completion, encode_prompt, pad

Floats = NDArray[np.float64]


class EncodedAnswers(NamedTuple):
    """Answers as token ids."""

    prompts: list[list[int]]
    whole: list[list[int]]
    """Prompts with their completions, end token included if the answer is finished."""


def encode_answers(tokenizer: PreTrainedTokenizerBase, answers: Sequence[tuple[str, str, bool]]) -> EncodedAnswers:
    """Token ids of (prompt, completion, is_finished)."""
    prompts = [encode_prompt(tokenizer, prompt) for prompt, _, _ in answers]
    whole = [
        ids + encode_completion(tokenizer, completion, is_finished=is_finished)
        for ids, (_, completion, is_finished) in zip(prompts, answers, strict=True)
    ]
    return EncodedAnswers(prompts, whole)


def reward_scores_of_ids(
    reward_model: PreTrainedModel, sequences: Sequence[Sequence[int]], *, batch_size: int
) -> Floats:
    """(N,) raw scores of sequences of token ids, read at the last one.

    transformers' own classifiers look for the last token that is not the pad token, and so never see an end token that
    is also the pad token; here the mask decides.
    """

    head = reward_head(reward_model)

    def score(batch: Padded, _rows: Sequence[int]) -> Tensor:
        hidden = reward_model.base_model(input_ids=batch.input_ids, attention_mask=batch.mask.long())[0]
        last = batch.mask.sum(dim=1) - 1
        rows = torch.arange(len(last), device=last.device)
        scores: Tensor = head(hidden[rows, last]).squeeze(-1)
        return scores

    return _batched(score, sequences, batch_size=batch_size, device=reward_model.device)


def mean_logprobs(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    answers: Sequence[tuple[str, str, bool]],
    *,
    batch_size: int,
) -> Floats:
    """(N,) mean log-probability per token of the completions of (prompt, completion, is_finished), in nats.

    The end token counts as a token of a finished answer; an answer without any token has -inf.
    """

    prompts, whole = encode_answers(tokenizer, answers)

    def score(batch: Padded, rows: Sequence[int]) -> Tensor:
        logits = model(input_ids=batch.input_ids, attention_mask=batch.mask.long()).logits[:, :-1].float()
        targets = batch.input_ids[:, 1:]
        logps = torch.gather(logits, 2, targets.unsqueeze(-1)).squeeze(-1) - torch.logsumexp(logits, dim=-1)
        positions = torch.arange(1, batch.mask.shape[1], device=targets.device)
        prompt_lengths = torch.tensor([len(prompts[i]) for i in rows], device=targets.device)
        is_completion = batch.mask[:, 1:] & (positions >= prompt_lengths.unsqueeze(1))
        count = is_completion.sum(dim=1)
        mean = (logps * is_completion).sum(dim=1) / count.clamp(min=1)
        return torch.where(count > 0, mean, -torch.inf)

    return _batched(score, whole, batch_size=batch_size, device=model.device)


def _batched(
    score: Callable[[Padded, Sequence[int]], Tensor],
    sequences: Sequence[Sequence[int]],
    *,
    batch_size: int,
    device: torch.device,
) -> Floats:
    scores = np.zeros(len(sequences))
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = pad([sequences[i] for i in rows], 0, device=device)
            scores[rows] = score(batch, rows).double().cpu().numpy()
    return scores
