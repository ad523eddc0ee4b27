"""PPO's rollouts: answers of the current policy with everything that the update needs to know about them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from farm.errors import UnfitError
from farm.models.checkpoint import Model
from farm.models.forward import LanguageModel, ValueModel, completion_batch
from farm.models.generate import Completion, sample
from farm.models.prompts import render_all
from farm.models.scoring.reward import RewardScorer
from farm.models.tokens import encode_prompt
from farm.records import Instruction
from farm.seeds import rng_for
from farm.tensors.logprobs import entropies, per_token_logps


class Networks(NamedTuple):
    """The four models of PPO and the tokenizer that they share."""

    policy: LanguageModel
    ref_policy: LanguageModel
    """The SFT policy, frozen."""
    value_model: ValueModel
    reward_model: RewardScorer
    """Frozen."""
    tokenizer: PreTrainedTokenizerBase
    precision: Callable[[], AbstractContextManager[object]]
    """Opens the context of every forward pass: mixed precision, or nothing."""

    @property
    def device(self) -> torch.device:
        return self.policy.model.device


class Rollouts(NamedTuple):
    """One step's answers, one row each."""

    prompt_ids: list[list[int]]
    completion_ids: list[list[int]]
    """Sampled ids, end token included: the actions."""
    completion_mask: Tensor
    """(B, T) True = real token."""
    is_finished: Tensor
    """(B,) bool"""
    scores: Tensor
    """(B,) raw scores of the reward model."""
    logps: Tensor
    """(B, T) under the policy that drew them."""
    ref_logps: Tensor
    """(B, T) under the reference."""
    values: Tensor
    """(B, T) of the state before each token."""
    entropies: Tensor
    """(B, T) of the policy at that state."""

    @property
    def logratio(self) -> Tensor:
        """(B, T) logps - ref_logps."""
        return self.logps - self.ref_logps


def prompts_of_step(n_prompts: int, n_per_step: int, step: int, seed: int) -> list[int]:
    """Which prompts a step answers: every pass is a new order; the few left over at its end are skipped.

    Raises:
        UnfitError: there are fewer prompts than one step needs.
    """
    if n_per_step > n_prompts:
        raise UnfitError(f"rollouts_per_step is {n_per_step}, but there are only {n_prompts} unlabeled prompts")
    steps_per_pass = n_prompts // n_per_step
    order = rng_for(seed, "ppo prompts", str(step // steps_per_pass)).permutation(n_prompts)
    start = step % steps_per_pass * n_per_step
    return [int(i) for i in order[start : start + n_per_step]]


class Drawn(NamedTuple):
    """One answer to each of several prompts."""

    prompt_ids: list[list[int]]
    completions: list[Completion]


def draw_completions(
    model: Model,
    policy: LanguageModel,
    tokenizer: PreTrainedTokenizerBase,
    instructions: Sequence[Instruction],
    *,
    temperature: float,
    seed: int,
    purpose: str,
    prefix: str = "",
) -> Drawn:
    """Sample one answer to each instruction, behind `prefix`; draws are keyed by (seed, purpose, prompt)."""
    asked = [(instruction.instruction, instruction.input) for instruction in instructions]
    prompts = render_all(model.prompt, tokenizer, asked, prefix)
    drawn = sample(
        policy.model,
        tokenizer,
        prompts,
        n=1,
        temperature=temperature,
        max_new_tokens=model.max_new_tokens,
        batch_size=model.generation_batch_size,
        seed=seed,
        purpose=purpose,
    )
    return Drawn([encode_prompt(tokenizer, prompt) for prompt in prompts], [completion for (completion,) in drawn])


def micro_batches(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Rows in groups of at most `size`, those of like length together, so that little is padded."""
    order = sorted(range(len(lengths)), key=lambda row: lengths[row])
    for start in range(0, len(order), size):
        yield order[start : start + size]


def score_completions(
    networks: Networks, prompt_ids: Sequence[list[int]], completions: Sequence[Completion], *, batch_size: int
) -> Tensor:
    """(B,) raw scores, read from the very ids that were sampled; nothing is tokenised a second time."""
    sequences = [[*prompt, *completion.ids] for prompt, completion in zip(prompt_ids, completions, strict=True)]
    with networks.precision():
        scores = networks.reward_model.of_ids(sequences, batch_size=batch_size)
    return torch.from_numpy(scores.astype(np.float32)).to(networks.device)


def evaluate_completions(
    networks: Networks,
    prompt_ids: Sequence[list[int]],
    completions: Sequence[Completion],
    scores: Tensor,
    *,
    temperature: float,
    micro_batch_size: int,
) -> Rollouts:
    """Log-probabilities under policy and reference, values and entropies, by one forward pass of each network.

    The policy's log-probabilities are computed anew rather than kept from sampling: by the same code as in the update,
    so that the first ratio is exactly 1 in any precision.
    """
    device = networks.device
    completion_ids = [completion.ids for completion in completions]
    shape = (len(completions), max(len(ids) for ids in completion_ids))
    mask = torch.zeros(shape, dtype=torch.bool, device=device)
    logps, ref_logps, values, entropy = torch.zeros(4, *shape, device=device)
    lengths = [len(p) + len(c) for p, c in zip(prompt_ids, completion_ids, strict=True)]
    for rows in micro_batches(lengths, micro_batch_size):
        batch = completion_batch([prompt_ids[row] for row in rows], [completion_ids[row] for row in rows], device)
        width = batch.completion_mask.shape[1]
        with torch.no_grad(), networks.precision():
            logits = networks.policy.completion_logits(batch)
            ref_logits = networks.ref_policy.completion_logits(batch)
            mask[rows, :width] = batch.completion_mask
            logps[rows, :width] = batch.scatter(per_token_logps(logits, batch.actions, temperature))
            ref_logps[rows, :width] = batch.scatter(per_token_logps(ref_logits, batch.actions, temperature))
            entropy[rows, :width] = batch.scatter(entropies(logits, temperature))
            values[rows, :width] = batch.scatter(networks.value_model.completion_values(batch))
    is_finished = torch.tensor([completion.is_finished for completion in completions], device=device)
    return Rollouts(list(prompt_ids), completion_ids, mask, is_finished, scores, logps, ref_logps, values, entropy)
