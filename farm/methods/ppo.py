"""Proximal policy optimisation against a reward model, with a KL penalty per token: the reference implementation.

Papers: Schulman et al. 2017 (arXiv 1707.06347); for language models Ziegler et al. 2019 (1909.08593), Stiennon et al.
2020 (2009.01325), Ouyang et al. 2022 (2203.02155); settings and ancestor: AlpacaFarm (2305.14387).

Objective: maximise E[score(prompt, completion)] - kl_coef * KL(policy || SFT policy).

The state is a prompt with the tokens drawn so far, an action is the next token, an episode is one answer. One step of
`PPO.train`, from top to bottom: rollout (one answer to each of some prompts), reward (of each token), advantage (of
each token), update (several passes of both networks over the answers), log. The formulas are in farm/tensors/ppo.py.

What we do differently from AlpacaFarm's PPO:
- Padding enters nothing: whitening, losses and statistics are over real tokens (there, pads diluted all of them).
- The KL penalty is the plain log-ratio with its sign (there, negative ones were clamped to 0, which biases it upwards).
- The end token is an action like any other, with its log-probability, value and advantage.
- The penalty for a missing end looks at the sampled ids (there, at decoded text without end tokens, so that it hit
  every answer), and the reward model reads the sampled ids too, with the end token.
- Scores can be normalised, so that a KL coefficient means the same for another reward model.
- Each network's gradient is clipped by itself.

`metrics.jsonl`, one line per step, measured on the step's rollouts before its updates unless "update" is said:

| name | formula | direction |
|---|---|---|
| objective | mean over answers of normalised score - penalty - kl_coef * kl_k1 | up |
| score_mean, score_std | raw reward-model scores over answers | mean up; std falling to 0 is collapse |
| kl_k1 | mean over answers of the sum of logratio (unbiased, noisy) | near 0: little learned; tens: little kept |
| kl_k3 | the same with exp(-logratio) - 1 + logratio (unbiased, less noisy near the reference) | as kl_k1 |
| entropy | mean over tokens of the policy's entropy, nats | slow fall; 0 is collapse |
| mean_length | mean tokens per answer, end token included | a jump is reward hacking |
| share_finished | share of answers that end with the end token | high |
| kl_coef | coefficient in force | |
| explained_variance | 1 - Var(returns - values) / Var(returns), over tokens | up to 1; below 0: worse than a constant |
| learning_rate | of the policy | |
| policy_loss | update: mean over tokens of the clipped surrogate, negated | |
| value_loss | update: half the mean clipped squared error | down |
| approx_kl | update: KL(rollout policy || policy), k3, mean over tokens of all passes | below about 0.02 |
| clip_fraction, value_clip_fraction | update: share of tokens whose clipped term counts | below about 0.3 |
| grad_norm, value_grad_norm | update: mean norm before clipping | steady |

`timings.jsonl`: seconds for rollout, score, evaluate and update, and samples_per_second. `rollouts.parquet`: step,
instruction, input, output, score (raw) and kl (kl_k1 of the answer) of every answer drawn in training.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from farm.config.checks import check_fields
from farm.methods.method import Need, Requirement, TrainingInputs
from farm.methods.online.loop import Schedule, TrainingLoop, clip_and_step, minibatches, scheduled
from farm.methods.online.networks import Networks, load_networks
from farm.methods.online.rollouts import Answers, micro_batches, prompts_of_step, roll_out
from farm.methods.online.score_scale import AdaptiveKL, ScoreMoments, next_moments, normalised
from farm.methods.online.training_log import Clock
from farm.models.answering import keep_short
from farm.models.checkpoint import Model
from farm.models.forward import LanguageModel, ValueModel
from farm.models.trainable import load_backbone
from farm.records import Policy
from farm.tensors.logprobs import entropies, kl_k3, per_token_logps
from farm.tensors.masks import masked_mean, masked_sum, masked_var, masked_whiten
from farm.tensors.ppo import Advantages, clipped_policy_loss, clipped_value_loss, generalised_advantages, shaped_rewards

KL_TOLERANCE_AT_START = 1e-3
"""Nats per token. Policy and reference are the same weights in the same code: what differs is rounding."""


@dataclass(frozen=True, kw_only=True)
class RewardSettings:
    """From scores and KL to advantages."""

    key_name: ClassVar[str] = "RewardSettings"

    kl_coef: float
    """Cost of one nat of KL to the SFT policy, in units of the (normalised) score."""
    adaptive_kl: AdaptiveKL | None
    """Changes kl_coef during training; null keeps it."""
    score_normalisation: Literal["none", "first_rollouts", "running"]
    """Scores are divided by a standard deviation, after subtracting a mean: not at all, those of the SFT policy's own
    answers in the first step, or those of all answers so far. Makes kl_coef mean the same for every reward model."""
    missing_eos_penalty: float
    """Subtracted from the (normalised) score of an answer that was cut at the token limit."""
    whiten_rewards: bool
    """Divide each step's token rewards by their standard deviation, over real tokens (the mean stays)."""
    gamma: float
    """Discount per token."""
    gae_lambda: float
    """Advantage estimation: 1 trusts the returns, 0 trusts the value network."""

    def __post_init__(self) -> None:
        check_fields(
            self,
            at_least={"kl_coef": 0, "missing_eos_penalty": 0, "gamma": 0, "gae_lambda": 0},
            at_most={"gamma": 1, "gae_lambda": 1},
        )


