"""TRL's DPO trainer on our token ids, and one training with it: what dpo, iterated_dpo and online_dpo share."""

from collections.abc import Sequence
from pathlib import Path

from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from farm.methods.examples import EncodedPair
from farm.methods.trl.callbacks import StartsAtReference
from farm.methods.trl.dpo_loss import DPOLoss
from farm.methods.trl.training import (
    IdRows,
    TrainingJob,
    dataset_of,
    in_training_order,
    load_policies_to_train,
    run_trainer,
    save_trained,
    training_arguments,
)
from farm.models.checkpoint import load_tokenizer


class DPOTrainerOnIds(DPOTrainer):
    """TRL's trainer without its tokenisation.

    The one place where we inherit: TRL's SFT and reward trainers accept token ids, its DPO trainer tokenises always,
    and it would merge tokens across the end of the prompt and append the end token to unfinished answers.
    """

    def _prepare_dataset(self, dataset: IdRows, *_: object) -> IdRows:
        return dataset


def train_dpo(job: TrainingJob, loss: DPOLoss, pairs: Sequence[EncodedPair], *, start: Path, reference: Path) -> Path:
    """Fit a policy to pairs; returns the new checkpoint, the job's output folder.

    Args:
        job: how; a batch counts pairs.
        loss: what is minimised.
        pairs: all of them are used once per epoch, but for what does not fill a batch.
        start: the checkpoint whose weights training starts from.
        reference: the frozen policy. If it is `start`, the first step is checked: log-ratios of 0 and the known loss.
    """
    tokenizer = load_tokenizer(start)
    ordered = in_training_order(pairs, job)
    policy, ref_policy = load_policies_to_train(start, job, reference=reference)
    trainer = DPOTrainerOnIds(
        model=policy,
        ref_model=ref_policy,
        args=training_arguments(DPOConfig, job, len(ordered), max_length=None, **loss.for_trl()),
        train_dataset=dataset_of([pair._asdict() for pair in ordered]),
        processing_class=tokenizer,
        callbacks=[StartsAtReference(loss.at_reference)] if start == reference else [],
    )
    run_trainer(trainer, job)
    return save_trained(policy, tokenizer, job)
