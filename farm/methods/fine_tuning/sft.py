"""Supervised fine-tuning: imitate demonstrations. Every other method starts from the policy that it makes.

Objective: minimise -mean over completion tokens of log pi(token | prompt, tokens before), the end token included;
the mean is over all completion tokens of a batch, so a long answer weighs more than a short one.
Paper: Ouyang et al. 2022, arXiv 2203.02155, step 1; AlpacaFarm's recipe is in conf/method/sft_paper.yaml.
Trainer: TRL's SFTTrainer, on our token ids.

`metrics.jsonl`: loss (the objective, lower is better), mean_token_accuracy (share of completion tokens that are the
argmax, higher is better), entropy (of the next-token distribution in nats, no direction), grad_norm (before
clipping), learning_rate, step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from farm.config.checks import check_fields
from farm.methods.examples import Example, encode_examples
from farm.methods.method import Need, Requirement, TrainingInputs
from farm.methods.trl.training import (
    TrainingJob,
    TrainingSettings,
    dataset_of,
    in_training_order,
    load_policy_to_train,
    need_of_a_batch,
    run_trainer,
    save_trained,
    training_arguments,
)
from farm.models.checkpoint import load_tokenizer
from farm.records import Policy


@dataclass(frozen=True, kw_only=True)
class SFT:
    """Imitate the demonstrations, from the pretrained base."""

    key_name: ClassVar[str] = "SFT"

    name: str
    """Shown in tables."""
    training: TrainingSettings
    """How the weights are fitted."""
    temperature: float
    """Sampling temperature at evaluation."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"temperature": 0})

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("demonstrations",)

    def needs(self, n_labels: int) -> Sequence[Need]:  # noqa: ARG002
        return [need_of_a_batch("demonstrations", self.training)]

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        job = TrainingJob(self.name, inputs.model, self.training, output_dir, scratch_dir, seed)
        examples = [
            Example(row.instruction, row.input, row.output, history=row.history) for row in inputs.demonstrations
        ]
        checkpoint = fine_tune(inputs.model.checkpoint, examples, job)
        return Policy(checkpoint=checkpoint, temperature=self.temperature)


def fine_tune(checkpoint: str | Path, examples: Sequence[Example], job: TrainingJob) -> Path:
    """Imitate the examples, loss on the completions only; returns the new checkpoint, the job's output folder."""
    tokenizer = load_tokenizer(checkpoint)
    encoded = in_training_order(encode_examples(job.model, tokenizer, examples), job)
    rows = [row.for_trainer()._asdict() for row in encoded]
    policy = load_policy_to_train(checkpoint, job)
    trainer = SFTTrainer(
        model=policy,
        args=training_arguments(SFTConfig, job, len(rows), max_length=None),
        train_dataset=dataset_of(rows),
        processing_class=tokenizer,
    )
    run_trainer(trainer, job)
    return save_trained(policy, tokenizer, job)
