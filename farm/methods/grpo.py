"""GRPO: advantages are rewards compared with those of other answers to the same prompt; no value network.

Objective: PPO's clipped surrogate per token with advantage (reward - group mean) / group standard deviation, minus beta
times the k3 estimate of KL(pi || SFT policy) per token.
Paper: Shao et al. 2024 (DeepSeekMath), arXiv 2402.03300, equations 3 and 4. Trainer: TRL's GRPOTrainer, with our
prompts, samples and reward (farm/methods/trl/rollouts.py).

`metrics.jsonl`: loss; reward and reward_std (over the step's answers, before comparison; mean up), frac_reward_zero_std
(share of prompts whose answers all score alike and teach nothing), kl (k3 per token, nats), entropy, clip_ratio/*,
completions/* (lengths in tokens, clipped_ratio = share cut at the limit), grad_norm, learning_rate, step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from transformers import PreTrainedModel
from trl.trainer.grpo_config import GRPOConfig
from trl.trainer.grpo_trainer import GRPOTrainer

from farm.config.checks import check_fields
from farm.methods.method import Need, Requirement, TrainingInputs
from farm.methods.trl.rollouts import RolloutSettings, Sampler, check_batch, need_of_prompts, train_online
from farm.methods.trl.training import TrainingJob, TrainingSettings
from farm.records import Policy


@dataclass(frozen=True, kw_only=True)
class GRPO:
    """The policy's own answers, compared within groups that answer the same prompt."""

    key_name: ClassVar[str] = "GRPO"

    name: str
    """Shown in tables."""
    rollouts: RolloutSettings
    """How many answers are drawn, and how they are rewarded."""
    beta: float
    """Weight of the KL to the SFT policy."""
    loss_type: Literal["grpo", "dapo", "dr_grpo"]
    """How token losses are averaged: per answer (grpo), over the step's tokens (dapo, arXiv 2503.14476), or over the
    longest answer allowed (dr_grpo, arXiv 2503.20783). TRL's bnpo depends on the micro-batch and is left out."""
    scale_rewards: Literal["group", "batch", "none"]
    """What advantages are divided by: group (the standard deviation within a prompt), batch, or none."""
    cliprange: float
    """The ratio to the policy that drew the answers is clipped to 1 +- this (TRL's epsilon)."""
    training: TrainingSettings
    """How the weights are fitted; the batch size counts the answers of a step, epochs are the passes over them."""
    temperature: float
    """Sampling temperature at evaluation."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"beta": 0, "temperature": 0}, above={"cliprange": 0})
        check_batch(self.rollouts.n_samples, self.training.batch_size)

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "reward_model", "unlabeled")

    def needs(self, n_labels: int) -> Sequence[Need]:  # noqa: ARG002
        return [need_of_prompts(self.rollouts, self.training)]

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        job = TrainingJob(self.name, inputs.model, self.training, output_dir, scratch_dir, seed)
        checkpoint = train_online(
            job,
            inputs,
            self.rollouts,
            config=GRPOConfig,
            trainer=_GRPOTrainerOnIds,
            beta=self.beta,
            loss_type=self.loss_type,
            scale_rewards=self.scale_rewards,
            epsilon=self.cliprange,
        )
        return Policy(checkpoint=checkpoint, temperature=self.temperature)


class _GRPOTrainerOnIds(GRPOTrainer):
    """TRL's trainer without its tokenisation and sampling."""

    model: PreTrainedModel

    def __init__(self, *, sampler: Sampler, **own: Any) -> None:
        self.sampler = sampler
        super().__init__(**own)

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, object]]:
        return self.sampler.encode(prompts), None, {}

    def _generate_single_turn(self, *_: object, **__: object) -> tuple[list[list[int]], None]:
        return self.sampler.draw(self.model, self.state.global_step), None
