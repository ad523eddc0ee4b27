"""Quark: the policy imitates its own best samples, sorted by reward, and stays near the reference by an exact KL.

One step: draw one answer to each of `rollouts_per_step` prompts, score it, sort the pool of answers into quantiles of
reward, and imitate. `train_on: best` trains on the best quantile only; `train_on: all` trains on every quantile behind
a text that names it, and asks for the best one when sampling.

Objective: minimise the mean over tokens of -log pi(token) + kl_coef KL(pi || SFT policy) - entropy_coef H(pi), where
the KL is over the whole vocabulary at each token.
Papers: Lu et al. 2022, arXiv 2205.13636; AlpacaFarm, arXiv 2305.14387 v1, appendix B.2 (best quantile of four, pool
emptied at each step).

What we do differently from AlpacaFarm: the end token is trained (its pool held decoded text without end tokens, so that
the policy forgot how to stop); quantiles are named by text, so that no embedding is added and any tokenizer will do; KL
and losses are over real tokens only; the reference always sees the plain prompt.

`metrics.jsonl`, one line per step, measured on the step's rollouts before its updates unless "update" is said:

| name | formula | direction |
|---|---|---|
| score_mean, score_std | raw reward-model scores over answers | mean up; std falling to 0 is collapse |
| score_threshold | lowest score in the best quantile of the pool | up |
| mean_length | mean tokens per answer, end token included | a jump is reward hacking |
| share_finished | share of answers that end with the end token | high |
| n_trained | answers trained on | |
| learning_rate | in force | |
| loss | update: the objective | down |
| nll | update: mean over tokens of -log pi | down |
| kl | update: mean over tokens of the exact KL, nats | small |
| entropy | update: mean over tokens of the entropy, nats | slow fall; 0 is collapse |
| grad_norm | update: mean norm before clipping | steady |

`timings.jsonl` (without evaluate) and `rollouts.parquet` (without kl) as in farm/methods/ppo.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from farm.config.checks import check_fields
from farm.methods.method import Need, Requirement, TrainingInputs
from farm.methods.online.loop import Schedule, TrainingLoop, clip_and_step, minibatches, scheduled
from farm.methods.online.networks import Networks, load_networks
from farm.methods.online.rollouts import micro_batches, prompts_of_step, roll_out
from farm.methods.online.sample_pool import Sample, quantiles_of, samples_of
from farm.methods.online.training_log import Clock
from farm.models.answering import keep_short
from farm.models.checkpoint import Model
from farm.models.forward import completion_batch
from farm.models.prompts import render_all
from farm.models.tokens import encode_prompt
from farm.records import Policy
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
    schedule: Schedule
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

    def __post_init__(self) -> None:
        check_fields(
            self,
            at_least={"epochs": 1, "batch_size": 1, "warmup_steps": 0, "kl_coef": 0, "entropy_coef": 0},
            above={"learning_rate": 0, "adam_epsilon": 0, "max_grad_norm": 0},
        )


@dataclass(frozen=True, kw_only=True)
class Quark:
    """Imitation of the policy's own samples by quantiles of their reward."""

    key_name: ClassVar[str] = "Quark"

    name: str
    """Shown in tables."""
    n_steps: int
    """Rounds of sampling and imitation."""
    rollouts_per_step: int
    """Prompts answered per step, one answer each."""
    rollout_temperature: float
    """Sampling temperature in training; log-probabilities are taken at the same temperature."""
    n_quantiles: int
    """Parts into which the pool is sorted by score; 1 trains on everything alike."""
    train_on: Literal["best", "all"]
    """best: the best quantile only. all: every quantile behind its name, sampling behind that of the best."""
    quantile_text: str
    """With train_on: all, the text in front of the prompt; {quantile} stands for its number, 0 = best."""
    pool: Literal["step", "all"]
    """What is sorted: the answers of this step (as in AlpacaFarm) or of all steps so far (as in Quark)."""
    update: QuarkUpdate
    """How the weights are fitted."""
    temperature: float
    """Sampling temperature at evaluation."""
    n_snapshots: int
    """Candidates kept at evenly spaced steps, of which a held-out judge chooses one; 1 for the end only."""
    checkpoint_every: int = field(metadata={"in_key": False})
    """Steps after which a killed run can resume."""

    def __post_init__(self) -> None:
        check_fields(
            self,
            at_least={"n_steps": 1, "rollouts_per_step": 1, "temperature": 0, "n_snapshots": 1, "checkpoint_every": 1},
            above={"rollout_temperature": 0},
        )
        if self.n_quantiles < 1 or self.rollouts_per_step < self.n_quantiles:
            raise ValueError(
                f"n_quantiles: expected 1 to rollouts_per_step ({self.rollouts_per_step}), got {self.n_quantiles}"
            )
        if self.train_on == "all" and self.n_quantiles > 1 and "{quantile}" not in self.quantile_text:
            raise ValueError(f"quantile_text: expected a text with {{quantile}}, got {self.quantile_text!r}")

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "reward_model", "unlabeled")

    def needs(self, n_labels: int) -> Sequence[Need]:  # noqa: ARG002
        return [Need("unlabeled", self.rollouts_per_step, {"rollouts_per_step": self.rollouts_per_step})]

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        model = inputs.model
        networks = load_networks(inputs, seed)
        policy = networks.policy.model
        optimizer = torch.optim.Adam(policy.parameters(), eps=self.update.adam_epsilon, fused=True)
        instructions = keep_short(model, inputs.unlabeled)
        loop = TrainingLoop(self, networks, {"policy": policy}, optimizer, output_dir, scratch_dir)
        pool = [Sample.of_state(row) for row in loop.state.get("pool", ())]
        for step in loop:
            clock = Clock()

            # Rollout. Nothing has been taught yet in the first step: the text that asks for the best means nothing.
            rows = prompts_of_step(len(instructions), self.rollouts_per_step, step, seed)
            answers = roll_out(
                networks, model, [instructions[row] for row in rows],
                temperature=self.rollout_temperature, prefix=self.name_of(0) if step else "",
                seed=seed, purpose=f"quark rollouts {step}", clock=clock,
            )  # fmt: skip

            # Sort the pool into quantiles, 0 = best.
            pool = [*(pool if self.pool == "all" else ()), *samples_of(answers)]
            quantiles = quantiles_of([sample.score for sample in pool], self.n_quantiles)
            taught = [
                (sample, quantile)
                for sample, quantile in zip(pool, quantiles, strict=True)
                if self.train_on == "all" or quantile == 0
            ]

            # Imitate.
            learning_rate = scheduled(
                self.update.learning_rate, self.update.schedule,
                warmup_steps=self.update.warmup_steps, step=step, n_steps=self.n_steps,
            )  # fmt: skip
            with clock.measure("update"):
                statistics = imitate(
                    networks, optimizer, self._lessons(taught, networks, model), self.update,
                    learning_rate=learning_rate, temperature=self.rollout_temperature,
                    micro_batch_size=model.micro_batch_size, seed=seed, step=step,
                )  # fmt: skip

            # Log.
            metrics = {
                "score_mean": float(answers.scores.mean()),
                "score_std": float(answers.scores.std(ddof=1)),
                "score_threshold": min(s.score for s, q in zip(pool, quantiles, strict=True) if q == 0),
                "mean_length": float(np.mean([len(completion.ids) for completion in answers.completions])),
                "share_finished": float(np.mean([completion.is_finished for completion in answers.completions])),
                "n_trained": len(taught),
                "learning_rate": learning_rate,
                **statistics._asdict(),
            }
            table = answers.table(step, score=answers.scores)
            loop.end_step(step, metrics, clock, table, {"pool": [list(sample) for sample in pool]})
        return Policy(checkpoint=output_dir, prefix=self.name_of(0), temperature=self.temperature)

    def name_of(self, quantile: int) -> str:
        """The text in front of a prompt; empty where quantiles are not named."""
        is_named = self.train_on == "all" and self.n_quantiles > 1
        return self.quantile_text.replace("{quantile}", str(quantile)) if is_named else ""

    def _lessons(self, taught: Sequence[tuple[Sample, int]], networks: Networks, model: Model) -> list["Lesson"]:
        """Samples with their prompts, plain and behind the name of their quantile."""

        def prompt_ids(sample: Sample, prefix: str) -> list[int]:
            (prompt,) = render_all(model.prompt, networks.tokenizer, [sample], prefix)
            return encode_prompt(networks.tokenizer, prompt)

        return [
            Lesson(prompt_ids(sample, ""), prompt_ids(sample, self.name_of(quantile)), sample.completion_ids)
            for sample, quantile in taught
        ]