@dataclass(frozen=True, kw_only=True)
class UpdateSettings:
    """How policy and value network are fitted to the rollouts of a step."""

    key_name: ClassVar[str] = "UpdateSettings"

    epochs: int
    """Passes over each step's rollouts."""
    batch_size: int
    """Answers per optimizer step, whatever the micro-batch size."""
    learning_rate: float
    """Adam's peak learning rate of the policy."""
    value_learning_rate: float
    """Adam's peak learning rate of the value network."""
    schedule: Schedule
    """The learning rates after the warmup: constant, or linearly to 0 at the last step."""
    warmup_steps: int
    """PPO steps in which the learning rates rise linearly."""
    adam_epsilon: float
    """Adam's epsilon."""
    max_grad_norm: float
    """Each network's gradient is scaled down to this norm if it is longer."""
    cliprange: float
    """The ratio to the rollouts' policy is clipped to 1 +- this."""
    cliprange_value: float
    """New values count as at most this far from the rollouts' values."""
    vf_coef: float
    """Weight of the value loss. The networks share no weights, so it matters only through max_grad_norm and epsilon."""

    def __post_init__(self) -> None:
        check_fields(
            self,
            at_least={"epochs": 1, "batch_size": 1, "warmup_steps": 0, "vf_coef": 0},
            above={
                "learning_rate": 0,
                "value_learning_rate": 0,
                "adam_epsilon": 0,
                "max_grad_norm": 0,
                "cliprange": 0,
                "cliprange_value": 0,
            },
        )

    def learning_rates(self, step: int, n_steps: int) -> tuple[float, float]:
        """Of policy and value network in this step, counted from 0."""
        share = scheduled(1.0, self.schedule, warmup_steps=self.warmup_steps, step=step, n_steps=n_steps)
        return share * self.learning_rate, share * self.value_learning_rate


