"""SimPO: the mean log-probability per token is the reward, and chosen must beat rejected by a margin; no reference.

Objective: minimise -mean log sigmoid(beta (mean logp(chosen) - mean logp(rejected)) - gamma), with means over the
tokens of a completion: a length-normalised preference loss.
Paper: Meng et al. 2024, arXiv 2405.14734, equation 6. Trainer: TRL's CPOTrainer with loss_type simpo and cpo_alpha 0,
on our token ids, from the SFT policy. `cpo_alpha` above 0 adds the chosen answers' NLL (CPO-SimPO).

`metrics.jsonl`: loss (the objective), rewards/chosen and rewards/rejected (beta mean logp), rewards/margins and
rewards/accuracies (higher is better), logps/* (mean log-probability per token), logits/*, nll_loss, grad_norm,
learning_rate, step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from trl.experimental.cpo import CPOConfig, CPOTrainer

from farm.config.checks import check_fields
from farm.methods.method import Need, Requirement, TrainingInputs
from farm.methods.trl.reference_free import train_on_sequences
from farm.methods.trl.training import TrainingJob, TrainingSettings, check_rows_per_forward, need_of_a_batch
from farm.records import Policy


@dataclass(frozen=True, kw_only=True)
class SimPO:
    """Reward margin of the mean log-probability, without a reference model."""

    key_name: ClassVar[str] = "SimPO"

    name: str
    """Shown in tables."""
    beta: float
    """Scale of the reward."""
    gamma: float
    """Margin between the two rewards (TRL's simpo_gamma)."""
    cpo_alpha: float
    """Weight of the chosen answers' NLL; 0 is SimPO."""
    rows_per_forward: int
    """Pairs of one forward pass, over which the NLL term is averaged; a divisor of the batch size."""
    training: TrainingSettings
    """How the weights are fitted; the batch size counts pairs."""
    temperature: float
    """Sampling temperature at evaluation."""

    def __post_init__(self) -> None:
        check_fields(
            self, at_least={"rows_per_forward": 1, "temperature": 0, "gamma": 0, "cpo_alpha": 0}, above={"beta": 0}
        )
        check_rows_per_forward(self.rows_per_forward, self.training)

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "pairs")

    def needs(self, n_labels: int) -> Sequence[Need]:  # noqa: ARG002
        return [need_of_a_batch("pairs", self.training)]

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        job = TrainingJob(
            self.name,
            inputs.model,
            self.training,
            output_dir,
            scratch_dir,
            seed,
            rows_per_forward=self.rows_per_forward,
        )
        checkpoint = train_on_sequences(
            job,
            inputs,
            config=CPOConfig,
            trainer=_SimPOTrainerOnIds,
            loss_type="simpo",
            beta=self.beta,
            simpo_gamma=self.gamma,
            cpo_alpha=self.cpo_alpha,
        )
        return Policy(checkpoint=checkpoint, temperature=self.temperature)


class _SimPOTrainerOnIds(CPOTrainer):
    """TRL's trainer without its tokenisation."""

    def tokenize_row(self, feature: dict[str, object], *_: object, **__: object) -> dict[str, object]:
        return feature
