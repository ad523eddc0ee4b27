"""Rollouts: the prompts of a step, one answer of the current policy to each, and the answer's score."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from farm.conversation import messages_as_text
from farm.errors import UnfitError
from farm.methods.online.networks import Networks
from farm.methods.online.training_log import Clock
from farm.models.checkpoint import Model
from farm.models.forward import CompletionBatch, completion_batch
from farm.models.generate import Completion, sample
from farm.models.prompts import render_all
from farm.models.tokens import encode_prompt
from farm.records import Instruction
from farm.seeds import rng_for

Floats = NDArray[np.float64]


class Answers(NamedTuple):
    """One answer to each prompt of a step."""

    instructions: list[Instruction]
    prompt_ids: list[list[int]]
    """The plain prompts, without a prefix."""
    completions: list[Completion]
    scores: Floats
    """(B,) raw scores of the reward model behind the plain prompts."""

    @property
    def lengths(self) -> list[int]:
        """Tokens of prompt and completion."""
        return [len(p) + len(c.ids) for p, c in zip(self.prompt_ids, self.completions, strict=True)]

    def batch(self, rows: Sequence[int], device: torch.device) -> CompletionBatch:
        """Some rows, ready for a forward pass."""
        prompt_ids, completions = [self.prompt_ids[row] for row in rows], [self.completions[row].ids for row in rows]
        return completion_batch(prompt_ids, completions, device)

    def table(self, step: int, **columns: NDArray[np.floating]) -> pd.DataFrame:
        """rollouts.parquet's rows of one step, with the method's own columns at the end."""
        texts = {
            "instruction": [instruction.instruction for instruction in self.instructions],
            "input": [instruction.input for instruction in self.instructions],
            "output": [completion.text for completion in self.completions],
        }
        histories = [messages_as_text(instruction.history) for instruction in self.instructions]
        if any(histories):
            texts["history"] = histories
        return pd.DataFrame({"step": step, **texts, **columns})


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


def roll_out(
    networks: Networks,
    model: Model,
    instructions: Sequence[Instruction],
    *,
    temperature: float,
    prefix: str,
    seed: int,
    purpose: str,
    clock: Clock,
) -> Answers:
    """Draw one answer to each instruction and score it.

    Args:
        networks: the policy that answers and the reward model that scores.
        model: prompt template, token limits, batch sizes.
        instructions: of this step.
        temperature: of the sampling.
        prefix: stands in front of the prompt when sampling, and never when scoring.
        seed, purpose: key the draws, with the prompt.
        clock: gets the phases `rollout` and `score`.
    """
    with clock.measure("rollout"), networks.precision():
        completions = draw_completions(
            networks,
            model,
            render_all(model.prompt, networks.tokenizer, instructions, prefix),
            temperature=temperature,
            seed=seed,
            purpose=purpose,
        )
    with clock.measure("score"), networks.precision():
        plain = render_all(model.prompt, networks.tokenizer, instructions)
        prompt_ids = [encode_prompt(networks.tokenizer, prompt) for prompt in plain]
        scores = score_completions(networks, prompt_ids, completions, batch_size=model.micro_batch_size)
    return Answers(list(instructions), prompt_ids, completions, scores)


def draw_completions(
    networks: Networks, model: Model, prompts: Sequence[str], *, temperature: float, seed: int, purpose: str
) -> list[Completion]:
    """One answer of the policy to each rendered prompt."""
    drawn = sample(
        networks.policy.model,
        networks.tokenizer,
        prompts,
        n=1,
        temperature=temperature,
        max_new_tokens=model.max_new_tokens,
        batch_size=model.generation_batch_size,
        seed=seed,
        purpose=purpose,
    )
    return [completion for (completion,) in drawn]


def score_completions(
    networks: Networks, prompt_ids: Sequence[list[int]], completions: Sequence[Completion], *, batch_size: int
) -> Floats:
    """(B,) raw scores, read from the very ids that were sampled; nothing is tokenised a second time."""
    sequences = [[*prompt, *completion.ids] for prompt, completion in zip(prompt_ids, completions, strict=True)]
    return networks.reward_model.of_ids(sequences, batch_size=batch_size)


def micro_batches(rows: Sequence[int], lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """The rows in groups of at most `size`, those of like length together, so that little is padded.

    Args:
        rows: to be grouped.
        lengths: of every row there is, by its number.
        size: that go through one forward pass.
    """
    by_length = sorted(rows, key=lambda row: lengths[row])
    for start in range(0, len(by_length), size):
        yield by_length[start : start + size]