@dataclass(frozen=True, kw_only=True)
class PPO:
    """The policy's own answers are scored by the reward model, and what scored well is made likelier."""

    key_name: ClassVar[str] = "PPO"

    name: str
    """Shown in tables."""
    n_steps: int
    """Rounds of rollouts and updates."""
    rollouts_per_step: int
    """Prompts answered per step, one answer each."""
    rollout_temperature: float
    """Sampling temperature in training; log-probabilities are taken at the same temperature everywhere."""
    value_init: Literal["reward_model", "sft"]
    """Whose body the value network starts from; its head starts at 0."""
    reward: RewardSettings
    """From scores to advantages."""
    update: UpdateSettings
    """From advantages to weights."""
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

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "reward_model", "unlabeled")

    def needs(self, n_labels: int) -> Sequence[Need]:  # noqa: ARG002
        return [Need("unlabeled", self.rollouts_per_step, {"rollouts_per_step": self.rollouts_per_step})]

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        model = inputs.model
        networks = load_networks(inputs, seed)
        value_model = load_value_model(self.value_init, networks, model, seed)
        optimizer = make_optimizer(networks.policy, value_model, self.update)
        instructions = keep_short(model, inputs.unlabeled)
        trained = {"policy": networks.policy.model, "value_model": value_model}
        loop = TrainingLoop(self, networks, trained, optimizer, output_dir, scratch_dir)
        temperature, size = self.rollout_temperature, model.micro_batch_size
        kl_coef: float = loop.state.get("kl_coef", self.reward.kl_coef)
        moments = ScoreMoments(*loop.state.get("moments", ()))
        for step in loop:
            clock = Clock()

            # Rollout: one answer to each prompt, its score, and what policy, reference and value network say of it.
            rows = prompts_of_step(len(instructions), self.rollouts_per_step, step, seed)
            asked, purpose = [instructions[row] for row in rows], f"ppo rollouts {step}"
            answers = roll_out(
                networks, model, asked, temperature=temperature, prefix="", seed=seed, purpose=purpose, clock=clock
            )
            with clock.measure("evaluate"):
                rollouts = evaluate(networks, value_model, answers, temperature=temperature, micro_batch_size=size)
            if step == 0:
                check_start(rollouts)

            # Reward and advantage.
            moments = next_moments(moments, rollouts.scores, self.reward.score_normalisation)
            scores = normalised(rollouts.scores, moments)
            rewarded = token_rewards(rollouts, scores, self.reward, kl_coef=kl_coef)

            # Update.
            rates = self.update.learning_rates(step, self.n_steps)
            with clock.measure("update"):
                statistics = update_networks(
                    networks, value_model, optimizer, rollouts, rewarded.advantages, self.update,
                    learning_rates=rates, temperature=temperature, micro_batch_size=size, seed=seed, step=step,
                )  # fmt: skip

            # Log.
            metrics = step_metrics(rollouts, rewarded, statistics, kl_coef) | {"learning_rate": rates[0]}
            if self.reward.adaptive_kl is not None:
                kl_coef = self.reward.adaptive_kl.adapted(kl_coef, metrics["kl_k1"])
            loop.end_step(step, metrics, clock, rollouts.table(step), {"kl_coef": kl_coef, "moments": list(moments)})
        return Policy(checkpoint=output_dir, temperature=self.temperature)


def load_value_model(value_init: str, networks: Networks, model: Model, seed: int) -> ValueModel:
    """A body with a new head that gives one value per token; all of it is trained, or an adapter and the head."""
    members, reference = networks.reward_model.members, networks.ref_policy.model
    body = members[0] if value_init == "reward_model" else reference
    return ValueModel(load_backbone(body, model, seed=seed))


def make_optimizer(policy: LanguageModel, value_model: ValueModel, settings: UpdateSettings) -> torch.optim.Optimizer:
    """Adam over what is trained of both networks, in one group each; the update sets their learning rates."""
    trained = [[p for p in network.parameters() if p.requires_grad] for network in (policy.model, value_model)]
    return torch.optim.Adam([{"params": group} for group in trained], eps=settings.adam_epsilon, fused=True)


class Rollouts(NamedTuple):
    """One step's answers, one row each, with all that the update needs to know; (B, T) are 0 at padded positions."""

    answers: Answers
    """Their ids, end token included, are the actions."""
    completion_mask: Tensor
    """(B, T) True = real token."""
    is_finished: Tensor
    """(B,) bool: the last id is the end token."""
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

    def table(self, step: int) -> pd.DataFrame:
        """rollouts.parquet's rows of this step."""
        kl = masked_sum(self.logratio, self.completion_mask)
        return self.answers.table(step, score=self.scores.cpu().numpy(), kl=kl.cpu().numpy())


