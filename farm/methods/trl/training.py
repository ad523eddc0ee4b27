"""The border to TRL: our names inside, TRL's outside. Every TRL trainer of the laboratory is configured and run here.

What is the same for all of them: the batch size is global and the micro-batch size only decides how its gradient is
accumulated; no dropout; all weights in float32 or an adapter on frozen ones, with bfloat16 autocast where the model
asks for it; progress, `metrics.jsonl` and curves (farm/tracking) are ours (farm/methods/trl/callbacks.py).
Trainers get token ids, never text, so TRL adds, cuts and drops nothing.

A run is checkpointed into its scratch folder every ten seconds, more rarely where writing takes long, at steps whose
metrics are logged; a killed run resumes from the last complete checkpoint and ends with the weights of an unbroken one,
bit for bit.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

import datasets  # type: ignore[import-untyped]
import numpy as np
import transformers
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from farm.config.checks import check_fields
from farm.errors import UnfitError
from farm.methods.method import Need, Requirement
from farm.methods.online.candidates import Snapshots
from farm.methods.trl.callbacks import Keeper, Reporter, last_complete_checkpoint, stop_at_divergence
from farm.models.checkpoint import Model, save_checkpoint
from farm.models.flops import count_gpu_memory
from farm.models.trainable import PolicyAndReference, load_classifier, load_policy, load_policy_and_reference
from farm.models.trained import check_trained
from farm.progress import progress
from farm.seeds import derive_seed, rng_for
from farm.tracking.curves import training_curves

LOG_EVERY_STEPS = 10
"""At most; short runs are logged more often, so that they too can resume."""
LOGS_PER_RUN = 10
"""At least, as far as there are steps."""

ArgumentsT = TypeVar("ArgumentsT", bound=TrainingArguments)
RowT = TypeVar("RowT", bound="HasLength")
IdRows: TypeAlias = datasets.Dataset


class HasLength(Protocol):
    """A row whose length decides how far its batch is padded."""

    @property
    def length(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How weights are fitted: AdamW with warmup, a schedule and gradient clipping."""

    key_name: ClassVar[str] = "TrainingSettings"

    learning_rate: float
    """Peak learning rate."""
    epochs: int
    """Passes over the rows."""
    batch_size: int
    """Rows per optimizer step, whatever the micro-batch size (pairs count once)."""
    batches_per_length_group: int
    """Rows of so many batches are sorted by length before they are cut into batches: less padding; 1 for no sorting."""
    warmup_share: float
    """Share of the steps in which the learning rate rises linearly from 0."""
    schedule: Literal["cosine", "linear", "constant_with_warmup"]
    """The learning rate after the warmup; cosine and linear end at 0."""
    weight_decay: float
    """AdamW's decoupled weight decay, on matrices only."""
    max_grad_norm: float
    """The gradient is scaled down to this norm if it is longer."""
    gradient_checkpointing: bool = field(metadata={"in_key": False})
    """Recompute activations in the backward pass: less memory, more time, same result."""
    n_snapshots: int = 1
    """Candidates kept at evenly spaced steps, of which a held-out judge chooses one; 1 for the end only."""

    def __post_init__(self) -> None:
        check_fields(
            self,
            at_least={"epochs": 1, "batch_size": 1, "batches_per_length_group": 1, "weight_decay": 0, "n_snapshots": 1},
            above={"learning_rate": 0, "max_grad_norm": 0},
        )
        if not 0 <= self.warmup_share < 1:
            raise ValueError(f"warmup_share: expected at least 0 and below 1, got {self.warmup_share}")


