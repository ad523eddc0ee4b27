"""Proximal policy optimisation against a reward model, with a KL penalty per token: the reference implementation.

Papers: Schulman et al. 2017 (arXiv 1707.06347); for language models Ziegler et al. 2019 (1909.08593), Stiennon et al.
2020 (2009.01325), Ouyang et al. 2022 (2203.02155); settings and ancestor: AlpacaFarm (2305.14387).

Objective: maximise E[score(prompt, completion)] - kl_coef * KL(policy || SFT policy).

One step: draw one answer to each of `rollouts_per_step` prompts; score it; reward each token with -kl_coef times its
log-ratio to the SFT policy, and the last one with the score as well; estimate advantages with the value network; then
several passes of clipped updates of both networks. Read on in ppo_rollout.py, ppo_reward.py, ppo_update.py.

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
| kl_k1 | mean over answers of sum of logratio (unbiased, noisy) | near 0: little learned; 10s of nats: see text |
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

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import pandas as pd
import torch

from farm.methods.method import Requirement, TrainingInputs
from farm.methods.online.candidates import Snapshots, check_n_snapshots
from farm.methods.online.rollouts import (
    Networks,
    Rollouts,
    draw_completions,
    evaluate_completions,
    prompts_of_step,
    score_completions,
)
from farm.methods.online.training_log import Clock, StepLog, load_state, save_state
from farm.methods.ppo_reward import RewardSettings, ScoreMoments, TokenRewards, next_moments, normalised, token_rewards
from farm.methods.ppo_update import UpdateSettings, UpdateStatistics, make_optimizer, update_networks
from farm.models.answering import keep_short
from farm.models.checkpoint import Model, load_tokenizer, save_checkpoint
from farm.models.forward import LanguageModel, ValueModel
from farm.models.generate import Completion
from farm.models.scoring.reward import load_reward_scorer
from farm.models.trainable import load_backbone, load_policy_and_reference
from farm.progress import progress
from farm.records import Instruction, Policy
from farm.tensors.logprobs import kl_k3
from farm.tensors.masks import masked_mean, masked_sum, masked_var

KL_TOLERANCE_AT_START = 1e-3
"""Nats per token. Policy and reference are the same weights in the same code: what differs is rounding."""


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
        check_n_snapshots(self.n_snapshots)

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "reward_model", "unlabeled")

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        networks = _load_networks(inputs, self.value_init, seed)
        run = _Run(
            model=inputs.model,
            networks=networks,
            optimizer=make_optimizer(networks, self.update),
            instructions=keep_short(inputs.model, inputs.unlabeled),
            seed=seed,
        )
        trained = {"policy": networks.policy.model, "value_model": networks.value_model}
        state_path = scratch_dir / "state.pt"
        state = _Progress(self.reward.kl_coef, load_state(state_path, trained, run.optimizer, networks.device))
        log = StepLog(output_dir, scratch_dir, state.step)
        snapshots = Snapshots(output_dir, scratch_dir, n_steps=self.n_steps, n_snapshots=self.n_snapshots)
        with progress(self.name, total=self.n_steps, unit="steps") as bar:
            bar.advance(state.step)
            while state.step < self.n_steps:
                self._step(run, state, log)
                snapshots.keep(state.step, partial(save_checkpoint, networks.policy.model, networks.tokenizer))
                if state.step % self.checkpoint_every == 0:
                    save_state(state_path, state.values(), trained, run.optimizer)
                bar.advance()
        log.finish(self.n_steps)
        snapshots.finish()
        checkpoint = save_checkpoint(networks.policy.model, networks.tokenizer, output_dir)
        return Policy(checkpoint=checkpoint, temperature=self.temperature)

    def _step(self, run: "_Run", state: "_Progress", log: StepLog) -> None:
        """One round: roll out, score, reward, update, log."""
        step, clock = state.step, Clock()
        chosen = prompts_of_step(len(run.instructions), self.rollouts_per_step, step, run.seed)
        instructions = [run.instructions[i] for i in chosen]
        completions, rollouts = self._roll_out(run, instructions, step, clock)
        if step == 0:
            _check_start(rollouts)
        state.moments = next_moments(state.moments, rollouts.scores, self.reward.score_normalisation)
        rewarded = token_rewards(
            self.reward,
            normalised(rollouts.scores, state.moments),
            rollouts.is_finished,
            rollouts.logratio,
            rollouts.values,
            rollouts.completion_mask,
            kl_coef=state.kl_coef,
        )
        learning_rates = self.update.learning_rates(step, self.n_steps)
        with clock.measure("update"):
            statistics = update_networks(
                run.networks,
                run.optimizer,
                rollouts,
                rewarded.advantages,
                self.update,
                learning_rates=learning_rates,
                temperature=self.rollout_temperature,
                micro_batch_size=run.model.micro_batch_size,
                seed=run.seed,
                step=step,
            )
        metrics = _metrics(rollouts, rewarded, statistics, state.kl_coef)
        metrics |= {"step": step, "learning_rate": learning_rates[0]}
        log.write(step, metrics, clock.report(len(chosen)), _table(step, instructions, completions, rollouts))
        if self.reward.adaptive_kl is not None:
            state.kl_coef = self.reward.adaptive_kl.adapted(state.kl_coef, metrics["kl_k1"])
        state.step += 1

    def _roll_out(
        self, run: "_Run", instructions: Sequence[Instruction], step: int, clock: Clock
    ) -> tuple[list[Completion], Rollouts]:
        """Draw, score and evaluate one answer to each instruction."""
        model, networks = run.model, run.networks
        with clock.measure("rollout"), networks.precision():
            prompt_ids, completions = draw_completions(
                model,
                networks.policy,
                networks.tokenizer,
                instructions,
                temperature=self.rollout_temperature,
                seed=run.seed,
                purpose=f"ppo rollouts {step}",
            )
        with clock.measure("score"):
            scores = score_completions(networks, prompt_ids, completions, batch_size=model.micro_batch_size)
        with clock.measure("evaluate"):
            rollouts = evaluate_completions(
                networks,
                prompt_ids,
                completions,
                scores,
                temperature=self.rollout_temperature,
                micro_batch_size=model.micro_batch_size,
            )
        return completions, rollouts


class _Progress:
    """Step, KL coefficient and score moments: everything that changes besides weights and optimizer."""

    def __init__(self, kl_coef: float, saved: Mapping[str, Any] | None) -> None:
        """A new start, or where a saved one stopped."""
        self.step: int = saved["step"] if saved else 0
        self.kl_coef: float = saved["kl_coef"] if saved else kl_coef
        self.moments = ScoreMoments(*saved["moments"]) if saved else ScoreMoments()

    def values(self) -> dict[str, object]:
        return {"step": self.step, "kl_coef": self.kl_coef, "moments": list(self.moments)}


class _Run(NamedTuple):
    """What stays the same through a run."""

    model: Model
    networks: Networks
    optimizer: torch.optim.Optimizer
    instructions: Sequence[Instruction]
    seed: int


def _load_networks(inputs: TrainingInputs, value_init: str, seed: int) -> Networks:
    """All weights of policy and value network are trained, or adapters on those of reference and reward model."""
    assert inputs.sft is not None and inputs.reward_model is not None
    model, device, sft = inputs.model, inputs.model.torch_device, inputs.sft.checkpoint
    policy, ref_policy = load_policy_and_reference(sft, model, reference=sft, seed=seed)
    reward_model = load_reward_scorer(inputs.reward_model, dtype=model.torch_dtype, device=device)
    below = reward_model.members[0] if value_init == "reward_model" else ref_policy
    backbone = load_backbone(below, model, seed=seed)
    is_mixed = model.dtype == "bfloat16"
    return Networks(
        policy=LanguageModel(policy),
        ref_policy=LanguageModel(ref_policy),
        value_model=ValueModel(backbone),
        reward_model=reward_model,
        tokenizer=load_tokenizer(inputs.sft.checkpoint),
        precision=partial(torch.autocast, device.type, dtype=torch.bfloat16) if is_mixed else nullcontext,
    )


def _check_start(rollouts: Rollouts) -> None:
    largest = float(rollouts.logratio.abs().max())
    if largest > KL_TOLERANCE_AT_START:
        raise RuntimeError(
            f"PPO did not start at its reference: expected log-ratios of 0 in the first step, got up to {largest:.3g}"
        )


def _metrics(
    rollouts: Rollouts, rewarded: TokenRewards, statistics: UpdateStatistics, kl_coef: float
) -> dict[str, float]:
    """The table in this module's docstring."""
    mask, logratio = rollouts.completion_mask, rollouts.logratio
    kl = masked_sum(logratio, mask)
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


def _table(
    step: int, instructions: Sequence[Instruction], completions: Sequence[Completion], rollouts: Rollouts
) -> pd.DataFrame:
    """rollouts.parquet's rows of one step."""
    return pd.DataFrame(
        {
            "step": step,
            "instruction": [instruction.instruction for instruction in instructions],
            "input": [instruction.input for instruction in instructions],
            "output": [completion.text for completion in completions],
            "score": rollouts.scores.cpu().numpy(),
            "kl": masked_sum(rollouts.logratio, rollouts.completion_mask).cpu().numpy(),
        }
    )