def evaluate(
    networks: Networks, value_model: ValueModel, answers: Answers, *, temperature: float, micro_batch_size: int
) -> Rollouts:
    """Log-probabilities under policy and reference, values and entropies, by one forward pass of each network.

    The policy's log-probabilities are computed anew rather than kept from sampling: by the same code as in the update,
    so that the first ratio is exactly 1 in any precision.
    """
    device, completions = networks.device, answers.completions
    shape = (len(completions), max(len(completion.ids) for completion in completions))
    mask = torch.zeros(shape, dtype=torch.bool, device=device)
    logps, ref_logps, values, entropy = torch.zeros(4, *shape, device=device)
    for rows in micro_batches(range(len(completions)), answers.lengths, micro_batch_size):
        batch = answers.batch(rows, device)
        width = batch.completion_mask.shape[1]
        with torch.no_grad(), networks.precision():
            logits = networks.policy.completion_logits(batch)
            ref_logits = networks.ref_policy.completion_logits(batch)
            mask[rows, :width] = batch.completion_mask
            logps[rows, :width] = batch.scatter(per_token_logps(logits, batch.actions, temperature))
            ref_logps[rows, :width] = batch.scatter(per_token_logps(ref_logits, batch.actions, temperature))
            entropy[rows, :width] = batch.scatter(entropies(logits, temperature))
            values[rows, :width] = batch.scatter(value_model.completion_values(batch))
    is_finished = torch.tensor([completion.is_finished for completion in completions], device=device)
    scores = torch.from_numpy(answers.scores.astype(np.float32)).to(device)
    return Rollouts(answers, mask, is_finished, scores, logps, ref_logps, values, entropy)


def check_start(rollouts: Rollouts) -> None:
    """Raise RuntimeError unless the policy is its reference before its first update."""
    largest = float(rollouts.logratio.abs().max())
    if largest > KL_TOLERANCE_AT_START:
        raise RuntimeError(
            f"PPO did not start at its reference: expected log-ratios of 0 in the first step, got up to {largest:.3g}"
        )


class TokenRewards(NamedTuple):
    """Of one step's rollouts."""

    scores: Tensor
    """(B,) normalised scores after the penalty."""
    advantages: Advantages
    """(B, T); the advantages are whitened over the real tokens of the step."""


def token_rewards(rollouts: Rollouts, scores: Tensor, settings: RewardSettings, *, kl_coef: float) -> TokenRewards:
    """Advantages of one step's tokens, from normalised scores (B,) and the KL coefficient in force."""
    mask, values = rollouts.completion_mask, rollouts.values
    scores = scores - settings.missing_eos_penalty * (~rollouts.is_finished).float()
    # r_t = -kl_coef log(pi(token) / pi_ref(token)), and at the answer's last token the score on top.
    rewards = shaped_rewards(scores, rollouts.logratio, mask, kl_coef=kl_coef)
    if settings.whiten_rewards:
        rewards = masked_whiten(rewards, mask, shift_mean=False)
    # A_t = delta_t + gamma lambda A_{t+1}, delta_t = r_t + gamma V_{t+1} - V_t; the returns are R_t = A_t + V_t.
    estimated = generalised_advantages(rewards, values, mask, gamma=settings.gamma, gae_lambda=settings.gae_lambda)
    whitened = masked_whiten(estimated.advantages, mask, shift_mean=True)
    return TokenRewards(scores, Advantages(whitened, estimated.returns))


class UpdateStatistics(NamedTuple):
    """Means over all real tokens of all passes, and over optimizer steps."""

    policy_loss: float
    value_loss: float
    approx_kl: float
    clip_fraction: float
    value_clip_fraction: float
    grad_norm: float
    value_grad_norm: float


