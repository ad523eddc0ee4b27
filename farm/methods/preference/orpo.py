"""ORPO: imitate the chosen answer and make its odds larger than the rejected one's; no reference model.

Objective: minimise NLL(chosen) - beta log sigmoid(log odds(chosen) - log odds(rejected)), where odds = p / (1 - p) and
p is the mean probability per token, exp(mean log pi). Paper: Hong et al. 2024, arXiv 2403.07691, equations 6 and 7
(beta is the paper's lambda). Trainer: TRL's ORPOTrainer, on our token ids, from the SFT policy as all methods here;
the paper starts from the pretrained model and folds SFT in.

In TRL, as in the authors' code, the NLL runs over the prompt's tokens too, where the paper writes the completion's.
TRL averages it over the tokens of one forward pass, so the pairs of a forward pass are a setting of the method.

`metrics.jsonl`: loss (the objective), nll_loss (of the chosen answers), log_odds_chosen (mean log sigmoid term's
argument, higher is better), log_odds_ratio, rewards/* (beta times mean log-probability per token), logps/*, logits/*,
grad_norm, learning_rate, step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from trl.experimental.orpo import ORPOConfig, ORPOTrainer

from farm.config.checks import check_fields
from farm.methods.method import Need, Requirement, TrainingInputs
from farm.methods.trl.reference_free import train_on_sequences
from farm.methods.trl.training import TrainingJob, TrainingSettings, check_rows_per_forward, need_of_a_batch
from farm.records import Policy


@dataclass(frozen=True, kw_only=True)
class ORPO:
    """Imitation of the chosen answer and an odds ratio against the rejected one, in one loss."""

    key_name: ClassVar[str] = "ORPO"

    name: str
    """Shown in tables."""
    beta: float
    """Weight of the odds ratio (the paper's lambda)."""
    rows_per_forward: int
    """Pairs of one forward pass, over which the imitation loss is averaged; a divisor of the batch size."""
    training: TrainingSettings
    """How the weights are fitted; the batch size counts pairs."""
    temperature: float
    """Sampling temperature at evaluation."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"rows_per_forward": 1, "temperature": 0, "beta": 0})
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
            config=ORPOConfig,
            trainer=_ORPOTrainerOnIds,
            beta=self.beta,
        )
        return Policy(checkpoint=checkpoint, temperature=self.temperature)


class _ORPOTrainerOnIds(ORPOTrainer):
    """TRL's trainer without its tokenisation."""

    def tokenize_row(self, feature: dict[str, object], *_: object, **__: object) -> dict[str, object]:
        return feature
