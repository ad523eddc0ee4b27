"""The loop of a method that trains on its own answers: what PPO and Quark do alike around and within a step.

Around it: progress, log, candidates, and states from which a killed run goes on. Within it: the learning rate, the
minibatches of the update, and the optimizer's step.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

import pandas as pd
import torch
from torch import Tensor, nn

from farm.methods.divergence import check_finite_step
from farm.methods.online.candidates import Snapshots
from farm.methods.online.networks import Networks
from farm.methods.online.training_log import Clock, StepLog, load_state, save_state
from farm.models.checkpoint import save_checkpoint
from farm.progress import progress
from farm.seeds import rng_for
from farm.store.cost import Cost, count
from farm.tracking.curves import training_curves

Schedule = Literal["constant", "linear"]


class LoopSettings(Protocol):
    """What the loop asks of a method's settings."""

    @property
    def name(self) -> str: ...

    @property
    def n_steps(self) -> int: ...

    @property
    def n_snapshots(self) -> int: ...

    @property
    def checkpoint_every(self) -> int: ...


class TrainingLoop:
    """The steps that are still to be made, and what each of them leaves behind.

    for step in loop:
        ...
        loop.end_step(step, metrics, clock, rollouts, state)
    """

    def __init__(
        self,
        settings: LoopSettings,
        networks: Networks,
        trained: Mapping[str, nn.Module],
        optimizer: torch.optim.Optimizer,
        output_dir: Path,
        scratch_dir: Path,
    ) -> None:
        """Put the last state of a killed run back, if there is one.

        Args:
            settings: how many steps, candidates and states.
            networks: whose policy is saved.
            trained: everything that the optimizer changes, by role.
            optimizer: of all of it.
            output_dir: for the checkpoint, its candidates and the log.
            scratch_dir: for the states.
        """
        self._settings, self._networks, self._trained, self._optimizer = settings, networks, trained, optimizer
        self._output_dir, self._scratch_dir, self._state_path = output_dir, scratch_dir, scratch_dir / "state.pt"
        saved = load_state(self._state_path, trained, optimizer, networks.device)
        self.state: Mapping[str, Any] = saved or {}
        """Of the last step before a kill; empty at the start of a run."""
        self._first_step: int = self.state.get("step", 0)
        self._log = StepLog(output_dir, scratch_dir, self._first_step)
        self._snapshots = Snapshots(output_dir, scratch_dir, n_steps=settings.n_steps, n_snapshots=settings.n_snapshots)

    def __iter__(self) -> Iterator[int]:
        """The steps, counted from 0; after the last one the log is complete and the policy is saved."""
        settings = self._settings
        with (
            progress(settings.name, total=settings.n_steps, unit="steps") as bar,
            training_curves(settings.name, self._scratch_dir) as curves,
        ):
            bar.advance(self._first_step)
            for step in range(self._first_step):
                curves.log(step, self._log.metrics_of(step))
            for step in range(self._first_step, settings.n_steps):
                yield step
                bar.advance()
                curves.log(step, self._log.metrics_of(step))
        self._log.finish(self._settings.n_steps)
        self._snapshots.finish()
        self._save_policy(self._settings.n_steps, self._output_dir)

    def end_step(
        self,
        step: int,
        metrics: Mapping[str, float],
        clock: Clock,
        rollouts: pd.DataFrame,
        state: Mapping[str, object],
    ) -> None:
        """Log a step, keep the policy if it is a candidate, and save the state where it is time.

        Args:
            step: that has just been made.
            metrics: its line of `metrics.jsonl`.
            clock: its phases.
            rollouts: its rows of `rollouts.parquet`, one per answer.
            state: plain numbers, and lists of them: all that the next step needs besides weights and optimizer.
        """
        self._log.write(step, metrics, clock.report(len(rollouts)), rollouts)
        n_made = step + 1
        self._snapshots.keep(n_made, partial(self._save_policy, n_made))
        if n_made % self._settings.checkpoint_every == 0:
            save_state(self._state_path, {"step": n_made, **state}, self._trained, self._optimizer)

    def _save_policy(self, n_made: int, directory: Path) -> Path:
        networks = self._networks
        trained = f"{self._settings.name}, after step {n_made} of {self._settings.n_steps},"
        return save_checkpoint(networks.policy.model, networks.tokenizer, directory, trained=trained)


def scheduled(peak: float, schedule: Schedule, *, warmup_steps: int, step: int, n_steps: int) -> float:
    """The learning rate of a step, counted from 0: it rises linearly to its peak, then stays, or falls linearly to what
    would be 0 in the step after the last."""
    if step < warmup_steps:
        return peak * (step + 1) / (warmup_steps + 1)
    if schedule == "constant":
        return peak
    return peak * (n_steps - step) / (n_steps - warmup_steps)


def minibatches(
    n_rows: int, batch_size: int, epochs: int, *, seed: int, purpose: str, step: int
) -> Iterator[list[int]]:
    """Rows of each optimizer step: every pass is a new order, keyed by (seed, purpose, step, pass)."""
    for epoch in range(epochs):
        order = rng_for(seed, purpose, f"{step} {epoch}").permutation(n_rows).tolist()
        for start in range(0, n_rows, batch_size):
            yield order[start : start + batch_size]


def clip_and_step(optimizer: torch.optim.Optimizer, max_grad_norm: float, *, step: int) -> Sequence[Tensor]:
    """Clip the gradient of each parameter group by itself and take a step; returns their norms before clipping.

    Raises:
        DivergedError: a norm is no number: so it is if a loss is none.
    """
    norms = [torch.nn.utils.clip_grad_norm_(group["params"], max_grad_norm) for group in optimizer.param_groups]
    for norm, group in zip(norms, optimizer.param_groups, strict=True):
        settings = {"learning_rate": group["lr"], "max_grad_norm": max_grad_norm}
        check_finite_step("the training", step + 1, {"gradient norm": float(norm)}, settings)
    optimizer.step()
    count(Cost(gradient_steps=1))
    optimizer.zero_grad()
    return norms
