"""Online DPO: every step draws two answers per instruction, has the annotator judge them, and makes one DPO update.

Objective: that of DPO (dpo.py beside this file), on pairs that the policy of the moment has just drawn; the annotator
(a crowd, a pool of prompted judges) stands where a reward model stands in PPO. The reference is the SFT policy.
Paper: Guo et al. 2024 (OAIF), arXiv 2402.04792. Labels come from the budget of the methods that learn from finished
pairs; there are as many steps as it has batches.

Trainer: TRL's DPOTrainer, whose batches are filled as they are asked for, and not TRL's own OnlineDPOTrainer
(trl.experimental, 1.16). That one knows two losses, takes a tie and a missing verdict for a win of the answer drawn
first (`first_half >= second_half`, after `nansum`), sums the logged KL over padding too, samples with `generate` and
cuts sequences from the left; a test holds the two to the same loss and gradient where every comparison has an order.

A comparison without an order enters with the first answer on both sides: a constant loss and no gradient, whatever the
micro-batch. So every label weighs the same, and only losses of the margin are allowed. The artifact keeps all
comparisons with their annotations, and `labels.json` counts them.

`metrics.jsonl`: the lines of DPO (the first loss is log 2, log-ratios are 0), and labels/without_order (share of the
step's comparisons that were ties or unparsed; they count as no win in rewards/accuracies).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl.trainer.dpo_config import DPOConfig

from farm.config.checks import check_fields
from farm.errors import UnfitError
from farm.methods.examples import EncodedPair
from farm.methods.method import Need, Requirement, TrainingInputs
from farm.methods.online.rollouts import prompts_of_step
from farm.methods.trl.callbacks import StartsAtReference
from farm.methods.trl.dpo import DPOTrainerOnIds
from farm.methods.trl.dpo_loss import DPOLoss, MarginLossName
from farm.methods.trl.rollouts import draw_while_training
from farm.methods.trl.training import (
    IdRows,
    TrainingJob,
    TrainingSettings,
    dataset_of,
    load_policies_to_train,
    need_of_a_batch,
    run_trainer,
    save_trained,
    training_arguments,
)
from farm.models.checkpoint import load_tokenizer
from farm.models.generate import Completion
from farm.models.prompts import render_all
from farm.models.tokens import encode_prompt
from farm.records import Comparison, Instruction, Policy, Preference


@dataclass(frozen=True, kw_only=True)
class OnlineDPO:
    """DPO in which the policy draws each batch and the annotator labels it."""

    key_name: ClassVar[str] = "OnlineDPO"

    name: str
    """Shown in tables."""
    loss_type: MarginLossName
    """TRL's name of the loss; one of the margin, for any other would learn from a tie."""
    beta: float
    """Strength of the pull towards the SFT policy."""
    label_smoothing: float | None
    """As in DPO; None for the value of the loss's paper."""
    rollout_temperature: float
    """Sampling temperature of the answers that are compared."""
    training: TrainingSettings
    """How the weights are fitted; the batch size counts comparisons."""
    temperature: float
    """Sampling temperature at evaluation."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"temperature": 0}, above={"beta": 0, "rollout_temperature": 0})
        if self.training.epochs != 1:
            raise ValueError(f"training.epochs: every comparison is used once, expected 1, got {self.training.epochs}")

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "labels", "unlabeled")

    @property
    def loss(self) -> DPOLoss:
        return DPOLoss(loss_type=self.loss_type, beta=self.beta, label_smoothing=self.label_smoothing)

    def needs(self, n_labels: int) -> Sequence[Need]:  # noqa: ARG002
        return [need_of_a_batch("labels", self.training), need_of_a_batch("unlabeled", self.training)]

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        assert inputs.sft is not None
        job = TrainingJob(self.name, inputs.model, self.training, output_dir, scratch_dir, seed, sequences_per_row=2)
        sft = inputs.sft.checkpoint
        tokenizer = load_tokenizer(sft)
        fresh = FreshPairs(inputs, job, tokenizer, self.rollout_temperature)
        prompts = fresh.prompts()
        policy, ref_policy = load_policies_to_train(sft, job, reference=sft)
        trainer = _OnlineDPOTrainer(
            fresh=fresh,
            model=policy,
            ref_model=ref_policy,
            args=training_arguments(
                DPOConfig, job, len(prompts), max_length=None, remove_unused_columns=False, **self.loss.for_trl()
            ),
            train_dataset=prompts,
            processing_class=tokenizer,
            callbacks=[StartsAtReference(self.loss.at_reference)],
        )
        run_trainer(trainer, job)
        return Policy(checkpoint=save_trained(policy, tokenizer, job), temperature=self.temperature)


class FreshPairs:
    """Pairs that are drawn and labelled when a step asks for them."""

    def __init__(
        self, inputs: TrainingInputs, job: TrainingJob, tokenizer: PreTrainedTokenizerBase, temperature: float
    ) -> None:
        assert inputs.labels is not None
        self._labels = inputs.labels
        self._instructions: Sequence[Instruction] = inputs.unlabeled
        self._job = job
        self._tokenizer = tokenizer
        self._temperature = temperature

    def prompts(self) -> IdRows:
        """Which instruction each comparison is about, for all steps in order.

        Raises:
            UnfitError: the budget does not fill one batch, or there are fewer instructions than that.
        """
        size, budget = self._job.settings.batch_size, self._labels.budget
        if budget < size:
            raise UnfitError(f"{self._job.label}: batch_size is {size}, but the budget is {budget} labels")
        steps = range(budget // size)
        order = [row for step in steps for row in prompts_of_step(len(self._instructions), size, step, self._job.seed)]
        return dataset_of([{"instruction": row} for row in order])

    def draw(self, policy: PreTrainedModel, asked: Sequence[int], step: int) -> tuple[list[EncodedPair], float]:
        """Pairs of one step, and the share of the comparisons that have no order.

        Args:
            policy: as it is now.
            asked: rows of the instructions.
            step: keys the draws; one request to the annotator each.
        """
        instructions = [self._instructions[row] for row in asked]
        texts = render_all(self._job.model.prompt, self._tokenizer, instructions)
        drawn = draw_while_training(
            policy, self._tokenizer, texts, n=2, temperature=self._temperature, job=self._job, step=step
        )
        name = self._job.model.name
        comparisons = [_comparison(i, answers, name) for i, answers in zip(instructions, drawn, strict=True)]
        verdicts = self._labels.label(comparisons, step)
        pairs = [
            _pair(encode_prompt(self._tokenizer, text), answers, verdict)
            for text, answers, verdict in zip(texts, drawn, verdicts, strict=True)
        ]
        without_order = [pair.chosen_ids == pair.rejected_ids for pair in pairs]
        return pairs, sum(without_order) / len(without_order)


class _OnlineDPOTrainer(DPOTrainerOnIds):
    """The trainer whose batches are drawn: its dataset holds instructions only."""

    model: PreTrainedModel

    def __init__(self, *, fresh: FreshPairs, **own: Any) -> None:
        self._fresh = fresh
        super().__init__(**own)
        self._collate = self.data_collator
        self.data_collator = _asked

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], torch.Tensor | int | None]:
        """The micro-batches of one optimizer step, all drawn from the policy as it is now."""
        asked, n_items = super().get_batch_samples(epoch_iterator, num_batches, device)
        rows = [row for batch in asked for row in batch["instruction"]]
        pairs, share = self._fresh.draw(self.model, rows, self.state.global_step)
        self._metrics["train"]["labels/without_order"].append(share)
        left = iter(pairs)
        return [self._collate([next(left)._asdict() for _ in batch["instruction"]]) for batch in asked], n_items


def _asked(rows: Sequence[Mapping[str, int]]) -> dict[str, list[int]]:
    """A micro-batch before it is drawn."""
    return {"instruction": [row["instruction"] for row in rows]}


def _comparison(instruction: Instruction, answers: Sequence[Completion], generator: str) -> Comparison:
    first, second = answers
    return Comparison(
        instruction=instruction.instruction,
        input=instruction.input,
        output_1=first.text,
        output_2=second.text,
        generator_1=generator,
        generator_2=generator,
        dataset=instruction.dataset,
        history=instruction.history,
    )


def _pair(prompt_ids: list[int], answers: Sequence[Completion], verdict: Preference | None) -> EncodedPair:
    """The very ids that were sampled; without an order, the first answer on both sides."""
    first, second = (answer.ids for answer in answers)
    ids: Mapping[Preference | None, tuple[list[int], list[int]]] = {
        Preference.FIRST: (first, second),
        Preference.SECOND: (second, first),
    }
    return EncodedPair(prompt_ids, *ids.get(verdict, (first, first)))
