"""The border to TRL: our names inside, TRL's outside. Every TRL trainer of the laboratory is configured and run here.

What this settles for all of them: the batch size is global and the micro-batch size only decides how its gradient is
accumulated; no dropout; all weights in float32 or an adapter on frozen ones, with bfloat16 autocast where the model asks
for it; nothing is reported to anybody; progress and `metrics.jsonl` are ours. Trainers get token ids, never text, so TRL adds, cuts and drops nothing.

A run is checkpointed into its scratch folder every ten seconds, more rarely where writing takes long, at steps whose
metrics are logged; a killed run resumes from the last complete checkpoint and ends with the weights of an unbroken one,
bit for bit.
"""

# ruff: noqa: ARG002 - transformers fixes the signatures of callbacks

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Literal, NamedTuple, Protocol, TypeAlias, TypeVar

import datasets  # type: ignore[import-untyped]
import numpy as np
import transformers
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_callback import PrinterCallback

from farm.cost import Cost, count
from farm.methods.snapshots import Snapshots, check_n_snapshots
from farm.models.checkpoint import Model, save_checkpoint
from farm.models.flops import count_gpu_memory
from farm.models.trainable import PolicyAndReference, load_classifier, load_policy, load_policy_and_reference
from farm.progress import Bar, progress
from farm.seeds import derive_seed, rng_for

LOG_EVERY_STEPS = 10
"""At most; short runs are logged more often, so that they too can resume."""
LOGS_PER_RUN = 10
"""At least, as far as there are steps."""
SECONDS_BETWEEN_CHECKPOINTS = 10.0
"""At least, and fifty times what the last one took: one part in fifty of the time at most goes into them."""
QUICK_CHECKPOINT_SECONDS = 0.2
"""A fiftieth of it."""
TOLERANCE_AT_START = 1e-3
_COMPLETE = "farm_complete"
_NOT_REPRODUCIBLE = ("num_tokens", "epoch", "total_flos", "step_time")

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
        check_n_snapshots(self.n_snapshots)
        for name in ("epochs", "batch_size", "batches_per_length_group"):
            if vars(self)[name] < 1:
                raise ValueError(f"{name}: expected at least 1, got {vars(self)[name]}")
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
        ValueError: there is not one whole batch.
    """
    settings = job.settings
    size, group = settings.batch_size, settings.batch_size * settings.batches_per_length_group
    if len(rows) < size:
        raise ValueError(f"{job.label}: batch_size is {size}, but there are only {len(rows)} rows to train on")
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
            report_to="none",
            disable_tqdm=True,
            **own,
        )


def run_trainer(trainer: Trainer, job: TrainingJob) -> None:
    """Train to the end, from the last complete checkpoint if the job was killed before."""
    trainer.remove_callback(PrinterCallback)  # it prints every log entry
    n_rows = len(trainer.train_dataset)  # type: ignore[arg-type]
    n_steps = trainer.args.max_steps if trainer.args.max_steps > 0 else n_rows // job.settings.batch_size
    snapshots = Snapshots(job.output_dir, job.scratch_dir, n_steps=n_steps, n_snapshots=job.settings.n_snapshots)
    with progress(job.label, total=n_steps, unit="steps") as bar:
        trainer.add_callback(_Reporter(bar, job.output_dir / "metrics.jsonl"))
        trainer.add_callback(_Keeper(snapshots, trainer))
        checkpoint = _last_complete_checkpoint(job.scratch_dir)
        with _without_deprecations():
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    snapshots.finish()
    count_gpu_memory(job.model.torch_device)


def save_trained(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, job: TrainingJob) -> Path:
    """Save into the job's output folder, which is returned."""
    return _save(model, tokenizer, job.output_dir)


def _save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, directory: Path) -> Path:
    was_cached = model.config.use_cache
    model.config.use_cache = True  # the trainers switch it off, and generation would be slow
    save_checkpoint(model, tokenizer, directory)
    model.config.use_cache = was_cached
    return directory


@contextmanager
def _without_deprecations() -> Iterator[None]:
    """TRL 1.16 itself still uses names that transformers 5.23 renames; nobody here can do anything about it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*gradient_checkpointing` is deprecated", category=FutureWarning)
        yield


def _last_complete_checkpoint(scratch_dir: Path) -> Path | None:
    complete = [mark.parent for mark in scratch_dir.glob(f"checkpoint-*/{_COMPLETE}")]
    return max(complete, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


class StartsAtReference(TrainerCallback):
    """Before its first update the policy is the reference: what the first step logs is known."""

    def __init__(self, expected: Mapping[str, float]) -> None:
        """Metrics of the first step, by TRL's names: log-ratios and KL of 0, and a loss that is known from them."""
        self._expected = expected

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object) -> None:
        first = state.log_history[-1]
        if state.global_step != 1 or "loss" not in first:  # the summary of a training of one step has no loss
            return
        # A forward pass may hold answers of one kind only; then TRL does not log the other.
        found = {name: first[name] for name in self._expected if name in first}
        if any(abs(found[name] - self._expected[name]) > TOLERANCE_AT_START for name in found):
            raise RuntimeError(f"training did not start at its reference: expected {self._expected}, got {found}")


class _Keeper(TrainerCallback):
    """Keeps the candidates. A step ends before the trainer saves its state, so what is resumed from is kept already."""

    def __init__(self, snapshots: Snapshots, trainer: Trainer) -> None:
        self._snapshots = snapshots
        self._trainer = trainer

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        self._snapshots.keep(state.global_step, self._save)

    def _save(self, directory: Path) -> None:
        model, tokenizer = self._trainer.model, self._trainer.processing_class
        assert isinstance(model, PreTrainedModel) and isinstance(tokenizer, PreTrainedTokenizerBase)
        _save(model, tokenizer, directory)


class _Reporter(TrainerCallback):
    """Moves the bar, writes `metrics.jsonl` and asks for checkpoints."""

    def __init__(self, bar: Bar, metrics_path: Path) -> None:
        self._bar = bar
        self._metrics_path = metrics_path
        self._last_checkpoint = self._asked_at = monotonic()
        self._seconds_between = SECONDS_BETWEEN_CHECKPOINTS

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        self._metrics_path.parent.mkdir(parents=True, exist_ok=True)
        self._bar.advance(state.global_step)
        self._write(state)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> TrainerControl:
        self._bar.advance()
        count(Cost(gradient_steps=1))
        # Only where metrics are logged too: their running means then start anew on both sides of a break.
        if control.should_log and monotonic() - self._last_checkpoint >= self._seconds_between:
            control.should_save, self._asked_at = True, monotonic()
        return control

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object) -> None:
        self._write(state)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object) -> None:
        # The trainer writes a checkpoint file by file; only one with this mark was written to the end.
        (Path(str(args.output_dir)) / f"checkpoint-{state.global_step}" / _COMPLETE).touch()
        self._last_checkpoint = monotonic()
        slowness = max((self._last_checkpoint - self._asked_at) / QUICK_CHECKPOINT_SECONDS, 1.0)
        self._seconds_between = slowness * SECONDS_BETWEEN_CHECKPOINTS

    def _write(self, state: TrainerState) -> None:
        """All steps logged so far, those before a break included."""
        steps = [entry for entry in state.log_history if "loss" in entry]
        lines = [
            json.dumps({k: v for k, v in entry.items() if k not in _NOT_REPRODUCIBLE}, sort_keys=True)
            for entry in steps
        ]
        beside = self._metrics_path.with_suffix(".writing")
        beside.write_text("".join(line + "\n" for line in lines))
        beside.replace(self._metrics_path)
