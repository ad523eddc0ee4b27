"""RLOO: REINFORCE with the mean reward of the other answers to the same prompt as the baseline.

Objective: maximise E[(R - mean R of the other answers) log pi(answer)], where R = score - beta KL(pi || SFT policy) of
the whole answer (k1 estimate), with PPO's clipped ratio of whole answers where answers are used more than once.
Paper: Ahmadian et al. 2024, arXiv 2402.14740. Trainer: TRL's RLOOTrainer, with our prompts, samples and reward
(farm/methods/trl/rollouts.py).

`metrics.jsonl`: loss; reward and reward_std (over the step's answers; mean up), kl (k1 per answer, nats), entropy,
clip_ratio/*, completions/* (lengths in tokens, clipped_ratio = share cut at the limit), grad_norm, learning_rate, step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from transformers import PreTrainedModel
from trl.trainer.rloo_config import RLOOConfig
from trl.trainer.rloo_trainer import RLOOTrainer

from farm.config.checks import check_fields
from farm.methods.method import Need, Requirement, TrainingInputs
from farm.methods.trl.rollouts import RolloutSettings, Sampler, check_batch, need_of_prompts, train_online
from farm.methods.trl.training import TrainingJob, TrainingSettings
from farm.records import Policy


@dataclass(frozen=True, kw_only=True)
class RLOO:
    """The policy's own answers, compared within groups that answer the same prompt."""

    key_name: ClassVar[str] = "RLOO"

    name: str
    """Shown in tables."""
    rollouts: RolloutSettings
    """How many answers are drawn, and how they are rewarded."""
    beta: float
    """Weight of the KL to the SFT policy."""
    normalise_advantages: bool
    """Divide advantages by their standard deviation over the step."""
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
            config=RLOOConfig,
            trainer=_RLOOTrainerOnIds,
            beta=self.beta,
            normalize_advantages=self.normalise_advantages,
            epsilon=self.cliprange,
        )
        return Policy(checkpoint=checkpoint, temperature=self.temperature)


class _RLOOTrainerOnIds(RLOOTrainer):
    """TRL's trainer without its tokenisation and sampling."""

    model: PreTrainedModel

    def __init__(self, *, sampler: Sampler, **own: Any) -> None:
        self.sampler = sampler
        super().__init__(**own)

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, object]]:
        return self.sampler.encode(prompts), None, {}

    def _generate_single_turn(self, *_: object, **__: object) -> list[list[int]]:
        return self.sampler.draw(self.model, self.state.global_step)
