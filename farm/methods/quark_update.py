"""Quark's optimisation phase: how one batch of answers is imitated near the reference."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from farm.models.forward import LanguageModel, completion_batch
from farm.tensors.logprobs import entropies, full_kl, per_token_logps


@dataclass(frozen=True, kw_only=True)
class QuarkUpdate:
    """How the policy is fitted to the answers of a step."""

    key_name: ClassVar[str] = "QuarkUpdate"

    epochs: int
    """Passes over the answers trained on."""
    batch_size: int
    """Answers per optimizer step, whatever the micro-batch size."""
    learning_rate: float
    """Adam's peak learning rate."""
    schedule: Literal["constant", "linear"]
    """The learning rate after the warmup: constant, or linearly to 0 at the last step."""
    warmup_steps: int
    """Steps in which the learning rate rises linearly."""
    adam_epsilon: float
    """Adam's epsilon."""
    max_grad_norm: float
    """The gradient is scaled down to this norm if it is longer."""
    kl_coef: float
    """Weight of the KL to the SFT policy, per token."""
    entropy_coef: float
    """Weight of the entropy that is kept up; AlpacaFarm found that it hurts."""

    def learning_rate_of(self, step: int, n_steps: int) -> float:
        """In this step, counted from 0."""
        if step < self.warmup_steps:
            return self.learning_rate * (step + 1) / (self.warmup_steps + 1)
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * (n_steps - step) / (n_steps - self.warmup_steps)


class ImitationTerms(NamedTuple):
    """Sums over all completion tokens of a batch; scalars."""

    nll: Tensor
    kl: Tensor
    entropy: Tensor


def imitation_terms(
    policy: LanguageModel,
    ref_policy: LanguageModel,
    named_prompt_ids: Sequence[list[int]],
    plain_prompt_ids: Sequence[list[int]],
    completion_ids: Sequence[list[int]],
    *,
    temperature: float,
    precision: AbstractContextManager[object],
) -> ImitationTerms:
    """The three terms of the objective, summed over the completions' tokens, with gradients to the policy."""
    device = policy.model.device
    batch = completion_batch(named_prompt_ids, completion_ids, device)
    plain = completion_batch(plain_prompt_ids, completion_ids, device)
    with precision:
        logits = policy.completion_logits(batch)
        with torch.no_grad():
            ref_logits = ref_policy.completion_logits(plain)
    return ImitationTerms(
        -per_token_logps(logits, batch.actions, temperature).sum(),
        full_kl(logits, ref_logits, temperature).sum(),
        entropies(logits, temperature).sum(),
    )
