"""What GRPO and RLOO share: prompts, samples and rewards for TRL's online trainers, all on our token ids.

TRL would tokenise prompts its own way, sample with `generate` and score decoded text. Here prompts are encoded as for
every other method, samples come from farm.models.generate, keyed by (seed, step, prompt, sample), and the reward model
reads the very ids that were sampled.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer, TrainingArguments

from farm.config.checks import check_fields
from farm.methods.method import Need, TrainingInputs
from farm.methods.online.rollouts import prompts_of_step
from farm.methods.trl.callbacks import StartsAtReference
from farm.methods.trl.training import (
    IdRows,
    TrainingJob,
    TrainingSettings,
    dataset_of,
    load_policy_to_train,
    run_trainer,
    save_trained,
    training_arguments,
)
from farm.models.answering import keep_short
from farm.models.checkpoint import Model, load_tokenizer
from farm.models.end_tokens import end_ids
from farm.models.generate import Completion, sample
from farm.models.prompts import render_all
from farm.models.scoring.reward import load_reward_scorer
from farm.models.tokens import encode_prompt


@dataclass(frozen=True, kw_only=True)
class RolloutSettings:
    """How many answers are drawn, and how they are rewarded."""

    key_name: ClassVar[str] = "RolloutSettings"

    n_steps: int
    """Rounds of sampling and updating."""
    n_samples: int
    """Answers to each prompt, which are compared with one another; at least 2."""
    rollout_temperature: float
    """Sampling temperature in training; log-probabilities are taken at the same temperature."""
    missing_eos_penalty: float
    """Subtracted from the score of an answer that was cut at the token limit."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"n_steps": 1, "missing_eos_penalty": 0}, above={"rollout_temperature": 0})
        if self.n_samples < 2:
            raise ValueError(
                f"n_samples: answers are compared with one another, expected at least 2, got {self.n_samples}"
            )


class Sampler:
    """Draws and rewards the answers of one training run."""

    def __init__(self, inputs: TrainingInputs, settings: RolloutSettings, job: TrainingJob) -> None:
        assert inputs.sft is not None and inputs.reward_model is not None
        self._model: Model = inputs.model
        self._settings = settings
        self._job = job
        self._tokenizer: PreTrainedTokenizerBase = load_tokenizer(inputs.sft.checkpoint)
        self._reward_model = load_reward_scorer(
            inputs.reward_model, dtype=inputs.model.torch_dtype, device=inputs.model.torch_device
        )
        self._prompts: list[str] = []
        self._ends: tuple[int, ...] = ()

    def prompts(self, inputs: TrainingInputs) -> IdRows:
        """The prompts of all steps in order, for the trainer."""
        instructions = keep_short(inputs.model, inputs.unlabeled)
        texts = render_all(inputs.model.prompt, self._tokenizer, instructions)
        per_step = self._job.settings.batch_size // self._settings.n_samples
        order = [
            row
            for step in range(self._settings.n_steps)
            for row in prompts_of_step(len(texts), per_step, step, self._job.seed)
        ]
        return dataset_of([{"prompt": texts[row]} for row in order])

    def encode(self, prompts: Sequence[str]) -> list[list[int]]:
        """The prompts' ids; they are kept as text too, for the samples that are drawn next."""
        self._prompts = list(prompts)
        return [encode_prompt(self._tokenizer, prompt) for prompt in prompts]

    def draw(self, policy: PreTrainedModel, step: int) -> list[list[int]]:
        """`n_samples` answers to each prompt: ids, end token included."""
        n_samples = self._settings.n_samples
        self._ends = end_ids(policy, self._tokenizer)
        drawn = draw_while_training(
            policy,
            self._tokenizer,
            self._prompts[::n_samples],
            n=n_samples,
            temperature=self._settings.rollout_temperature,
            job=self._job,
            step=step,
        )
        return [completion.ids for completions in drawn for completion in completions]

    def score(self, *, prompts: Sequence[str], completion_ids: Sequence[list[int]], **_: object) -> list[float | None]:
        """Rewards of the sampled ids, in the form that TRL asks for; the texts that it decoded are not read."""
        sequences = [
            [*encode_prompt(self._tokenizer, prompt), *ids] for prompt, ids in zip(prompts, completion_ids, strict=True)
        ]
        with torch.no_grad():
            scores = self._reward_model.of_ids(sequences, batch_size=self._model.micro_batch_size)
        penalty = self._settings.missing_eos_penalty
        return [
            float(score) - (0.0 if ids[-1] in self._ends else penalty)
            for score, ids in zip(scores, completion_ids, strict=True)
        ]

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        return self._tokenizer


def need_of_prompts(rollouts: RolloutSettings, training: TrainingSettings) -> Need:
    """The prompts of one step."""
    settings = {"training.batch_size": training.batch_size, "rollouts.n_samples": rollouts.n_samples}
    return Need("unlabeled", training.batch_size // rollouts.n_samples, settings)


def train_online(
    job: TrainingJob,
    inputs: TrainingInputs,
    settings: RolloutSettings,
    *,
    config: Callable[..., TrainingArguments],
    trainer: Callable[..., Trainer],
    **own: object,
) -> Path:
    """Train the SFT policy on its own answers; returns the new checkpoint, the job's output folder.

    Args:
        job: how; a batch is one step's answers, `epochs` the passes over it.
        inputs: the SFT policy, the reward model and the prompts.
        settings: how many answers, and how they are rewarded.
        config: TRL's configuration class.
        trainer: makes TRL's trainer with the keyword `sampler`, from which it takes prompts' ids and samples.
        own: what only this configuration has, under TRL's names.
    """
    assert inputs.sft is not None
    sampler = Sampler(inputs, settings, job)
    n_updates = settings.n_steps * job.settings.epochs
    arguments = training_arguments(
        config,
        job,
        n_updates * job.settings.batch_size,
        max_steps=n_updates,
        num_generations=settings.n_samples,
        num_iterations=job.settings.epochs,
        max_completion_length=inputs.model.max_new_tokens,
        temperature=settings.rollout_temperature,
        shuffle_dataset=False,
        disable_dropout=True,
        **own,
    )
    policy = load_policy_to_train(inputs.sft.checkpoint, job)
    running = trainer(
        sampler=sampler,
        model=policy,
        reward_funcs=[sampler.score],
        args=arguments,
        train_dataset=sampler.prompts(inputs),
        processing_class=sampler.tokenizer,
        callbacks=[StartsAtReference({"kl": 0.0})],
    )
    run_trainer(running, job)
    return save_trained(policy, sampler.tokenizer, job)


def draw_while_training(
    policy: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    *,
    n: int,
    temperature: float,
    job: TrainingJob,
    step: int,
) -> list[list[Completion]]:
    """`n` answers to each prompt by the policy as it is in the midst of its training, keyed by the step."""
    was_training = policy.training
    policy.train(False)
    drawn = sample(
        policy,
        tokenizer,
        prompts,
        n=n,
        temperature=temperature,
        max_new_tokens=job.model.max_new_tokens,
        batch_size=job.model.generation_batch_size,
        seed=job.seed,
        purpose=f"{job.label} rollouts {step}",
    )
    policy.train(was_training)
    return drawn


def check_batch(n_samples: int, batch_size: int) -> None:
    """Raise ValueError unless a batch holds whole groups of samples."""
    if batch_size % n_samples:
        raise ValueError(f"training.batch_size: expected a multiple of n_samples ({n_samples}), got {batch_size}")
