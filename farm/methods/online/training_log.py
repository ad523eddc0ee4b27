"""What a method that trains on its own samples keeps between steps, so that a killed run goes on where it stopped.

All randomness is keyed by (seed, purpose, step); there is no generator to save. A run that was killed and resumed
writes the same weights, metrics and rollouts as an unbroken one.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from farm.bounded.json_text import read_json_object


def save_state(
    path: Path, values: Mapping[str, object], modules: Mapping[str, nn.Module], optimizer: torch.optim.Optimizer
) -> None:
    """Write everything beside and rename it into place: there is always one whole state or none.

    Args:
        path: the state's file.
        values: plain numbers, and lists of them: the step, and whatever else changes.
        modules: what is trained, by role.
        optimizer: of all of them.
    """
    state = {
        "values": dict(values),
        "modules": {role: _trained(module) for role, module in modules.items()},
        "optimizer": optimizer.state_dict(),
    }
    beside = path.with_suffix(".writing")
    torch.save(state, beside)
    beside.replace(path)


def load_state(
    path: Path, modules: Mapping[str, nn.Module], optimizer: torch.optim.Optimizer, device: torch.device
) -> Mapping[str, Any] | None:
    """Put a saved state back and return its values; None if there is none."""
    if not path.is_file():
        return None
    state = torch.load(path, map_location=device, weights_only=True)
    for role, module in modules.items():
        assert state["modules"][role].keys() == _trained(module).keys()
        module.load_state_dict(state["modules"][role], strict=False)
    optimizer.load_state_dict(state["optimizer"])
    values: Mapping[str, Any] = state["values"]
    return values


def _trained(module: nn.Module) -> dict[str, nn.Parameter]:
    """Frozen weights are on disk already."""
    return {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}


class StepLog:
    """Metrics, seconds and rollouts, one file each per step in the scratch folder, and joined files at the end."""

    def __init__(self, output_dir: Path, scratch_dir: Path, first_step: int) -> None:
        """Steps from `first_step` on will be made again, and overwritten."""
        self._output_dir = output_dir
        self._steps_dir = scratch_dir / "steps"
        self._steps_dir.mkdir(exist_ok=True)
        for step in range(first_step):
            self._publish(step, "metrics")

    def write(
        self, step: int, metrics: Mapping[str, float], seconds: Mapping[str, float], rollouts: pd.DataFrame
    ) -> None:
        """Record one step. `metrics.jsonl` grows at once, for those who watch."""
        self._file(step, "metrics").write_text(json.dumps({"step": step, **metrics}, sort_keys=True))
        self._file(step, "timings").write_text(json.dumps({"step": step, **seconds}, sort_keys=True))
        rollouts.to_parquet(self._steps_dir / f"rollouts_{step:06d}.parquet", index=False)
        self._publish(step, "metrics")

    def metrics_of(self, step: int) -> dict[str, float]:
        """What a step that has been made was logged with."""
        metrics: dict[str, float] = read_json_object(self._file(step, "metrics"))
        del metrics["step"]
        return metrics

    def finish(self, n_steps: int) -> None:
        """Join the steps' files in the output folder."""
        for step in range(n_steps):
            self._publish(step, "timings")
        tables = [pd.read_parquet(self._steps_dir / f"rollouts_{step:06d}.parquet") for step in range(n_steps)]
        pd.concat(tables).to_parquet(self._output_dir / "rollouts.parquet", index=False)

    def _file(self, step: int, name: str) -> Path:
        return self._steps_dir / f"{name}_{step:06d}.json"

    def _publish(self, step: int, name: str) -> None:
        with (self._output_dir / f"{name}.jsonl").open("a") as lines:
            lines.write(self._file(step, name).read_text() + "\n")


class Clock:
    """Wall seconds by phase."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @contextmanager
    def measure(self, phase: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._seconds[phase] = time.perf_counter() - start

    def report(self, n_samples: int) -> dict[str, float]:
        total = sum(self._seconds.values())
        return {**self._seconds, "samples_per_second": n_samples / total}