class TrainingJob(NamedTuple):
    """One call of a trainer: what it is called, how it fits and where it writes."""

    label: str
    """Shown on the progress bar; also the purpose of its random draws."""
    model: Model
    settings: TrainingSettings
    output_dir: Path
    scratch_dir: Path
    seed: int
    sequences_per_row: int = 1
    """2 where a row is a pair whose two answers go through one forward pass."""
    rows_per_forward: int | None = None
    """Where the loss itself depends on what goes through one forward pass: so many rows, on every machine."""

    @property
    def torch_seed(self) -> int:
        """Seed for torch's global generators: a new head is drawn from them, and nothing else."""
        return derive_seed(self.seed, self.label) % 2**32

    @property
    def micro_batch_size(self) -> int:
        """In rows: the largest divisor of the batch size that fits, so that their mean is the batch's."""
        if self.rows_per_forward is not None:
            return self.rows_per_forward
        limit = min(max(self.model.micro_batch_size // self.sequences_per_row, 1), self.settings.batch_size)
        return next(n for n in range(limit, 0, -1) if self.settings.batch_size % n == 0)


def check_rows_per_forward(rows_per_forward: int, settings: TrainingSettings) -> None:
    """Raise ValueError unless whole forward passes make up a batch."""
    if rows_per_forward < 1 or settings.batch_size % rows_per_forward:
        raise ValueError(
            f"rows_per_forward: expected a divisor of training.batch_size ({settings.batch_size}), "
            f"got {rows_per_forward}"
        )


def need_of_a_batch(kind: Requirement, settings: TrainingSettings, *, rows_each: int = 1) -> Need:
    """What one optimizer step takes.

    Args:
        kind: what the rows are made from.
        settings: whose batch.
        rows_each: rows that are made from each.
    """
    return Need(kind, -(-settings.batch_size // rows_each), {"training.batch_size": settings.batch_size})


def load_policy_to_train(checkpoint: str | Path, job: TrainingJob) -> PreTrainedModel:
    """A causal LM: all its weights, or an adapter on them."""
    return load_policy(checkpoint, job.model, seed=job.torch_seed)


def load_policies_to_train(start: str | Path, job: TrainingJob, *, reference: str | Path) -> PolicyAndReference:
    """A causal LM to train and its frozen reference."""
    return load_policy_and_reference(start, job.model, reference=reference, seed=job.torch_seed)


def load_classifier_to_train(checkpoint: str | Path, job: TrainingJob) -> PreTrainedModel:
    """A sequence classifier; its head is new, drawn from the job's seed."""
    transformers.set_seed(job.torch_seed)  # the new head is drawn from torch's global generator
    return load_classifier(checkpoint, job.model, seed=job.torch_seed)


def in_training_order(rows: Sequence[RowT], job: TrainingJob) -> list[RowT]:
    """The rows of all epochs in the order in which they are trained on: every `batch_size` rows are a batch.

    Each epoch is a permutation of its own, drawn by key; what would make a last and smaller batch is left out of it.
    Within groups of some batches the rows are sorted by length, and then the batches are shuffled.

    Raises:
        UnfitError: there is not one whole batch.
    """
    settings = job.settings
    size, group = settings.batch_size, settings.batch_size * settings.batches_per_length_group
    if len(rows) < size:
        raise UnfitError(
            f"{job.label}: training.batch_size is {size}, but there are only {len(rows)} rows to train on; give a "
            "smaller batch or more data"
        )
    lengths = np.array([row.length for row in rows])
    ordered: list[RowT] = []
    for epoch in range(settings.epochs):
        rng = rng_for(job.seed, f"{job.label}: order of rows", str(epoch))
        drawn = rng.permutation(len(rows))[: len(rows) // size * size]
        groups = [drawn[start : start + group] for start in range(0, len(drawn), group)]
        batches = np.concatenate([g[np.argsort(lengths[g], kind="stable")] for g in groups]).reshape(-1, size)
        ordered += [rows[i] for i in rng.permutation(batches).ravel().tolist()]
    return ordered


def dataset_of(rows: Sequence[Mapping[str, object]]) -> IdRows:
    """Token ids in the form that trainers read."""
    return datasets.Dataset.from_list(list(rows))


def training_arguments(kind: Callable[..., ArgumentsT], job: TrainingJob, n_rows: int, **own: object) -> ArgumentsT:
    """TRL's configuration for a job.

    Args:
        kind: TRL's configuration class.
        job: ours.
        n_rows: rows to train on, those of all epochs.
        own: what only this trainer has, under TRL's names.
    """
    settings = job.settings
    n_steps = n_rows // settings.batch_size
    with _without_deprecations():
        return kind(
            output_dir=str(job.scratch_dir),
            seed=job.torch_seed,  # the border: the trainer seeds the global generators with it
            per_device_train_batch_size=job.micro_batch_size,
            gradient_accumulation_steps=settings.batch_size // job.micro_batch_size,
            num_train_epochs=1,  # the rows of all epochs stand one after the other
            train_sampling_strategy="sequential",
            learning_rate=settings.learning_rate,
            lr_scheduler_type=settings.schedule,
            warmup_steps=round(settings.warmup_share * n_steps),
            weight_decay=settings.weight_decay,
            max_grad_norm=settings.max_grad_norm,
            optim="adamw_torch",
            gradient_checkpointing=settings.gradient_checkpointing,
            use_cpu=job.model.torch_device.type == "cpu",
            bf16=job.model.dtype == "bfloat16",
            dataloader_pin_memory=job.model.torch_device.type != "cpu",
            logging_strategy="steps",
            logging_steps=min(LOG_EVERY_STEPS, max(n_steps // LOGS_PER_RUN, 1)),
            logging_first_step=True,
            logging_nan_inf_filter=False,
            save_strategy="no",  # the reporter below asks for checkpoints by the clock
            save_total_limit=2,
            report_to="none",  # the reporter below draws the curves, under the names of metrics.jsonl
            disable_tqdm=True,
            **own,
        )


def run_trainer(trainer: Trainer, job: TrainingJob) -> None:
    """Train to the end, from the last complete checkpoint if the job was killed before.

    Raises:
        DivergedError: a loss or a gradient is no number, or the weights after the last step are none.
    """
    trainer.remove_callback(PrinterCallback)  # it prints every log entry
    n_rows = len(trainer.train_dataset)  # type: ignore[arg-type]
    n_steps = trainer.args.max_steps if trainer.args.max_steps > 0 else n_rows // job.settings.batch_size
    snapshots = Snapshots(job.output_dir, job.scratch_dir, n_steps=n_steps, n_snapshots=job.settings.n_snapshots)
    settings = {"learning_rate": job.settings.learning_rate, "max_grad_norm": job.settings.max_grad_norm}
    stop_at_divergence(trainer, job.label, settings)
    with (
        progress(job.label, total=n_steps, unit="steps") as bar,
        training_curves(job.label, job.scratch_dir) as curves,
    ):
        trainer.add_callback(Reporter(bar, job.output_dir / "metrics.jsonl", curves))
        trainer.add_callback(Keeper(snapshots, partial(_save_candidate, trainer, job.label, n_steps)))
        checkpoint = last_complete_checkpoint(job.scratch_dir)
        with _without_deprecations():
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    _check(trainer, job.label, n_steps)
    snapshots.finish()
    count_gpu_memory(job.model.torch_device)


def _check(trainer: Trainer, label: str, n_steps: int) -> None:
    model = trainer.model
    assert isinstance(model, PreTrainedModel)
    check_trained(f"{label}, after step {trainer.state.global_step} of {n_steps},", model)


def save_trained(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, job: TrainingJob) -> Path:
    """Save into the job's output folder, which is returned."""
    return _save(model, tokenizer, job.output_dir)


def _save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, directory: Path) -> Path:
    was_cached = model.config.use_cache
    model.config.use_cache = True  # the trainers switch it off, and generation would be slow
    save_checkpoint(model, tokenizer, directory)
    model.config.use_cache = was_cached
    return directory


def _save_candidate(trainer: Trainer, label: str, n_steps: int, directory: Path) -> None:
    model, tokenizer = trainer.model, trainer.processing_class
    assert isinstance(model, PreTrainedModel) and isinstance(tokenizer, PreTrainedTokenizerBase)
    _check(trainer, label, n_steps)
    _save(model, tokenizer, directory)


@contextmanager
def _without_deprecations() -> Iterator[None]:
    """TRL 1.16 itself still uses names that transformers 5.23 renames; nobody here can do anything about it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*gradient_checkpointing` is deprecated", category=FutureWarning)
        yield
