"""Drawing a policy's answers and picking one of several: what evaluation, the two-samples stage and methods share."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm.models.checkpoint import Model, load_causal_lm, load_tokenizer
from farm.models.generate import sample
from farm.models.prompts import render_all
from farm.models.scoring.reward import load_reward_scorer
from farm.models.scoring.scorers import mean_logprobs
from farm.models.tokens import encode_prompt
from farm.progress import progress
from farm.records import Instruction, Output, Policy
from farm.seeds import uniform_for

logger = logging.getLogger(__name__)

Floats = NDArray[np.float64]
SCORERS = ("reward_model", "mean_logprob", "longest", "random", "utility")
"""Who can pick among several answers; the true utility in closed worlds only (farm/pipeline/training.py)."""


def keep_short(model: Model, instructions: Sequence[Instruction]) -> list[Instruction]:
    """The instructions whose prompts fit into max_prompt_tokens (AlpacaFarm drops the others from training too)."""
    tokenizer = load_tokenizer(model.checkpoint)
    prompts = render_all(model.prompt, tokenizer, instructions)
    kept = [
        instruction
        for instruction, prompt in zip(instructions, prompts, strict=True)
        if len(encode_prompt(tokenizer, prompt)) <= model.max_prompt_tokens
    ]
    if len(kept) < len(instructions):
        logger.warning(
            "%d of %d instructions are longer than model.max_prompt_tokens=%d and are left out of training",
            len(instructions) - len(kept),
            len(instructions),
            model.max_prompt_tokens,
        )
    return kept


def draw_answers(
    model: Model,
    policy: Policy,
    instructions: Sequence[Instruction],
    *,
    n: int,
    temperature: float,
    seed: int,
    label: str,
) -> list[list[Output]]:
    """`n` answers of the policy's checkpoint to each instruction; the policy's scorer takes no part.

    Args:
        model: prompt template, token limits, device.
        policy: whose checkpoint, prefix and suffix are used.
        n, temperature: how many answers, and how they are sampled.
        seed, label: key the draws; the label stands on the progress bar too.
    """
    tokenizer = load_tokenizer(policy.checkpoint)
    language_model = load_causal_lm(policy.checkpoint, dtype=model.torch_dtype, device=model.torch_device)
    prompts = render_all(model.prompt, tokenizer, instructions, policy.prefix, policy.suffix)
    with progress(label, total=n * len(prompts), unit="answers") as bar:
        completions = sample(
            language_model,
            tokenizer,
            prompts,
            n=n,
            temperature=temperature,
            max_new_tokens=model.max_new_tokens,
            batch_size=model.generation_batch_size,
            seed=seed,
            purpose=label,
            on_progress=bar.advance,
        )
    return [
        [
            Output(
                instruction=instruction.instruction,
                input=instruction.input,
                output=completion.text,
                generator=model.name,
                dataset=instruction.dataset,
                is_finished=completion.is_finished,
                history=instruction.history,
            )
            for completion in row
        ]
        for instruction, row in zip(instructions, completions, strict=True)
    ]


def score_answers(model: Model, policy: Policy, sft: Policy, rows: Sequence[Sequence[Output]], *, seed: int) -> Floats:
    """(M, N) scores by the policy's scorer; zeros if there is one answer each and so nothing to pick."""
    if policy.best_of == 1:
        return np.zeros((len(rows), 1))
    flat = [output for row in rows for output in row]
    return _SCORE[policy.scorer](model, policy, sft, flat, seed).reshape(len(rows), -1)


def rewards_of(model: Model, reward_model: Path, outputs: Sequence[Output]) -> Floats:
    """(N,) scores of outputs by a reward model or an ensemble, behind the plain prompt."""
    scorer = load_reward_scorer(reward_model, dtype=model.torch_dtype, device=model.torch_device)
    prompts = render_all(model.prompt, scorer.tokenizer, outputs)
    answers = [(prompt, o.output, o.is_finished) for prompt, o in zip(prompts, outputs, strict=True)]
    return scorer.of_answers(answers, batch_size=model.generation_batch_size)


def best_answers(rows: Sequence[Sequence[Output]], scores: Floats) -> list[Output]:
    """The top-scored answer of each row; the first of equals."""
    return [row[int(best)] for row, best in zip(rows, scores.argmax(axis=1), strict=True)]


def check_scorer(scorer: str) -> None:
    """Raise ValueError unless there is such a scorer."""
    if scorer not in SCORERS:
        raise ValueError(f"scorer: expected one of {', '.join(SCORERS)}, got {scorer!r}")


def _once_each(outputs: Sequence[Output], score: Callable[[Sequence[Output]], Floats]) -> Floats:
    """(N,) scores, equal answers scored once: padded otherwise, they would differ by rounding and be no tie."""
    distinct = {(o.instruction_key, o.output, o.is_finished): o for o in outputs}
    scores = dict(zip(distinct, score(list(distinct.values())), strict=True))
    return np.array([scores[o.instruction_key, o.output, o.is_finished] for o in outputs])


def _by_reward_model(model: Model, policy: Policy, _sft: Policy, outputs: Sequence[Output], _seed: int) -> Floats:
    reward_model = policy.reward_model
    assert reward_model is not None
    return _once_each(outputs, lambda distinct: rewards_of(model, reward_model, distinct))


def _by_mean_logprob(model: Model, policy: Policy, sft: Policy, outputs: Sequence[Output], _seed: int) -> Floats:
    tokenizer = load_tokenizer(sft.checkpoint)
    language_model = load_causal_lm(sft.checkpoint, dtype=model.torch_dtype, device=model.torch_device)
    size = model.generation_batch_size

    def score(distinct: Sequence[Output]) -> Floats:
        return mean_logprobs(language_model, tokenizer, _triples(model, policy, distinct), batch_size=size)

    return _once_each(outputs, score)


def _by_length(_model: Model, _policy: Policy, _sft: Policy, outputs: Sequence[Output], _seed: int) -> Floats:
    return np.array([len(output.output) for output in outputs], dtype=np.float64)


def _at_random(_model: Model, _policy: Policy, _sft: Policy, outputs: Sequence[Output], seed: int) -> Floats:
    keys = (f"{output.instruction_key} {index}" for index, output in enumerate(outputs))
    return np.array([uniform_for(seed, "random scorer", key) for key in keys])


_SCORE = {
    "reward_model": _by_reward_model,
    "mean_logprob": _by_mean_logprob,
    "longest": _by_length,
    "random": _at_random,
}


def _triples(model: Model, policy: Policy, outputs: Sequence[Output]) -> list[tuple[str, str, bool]]:
    """(prompt, completion, is_finished); a reward model sees the plain prompt, without the policy's texts around it."""
    tokenizer = load_tokenizer(policy.checkpoint)
    prompts = render_all(model.prompt, tokenizer, outputs)
    return [(prompt, o.output, o.is_finished) for prompt, o in zip(prompts, outputs, strict=True)]
