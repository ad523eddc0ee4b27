"""What a stage costs: generated tokens, labels, optimizer steps, FLOPs, seconds and memory, counted where they arise.

A stage runs within `measured`; whatever it calls adds to its tally with `count`. The tally is kept in a file beside the
stage's work, so that what a killed attempt had spent is not forgotten: the total is what was paid, not what an unbroken
run would have paid (to within a few seconds of work).
"""

import json
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path

from farm.bounded.json_text import read_json_object

KEPT_EVERY_SECONDS = 5.0
_HIGH_WATER_MARK = "VmHWM:"
_PEAKS = ("peak_memory_mb", "peak_gpu_memory_mb")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one stage, or several of them, used."""

    seconds: float = 0.0
    """Wall time."""
    generated_tokens: int = 0
    """Sampled from a policy, end tokens included."""
    labels: int = 0
    """Comparisons that the annotator was asked about, ties and unparsed ones included."""
    gradient_steps: int = 0
    """Optimizer steps."""
    flops: float = 0.0
    """Floating-point operations of all networks' matrix products, estimated (farm/models/flops.py)."""
    peak_memory_mb: float = 0.0
    """Largest resident size of the process meanwhile, in MB (10^6 bytes)."""
    peak_gpu_memory_mb: float = 0.0
    """Largest size of the tensors on a GPU meanwhile; 0 where there is none."""

    def __add__(self, other: "Cost") -> "Cost":
        """Of both, one after the other: sums, and the larger of the peaks."""
        peaks = {name: max(getattr(self, name), getattr(other, name)) for name in _PEAKS}
        sums = {name: getattr(self, name) + getattr(other, name) for name in vars(self).keys() - peaks.keys()}
        return Cost(**sums, **peaks)


def cost_of(manifest: Mapping[str, object]) -> Cost:
    """What the artifact of a manifest took.

    Raises:
        KeyError, TypeError, ValueError: it does not say, or not so.
    """
    amounts = manifest["cost"]
    if not isinstance(amounts, Mapping) or not all(isinstance(amount, int | float) for amount in amounts.values()):
        raise ValueError(f"cost: expected amounts by name, got {amounts!r:.80}")
    return Cost(**amounts)


class Tally:
    """A cost that grows."""

    def __init__(self, path: Path) -> None:
        """Go on from what an earlier attempt left in the file."""
        self._path = path
        self._before = Cost(**read_json_object(path)) if path.is_file() else Cost()
        self._counted = Cost()
        self._start = self._kept_at = time.monotonic()

    def add(self, cost: Cost) -> None:
        self._counted += cost
        if time.monotonic() - self._kept_at > KEPT_EVERY_SECONDS:
            self._kept_at = time.monotonic()
            beside = self._path.with_suffix(".writing")
            beside.write_text(json.dumps(asdict(self.total()), sort_keys=True))
            beside.replace(self._path)

    def total(self) -> Cost:
        """Of all attempts until now."""
        elapsed = time.monotonic() - self._start
        return self._before + self._counted + Cost(seconds=elapsed, peak_memory_mb=peak_memory_mb())


_tally: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def measured(path: Path) -> Iterator[Tally]:
    """Within it, everything that is counted belongs to this stage.

    Args:
        path: keeps the tally between attempts; JSON.
    """
    _forget_peak_memory()
    tally = Tally(path)
    token = _tally.set(tally)
    try:
        yield tally
    finally:
        _tally.reset(token)


def count(cost: Cost) -> None:
    """Add to the stage that runs now, if one does."""
    tally = _tally.get()
    if tally is not None:
        tally.add(cost)


@contextmanager
def uncounted() -> Iterator[None]:
    """Within it nothing is counted: for work whose cost is added as a whole."""
    token = _tally.set(None)
    try:
        yield
    finally:
        _tally.reset(token)


def peak_memory_mb() -> float:
    """Largest resident size of this process in MB (10^6 bytes) since the last stage began, or ever where not Linux."""
    if sys.platform == "linux":
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(_HIGH_WATER_MARK):
                return int(line.removeprefix(_HIGH_WATER_MARK).split()[0]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _forget_peak_memory() -> None:
    """Let Linux' high-water mark start anew (proc(5), clear_refs); where it may not, peaks are of all stages so far."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return
