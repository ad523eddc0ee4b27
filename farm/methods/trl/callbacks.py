"""What watches TRL's trainers: the start at the reference, divergence, candidates, progress, metrics,
checkpoints."""

# ruff: noqa: ARG002 - transformers fixes the signatures of callbacks

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from torch import Tensor
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from farm.methods.divergence import check_finite_step
from farm.methods.online.candidates import Snapshots
from farm.progress import Bar
from farm.store.cost import Cost, count
from farm.tracking.curves import Curves

SECONDS_BETWEEN_CHECKPOINTS = 10.0
"""At least, and fifty times what the last one took: one part in fifty of the time at most goes into them."""
QUICK_CHECKPOINT_SECONDS = 0.2
"""A fiftieth of it."""
TOLERANCE_AT_START = 1e-3
_COMPLETE = "farm_complete"
_NOT_REPRODUCIBLE = ("num_tokens", "epoch", "total_flos", "step_time")


def last_complete_checkpoint(scratch_dir: Path) -> Path | None:
    """Where a killed run resumes; None if it starts anew."""
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
        logged = {name: first[name] for name in self._expected if name in first}
        if any(abs(logged[name] - self._expected[name]) > TOLERANCE_AT_START for name in logged):
            raise RuntimeError(f"training did not start at its reference: expected {self._expected}, got {logged}")


def stop_at_divergence(trainer: Trainer, label: str, settings: Mapping[str, float]) -> None:
    """Stop the trainer in the step whose loss or gradient is the first that is no number; callbacks see neither.

    Args:
        trainer: changed in place: two of its functions look at what they return.
        label: what is trained.
        settings: of which a lower value may help.
    """
    losses: list[Tensor] = []
    take_loss, clip = trainer.training_step, trainer.accelerator.clip_grad_norm_

    def training_step(*args: Any, **kwargs: Any) -> Tensor:
        loss: Tensor = take_loss(*args, **kwargs)
        losses.append(loss.detach())
        return loss

    def clip_grad_norm_(*args: Any, **kwargs: Any) -> Any:
        norm = clip(*args, **kwargs)
        # One look per optimizer step: on a GPU each waits for the device.
        figures = {"loss": float(torch.stack(losses).sum()) if losses else 0.0, "gradient norm": float(norm)}
        losses.clear()
        check_finite_step(label, trainer.state.global_step + 1, figures, settings)
        return norm

    vars(trainer)["training_step"] = training_step
    vars(trainer.accelerator)["clip_grad_norm_"] = clip_grad_norm_


class Keeper(TrainerCallback):
    """Keeps the candidates. A step ends before the trainer saves its state, so what is resumed from is kept already."""

    def __init__(self, snapshots: Snapshots, save: Callable[[Path], object]) -> None:
        self._snapshots = snapshots
        self._save = save

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        self._snapshots.keep(state.global_step, self._save)


class Reporter(TrainerCallback):
    """Moves the bar, writes `metrics.jsonl`, draws its curves and asks for checkpoints."""

    def __init__(self, bar: Bar, metrics_path: Path, curves: Curves) -> None:
        self._bar = bar
        self._metrics_path = metrics_path
        self._curves = curves
        self._n_drawn = 0
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
        logged = [entry for entry in state.log_history if "loss" in entry]
        steps = [{name: value for name, value in entry.items() if name not in _NOT_REPRODUCIBLE} for entry in logged]
        for entry in steps[self._n_drawn :]:
            self._curves.log(int(entry["step"]), {name: value for name, value in entry.items() if name != "step"})
        self._n_drawn = len(steps)
        lines = [json.dumps(entry, sort_keys=True) for entry in steps]
        beside = self._metrics_path.with_suffix(".writing")
        beside.write_text("".join(line + "\n" for line in lines))
        beside.replace(self._metrics_path)
