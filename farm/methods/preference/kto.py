"""KTO: each answer by itself is desirable or undesirable; no pair is compared.

Objective: minimise the mean over answers of w (1 - sigmoid(+-beta (logratio - z))), with + for desirable answers and -
for undesirable ones; logratio = log pi(completion | prompt) - log pi_ref(completion | prompt), and z is an estimate of
KL(pi || pi_ref) from completions put behind other prompts of the same forward pass, at least 0 and without gradient.
Paper: Ethayarajh et al. 2024, arXiv 2402.01306, equations 7 and 8. Trainer: TRL's KTOTrainer, on our token ids; the
reference is the SFT policy.

Where the data are unpaired labels (`annotator=recorded` on a file of prompt, completion and label), these are trained
on as they are, and `unpaired.json` says how many are desirable and what the weights make of it: the paper wants
w_desirable n_desirable / (w_undesirable n_undesirable) between 1 and 4/3, and what is outside is said.

Of a pair the chosen answer is desirable, the rejected one undesirable. Both go through one forward pass, so that each
pass has as many of one kind as of the other, and no answer is put behind its own prompt to estimate the KL. As z
depends on which answers share a pass, their number is a setting of the method here and not of the machine.

`metrics.jsonl`: loss (the objective; w/2 at the reference); kl (z, nats); rewards/chosen and rewards/rejected (mean
beta logratio), rewards/margins (their difference, higher is better), logps/* (mean log-probability of a completion),
logits/* (mean logit, a drift indicator), entropy, grad_norm, learning_rate, step.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

from transformers import PreTrainedTokenizerBase
from trl.trainer.kto_config import KTOConfig
from trl.trainer.kto_trainer import KTOTrainer

from farm.config.checks import check_fields
from farm.methods.examples import EncodedLabel, EncodedPair, encode_pairs, encode_unpaired
from farm.methods.method import Need, Requirement, TrainingInputs
from farm.methods.preference.label_balance import LabelBalance
from farm.methods.trl.callbacks import StartsAtReference
from farm.methods.trl.training import (
    IdRows,
    TrainingJob,
    TrainingSettings,
    check_rows_per_forward,
    dataset_of,
    in_training_order,
    load_policies_to_train,
    need_of_a_batch,
    run_trainer,
    save_trained,
    training_arguments,
)
from farm.models.checkpoint import load_tokenizer
from farm.records import Policy

logger = logging.getLogger(__name__)

Row: TypeAlias = dict[str, object]
"""One answer in TRL's columns."""


