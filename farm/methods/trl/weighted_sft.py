"""Supervised fine-tuning in which every answer has a weight: what C-RLFT and other weighted imitations share.

Objective: minimise sum over completion tokens of w log(1 / pi(token | before)) / sum over the same tokens of w, with
both sums over the whole batch of an optimizer step. So the loss does not depend on how the batch is cut into
micro-batches, and multiplying all weights by a number changes nothing.

`metrics.jsonl`: loss (the objective), grad_norm (before clipping), learning_rate, step.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import Trainer, TrainingArguments

from farm.methods.examples import IGNORED, EncodedExample, Example, encode_examples
from farm.methods.trl.training import (
    TrainingJob,
    dataset_of,
    in_training_order,
    load_policy_to_train,
    run_trainer,
    save_trained,
    training_arguments,
)
from farm.models.checkpoint import load_tokenizer
from farm.models.tokens import pad
from farm.tensors.logprobs import per_token_logps


def fine_tune_weighted(checkpoint: str | Path, examples: Sequence[Example], job: TrainingJob) -> Path:
    """Imitate the examples by their weights; returns the new checkpoint, the job's output folder.

    Raises:
        ValueError: a weight is negative, or all are 0.
    """
    weights = [example.weight for example in examples]
    if min(weights, default=0.0) < 0 or max(weights, default=0.0) == 0:
        raise ValueError(f"{job.label}: expected weights of at least 0, and one above, got {sorted(set(weights))[:5]}")
    tokenizer = load_tokenizer(checkpoint)
    # An answer of weight 0 teaches nothing, and a batch of them would divide by 0.
    taught = encode_examples(job.model, tokenizer, [example for example in examples if example.weight > 0])
    policy = load_policy_to_train(checkpoint, job)
    rows = weighted_rows(in_training_order(taught, job), job.settings.batch_size)
    trainer = _WeightedTrainer(
        model=policy,
        args=training_arguments(TrainingArguments, job, len(rows), remove_unused_columns=False),
        train_dataset=dataset_of(rows),
        processing_class=tokenizer,
        data_collator=collate,
    )
    run_trainer(trainer, job)
    return save_trained(policy, tokenizer, job)


def weighted_rows(ordered: Sequence[EncodedExample], batch_size: int) -> list[dict[str, object]]:
    """Rows for the trainer: `weight` is scaled so that the batch's completion tokens have a mean weight of 1.

    The trainer divides a batch's summed loss by its number of completion tokens, so that scaling turns its mean into
    the weighted mean.

    Args:
        ordered: every `batch_size` of them are one optimizer step.
        batch_size: rows per optimizer step.
    """
    rows: list[dict[str, object]] = []
    for start in range(0, len(ordered), batch_size):
        batch = ordered[start : start + batch_size]
        n_tokens = sum(len(row.completion_ids) for row in batch)
        total = sum(row.weight * len(row.completion_ids) for row in batch)
        rows += [{**row.for_trainer()._asdict(), "weight": row.weight * n_tokens / total} for row in batch]
    return rows


def weighted_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Sum over labelled tokens of weight times -log p.

    Args:
        logits: (B, L, V)
        labels: (B, L) token ids, IGNORED where nothing is trained.
        weights: (B,)
    """
    targets = labels[:, 1:]
    is_trained = targets != IGNORED
    logps = per_token_logps(logits[:, :-1][is_trained], targets[is_trained], 1.0)
    return -(logps * weights.unsqueeze(1).expand_as(targets)[is_trained]).sum()


def collate(rows: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
    """Padded ids, mask and labels (B, L), and weights (B,), of what `weighted_rows` makes."""
    padded = pad([row["input_ids"] for row in rows], 0)
    return {
        "input_ids": padded.input_ids,
        "attention_mask": padded.mask.long(),
        "labels": pad([row["labels"] for row in rows], IGNORED).input_ids,
        "weight": torch.tensor([row["weight"] for row in rows]),
    }


class _WeightedTrainer(Trainer):
    """transformers' trainer with the weighted loss; it knows how many tokens the whole batch has."""

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,  # noqa: ARG002
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        assert num_items_in_batch is not None
        logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
        return weighted_loss(logits, inputs["labels"], inputs["weight"]) / num_items_in_batch