class Lesson(NamedTuple):
    """What is imitated: a completion behind two prompts."""

    plain_prompt_ids: list[int]
    """What the reference sees."""
    named_prompt_ids: list[int]
    """What the policy sees: behind the name of the completion's quantile."""
    completion_ids: list[int]


class UpdateStatistics(NamedTuple):
    """Means over all real tokens of all passes, and over optimizer steps."""

    loss: float
    nll: float
    kl: float
    entropy: float
    grad_norm: float


def imitate(
    networks: Networks,
    optimizer: torch.optim.Optimizer,
    lessons: Sequence[Lesson],
    settings: QuarkUpdate,
    *,
    learning_rate: float,
    temperature: float,
    micro_batch_size: int,
    seed: int,
    step: int,
) -> UpdateStatistics:
    """Several passes over the lessons: each optimizer step minimises the mean loss per token of some of them."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    lengths = [len(lesson.named_prompt_ids) + len(lesson.completion_ids) for lesson in lessons]
    sums, n_tokens, norms = torch.zeros(3, device=networks.device), 0, []
    n_lessons, keyed = len(lessons), "quark minibatches"
    for minibatch in minibatches(n_lessons, settings.batch_size, settings.epochs, seed=seed, purpose=keyed, step=step):
        n_minibatch = sum(len(lessons[row].completion_ids) for row in minibatch)
        minibatch_sums = torch.zeros(3, device=networks.device)
        for rows in micro_batches(minibatch, lengths, micro_batch_size):
            terms = imitation_terms(networks, [lessons[row] for row in rows], temperature=temperature)
            loss = terms.nll + settings.kl_coef * terms.kl - settings.entropy_coef * terms.entropy
            (loss / n_minibatch).backward()
            minibatch_sums += torch.stack(terms).detach()
        sums += minibatch_sums
        n_tokens += n_minibatch
        (norm,) = clip_and_step(optimizer, settings.max_grad_norm, step=step)
        norms.append(float(norm))
    nll, kl, entropy = (sums / n_tokens).tolist()
    loss_per_token = nll + settings.kl_coef * kl - settings.entropy_coef * entropy
    return UpdateStatistics(loss_per_token, nll, kl, entropy, float(np.mean(norms)))


class ImitationTerms(NamedTuple):
    """Sums over all completion tokens of a batch; scalars."""

    nll: Tensor
    kl: Tensor
    entropy: Tensor


def imitation_terms(networks: Networks, lessons: Sequence[Lesson], *, temperature: float) -> ImitationTerms:
    """The three terms of the objective, summed over the completions' tokens, with gradients to the policy."""
    completion_ids = [lesson.completion_ids for lesson in lessons]
    named = completion_batch([lesson.named_prompt_ids for lesson in lessons], completion_ids, networks.device)
    plain = completion_batch([lesson.plain_prompt_ids for lesson in lessons], completion_ids, networks.device)
    with networks.precision():
        logits = networks.policy.completion_logits(named)
        with torch.no_grad():
            ref_logits = networks.ref_policy.completion_logits(plain)
    return ImitationTerms(
        -per_token_logps(logits, named.actions, temperature).sum(),
        full_kl(logits, ref_logits, temperature).sum(),
        entropies(logits, temperature).sum(),
    )