@dataclass(frozen=True, kw_only=True)
class KTO:
    """Desirable answers become likelier than the policy's mean drift, undesirable ones less likely."""

    key_name: ClassVar[str] = "KTO"

    name: str
    """Shown in tables."""
    loss_type: Literal["kto", "apo_zero_unpaired"]
    """apo_zero_unpaired (D'Oosterlinck et al. 2024, arXiv 2408.06266, equation 7) is the same with z = 0."""
    beta: float
    """Strength of the pull towards the reference."""
    desirable_weight: float
    """Weight of the losses of desirable answers."""
    undesirable_weight: float
    """Weight of the losses of undesirable answers."""
    rows_per_forward: int
    """Answers among which one forward pass estimates the KL; an even divisor of the batch size, at least 4."""
    training: TrainingSettings
    """How the weights are fitted; the batch size counts answers."""
    temperature: float
    """Sampling temperature at evaluation."""

    def __post_init__(self) -> None:
        check_fields(
            self,
            at_least={"rows_per_forward": 1, "temperature": 0, "desirable_weight": 0, "undesirable_weight": 0},
            above={"beta": 0},
        )
        check_rows_per_forward(self.rows_per_forward, self.training)
        if self.rows_per_forward < 4 or self.rows_per_forward % 2:
            raise ValueError(
                "rows_per_forward: both sides of at least two pairs are needed to estimate the KL from other prompts' "
                f"answers, so expected an even number of at least 4, got {self.rows_per_forward}"
            )

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "unpaired")

    def _at_reference(self, n_desirable: int) -> dict[str, float]:
        """What the first step logs: every sigmoid is 1/2; `n_desirable` of its answers are."""
        n = self.training.batch_size
        loss = (self.desirable_weight * n_desirable + self.undesirable_weight * (n - n_desirable)) / (2 * n)
        return {"rewards/chosen": 0.0, "rewards/rejected": 0.0, "kl": 0.0, "loss": loss}

    def needs(self, n_labels: int) -> Sequence[Need]:  # noqa: ARG002
        return [need_of_a_batch("pairs", self.training, rows_each=2), need_of_a_batch("unpaired", self.training)]

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        assert inputs.sft is not None
        job = TrainingJob(
            self.name,
            inputs.model,
            self.training,
            output_dir,
            scratch_dir,
            seed,
            rows_per_forward=self.rows_per_forward,
        )
        tokenizer = load_tokenizer(inputs.sft.checkpoint)
        rows = self._rows(inputs, tokenizer, job)
        n_desirable = sum(bool(row["label"]) for row in rows[: self.training.batch_size])
        arguments = training_arguments(
            KTOConfig,
            job,
            len(rows),
            max_length=None,
            loss_type=self.loss_type,
            beta=self.beta,
            desirable_weight=self.desirable_weight,
            undesirable_weight=self.undesirable_weight,
        )
        sft = inputs.sft.checkpoint
        policy, ref_policy = load_policies_to_train(sft, job, reference=sft)
        trainer = _KTOTrainerOnIds(
            model=policy,
            ref_model=ref_policy,
            args=arguments,
            train_dataset=dataset_of(rows),
            processing_class=tokenizer,
            callbacks=[StartsAtReference(self._at_reference(n_desirable))],
        )
        run_trainer(trainer, job)
        return Policy(checkpoint=save_trained(policy, tokenizer, job), temperature=self.temperature)

    def _rows(self, inputs: TrainingInputs, tokenizer: PreTrainedTokenizerBase, job: TrainingJob) -> list[Row]:
        """Unpaired labels as they are, or both answers of every pair."""
        if inputs.unpaired:
            labelled = encode_unpaired(inputs.model, tokenizer, inputs.unpaired)
            balance = LabelBalance(
                desirable=sum(row.is_desirable for row in labelled),
                undesirable=sum(not row.is_desirable for row in labelled),
                desirable_weight=self.desirable_weight,
                undesirable_weight=self.undesirable_weight,
            )
            if advice := balance.advice:
                logger.warning("%s: %s", self.name, advice)
            balance.write(job.output_dir)
            return unpaired_rows(in_training_order(labelled, job), self.rows_per_forward)
        by_pairs = job._replace(settings=replace(self.training, batch_size=self.training.batch_size // 2))
        pairs = in_training_order(encode_pairs(inputs.model, tokenizer, inputs.pairs), by_pairs)
        return kto_rows(pairs, self.rows_per_forward // 2)


def unpaired_rows(labelled: Sequence[EncodedLabel], rows_per_forward: int) -> list[Row]:
    """TRL's columns of labelled outputs in their order.

    For the KL every prompt gets the completion of the row before it in its forward pass, as TRL pairs them, or of the
    nearest one with another prompt.
    """
    rows: list[Row] = []
    for start in range(0, len(labelled), rows_per_forward):
        group = labelled[start : start + rows_per_forward]
        for place, row in enumerate(group):
            before = [group[place - step] for step in range(1, len(group))]
            other = next((each for each in before if each.prompt_ids != row.prompt_ids), group[place - 1])
            rows.append(
                {
                    "prompt_ids": row.prompt_ids,
                    "completion_ids": row.completion_ids,
                    "KL_completion_ids": other.completion_ids,
                    "label": row.is_desirable,
                }
            )
    return rows


def kto_rows(pairs: Sequence[EncodedPair], pairs_per_forward: int) -> list[Row]:
    """TRL's columns: of each forward pass first all chosen, then all rejected answers.

    For the KL every completion moves on by one place, which always puts it behind another pair's prompt.
    """
    rows: list[Row] = []
    for start in range(0, len(pairs), pairs_per_forward):
        group = pairs[start : start + pairs_per_forward]
        completions = [pair.chosen_ids for pair in group] + [pair.rejected_ids for pair in group]
        rows += [
            {
                "prompt_ids": group[place % len(group)].prompt_ids,
                "completion_ids": completion_ids,
                "KL_completion_ids": completions[place - 1],
                "label": place < len(group),
            }
            for place, completion_ids in enumerate(completions)
        ]
    return rows


class _KTOTrainerOnIds(KTOTrainer):
    """TRL's trainer without its tokenisation, for the reasons given in farm/methods/trl/dpo.py."""

    def _prepare_dataset(self, dataset: IdRows, *_: object) -> IdRows:
        return dataset
