"""Direct preference optimization: fit the policy to the pairs directly, without a reward model.

Objective (loss_type sigmoid): minimise -mean log sigmoid(beta (logratio(chosen) - logratio(rejected))), where
logratio = log pi(completion | prompt) - log pi_ref(completion | prompt), summed over tokens with the end token.
Paper: Rafailov et al. 2023, arXiv 2305.18290; the other loss types are documented in TRL's DPOConfig.
Trainer: TRL's DPOTrainer, on our token ids; the reference is the SFT policy, loaded from its own checkpoint.

`metrics.jsonl`: loss (the objective; log 2 at the reference); rewards/chosen and rewards/rejected (mean beta logratio),
rewards/margins (their mean difference, higher is better), rewards/accuracies (share of pairs with a positive margin,
higher is better), logps/* (mean log-probability of a completion), logits/* (mean logit over the vocabulary, a drift
indicator), entropy and mean_token_accuracy (on chosen completions), grad_norm, learning_rate, step.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from farm.methods.examples import encode_pairs
from farm.methods.method import Requirement, TrainingInputs
from farm.methods.trl_training import (
    IdRows,
    StartsAtReference,
    TrainingJob,
    TrainingSettings,
    dataset_of,
    in_training_order,
    load_policy_to_train,
    run_trainer,
    save_trained,
    training_arguments,
)
from farm.models.checkpoint import load_tokenizer
from farm.records import Policy


@dataclass(frozen=True, kw_only=True)
class DPO:
    """Preference pairs become a classification loss on the policy's own log-probabilities."""

    name: str
    """Shown in tables."""
    loss_type: str
    """TRL's name of the loss: sigmoid (DPO), ipo, hinge, robust, ..."""
    beta: float
    """Strength of the pull towards the reference."""
    label_smoothing: float
    """For robust: the assumed probability that a label is flipped; for exo_pair: epsilon; others ignore it."""
    training: TrainingSettings
    """How the weights are fitted; the batch size counts pairs."""
    temperature: float
    """Sampling temperature at evaluation."""

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "pairs")

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        assert inputs.sft is not None
        job = TrainingJob(self.name, inputs.model, self.training, output_dir, scratch_dir, seed, sequences_per_row=2)
        tokenizer = load_tokenizer(inputs.sft.checkpoint)
        pairs = in_training_order(encode_pairs(inputs.model, tokenizer, inputs.pairs), job)
        arguments = training_arguments(
            DPOConfig,
            job,
            len(pairs),
            max_length=None,
            loss_type=[self.loss_type],
            beta=self.beta,
            label_smoothing=self.label_smoothing,
        )
        at_reference = {"rewards/chosen": 0.0, "rewards/rejected": 0.0}
        if self.loss_type == "sigmoid":
            at_reference["loss"] = math.log(2)
        policy = load_policy_to_train(inputs.sft.checkpoint, job)
        trainer = _DPOTrainerOnIds(
            model=policy,
            ref_model=load_policy_to_train(inputs.sft.checkpoint, job),
            args=arguments,
            train_dataset=dataset_of([pair._asdict() for pair in pairs]),
            processing_class=tokenizer,
            callbacks=[StartsAtReference(at_reference)],
        )
        run_trainer(trainer, job)
        return Policy(checkpoint=save_trained(policy, tokenizer, job), temperature=self.temperature)


class _DPOTrainerOnIds(DPOTrainer):
    """TRL's trainer without its tokenisation.

    The one place where we inherit: TRL's SFT and reward trainers accept token ids, its DPO trainer tokenises always,
    and it would merge tokens across the end of the prompt and append the end token to unfinished answers.
    """

    def _prepare_dataset(self, dataset: IdRows, *args: object) -> IdRows:  # noqa: ARG002
        return dataset