def update_networks(
    networks: Networks,
    value_model: ValueModel,
    optimizer: torch.optim.Optimizer,
    rollouts: Rollouts,
    advantages: Advantages,
    settings: UpdateSettings,
    *,
    learning_rates: tuple[float, float],
    temperature: float,
    micro_batch_size: int,
    seed: int,
    step: int,
) -> UpdateStatistics:
    """Fit both networks to the rollouts: each optimizer step minimises the mean loss per token of some answers."""
    for group, learning_rate in zip(optimizer.param_groups, learning_rates, strict=True):
        group["lr"] = learning_rate
    answers, device = rollouts.answers, networks.device
    sums, n_tokens, norms = torch.zeros(5, device=device), 0, []
    n_answers, keyed = len(answers.completions), "ppo minibatches"
    for minibatch in minibatches(n_answers, settings.batch_size, settings.epochs, seed=seed, purpose=keyed, step=step):
        # Divided by the whole minibatch's tokens: every token weighs the same, however the rows are grouped.
        n_minibatch = sum(len(answers.completions[row].ids) for row in minibatch)
        minibatch_sums = torch.zeros(5, device=device)
        for rows in micro_batches(minibatch, answers.lengths, micro_batch_size):
            batch = answers.batch(rows, device)
            mask, width = batch.completion_mask, batch.completion_mask.shape[1]

            # max(-A ratio, -A clip(ratio, 1 - cliprange, 1 + cliprange)), ratio = pi(token) / pi_old(token)
            with networks.precision():
                logps = per_token_logps(networks.policy.completion_logits(batch), batch.actions, temperature)
            old_logps, advantage = rollouts.logps[rows, :width], advantages.advantages[rows, :width]
            policy = clipped_policy_loss(batch.scatter(logps), old_logps, advantage, mask, cliprange=settings.cliprange)
            # Backward at once, before the other network's forward pass: the activations of one are in memory at a time.
            (policy.loss / n_minibatch).backward()

            # max((V - R)^2, (clip(V, V_old - cliprange_value, V_old + cliprange_value) - R)^2) / 2
            with networks.precision():
                values = value_model.completion_values(batch)
            old_values, returns = rollouts.values[rows, :width], advantages.returns[rows, :width]
            value = clipped_value_loss(
                batch.scatter(values), old_values, returns, mask, cliprange_value=settings.cliprange_value
            )
            (settings.vf_coef * value.loss / n_minibatch).backward()
            minibatch_sums += torch.stack(
                [policy.loss.detach(), value.loss.detach(), policy.approx_kl, policy.n_clipped, value.n_clipped]
            )
        sums += minibatch_sums
        n_tokens += n_minibatch
        norms.append(clip_and_step(optimizer, settings.max_grad_norm, step=step))
    policy_loss, value_loss, approx_kl, n_clipped, n_values_clipped = (sums / n_tokens).tolist()
    grad_norm, value_grad_norm = torch.tensor(norms).mean(dim=0).tolist()
    return UpdateStatistics(policy_loss, value_loss, approx_kl, n_clipped, n_values_clipped, grad_norm, value_grad_norm)


def step_metrics(
    rollouts: Rollouts, rewarded: TokenRewards, statistics: UpdateStatistics, kl_coef: float
) -> dict[str, float]:
    """The table in this module's docstring."""
    mask, logratio = rollouts.completion_mask, rollouts.logratio
    kl = masked_sum(logratio, mask)  # k1
    returns = rewarded.advantages.returns
    unexplained = masked_var(returns - rollouts.values, mask) / masked_var(returns, mask)
    return {
        "objective": float((rewarded.scores - kl_coef * kl).mean()),
        "score_mean": float(rollouts.scores.mean()),
        "score_std": float(rollouts.scores.std()),
        "kl_k1": float(kl.mean()),
        "kl_k3": float(masked_sum(kl_k3(logratio), mask).mean()),
        "entropy": float(masked_mean(rollouts.entropies, mask)),
        "mean_length": float(mask.sum(dim=1).float().mean()),
        "share_finished": float(rollouts.is_finished.float().mean()),
        "kl_coef": kl_coef,
        "explained_variance": 1 - float(unexplained),
        **statistics._asdict(),
    }
