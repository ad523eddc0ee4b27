"""PPO and DPO of a 0.5B-parameter Llama on one GPU in bfloat16: tokens per second, FLOPs utilisation, memory.

    python experiments/benchmarks/gpu_training.py --device cuda --output gpu.json
    python experiments/benchmarks/gpu_training.py --device cpu --small

`farm.methods.ppo` and `farm.methods.preference.dpo` are run as they are, on random weights. Their public parts are
wrapped in timers that wait for the device on both sides, so each phase has its own seconds and its own peak memory:

| phase | what it is | its kind |
|---|---|---|
| rollout | prompts are read in and answers sampled | generation |
| score, evaluate | forward passes of the reward model; of policy, reference and value network | training |
| update, step | forward and backward passes, clipping and Adam; for DPO with the reference's forward pass | training |
| neither | everything else within a step: advantages, data loading, logging, writing | neither |

The first step of each method is left out. Model FLOPs utilisation counts 2 operations per weight and token of a forward
pass (the output matrix only at positions whose logits are used: answers; DPO's trainer asks for all of them and is not
credited), attention over half a square, a backward pass as two forward passes, and no recomputation; it is a share of
the published dense bfloat16 peak of an H100 or H200 SXM, and beside it of a large matrix product measured here.
The timers' own waiting makes every phase a little longer than in a run without them.
"""

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import torch
import transformers
from gpu_setting import HALF_BILLION, SMALL, Size, dpo_method, ppo_method, random_inputs
from transformers import Trainer, TrainerCallback

from farm.methods import ppo
from farm.methods.method import Method, TrainingInputs
from farm.methods.online import rollouts

PUBLISHED_PEAK = 989.4e12
"""Dense bfloat16 FLOP/s of H100 SXM and H200 SXM, by NVIDIA's data sheets."""


class Meter:
    """Seconds and peak memory by phase, one entry per call; the device is idle at both ends."""

    def __init__(self, device: torch.device) -> None:
        self._is_cuda = device.type == "cuda"
        self.seconds: dict[str, list[float]] = {}
        self.peak_bytes: dict[str, int] = {}

    def now(self) -> float:
        if self._is_cuda:
            torch.cuda.synchronize()
        return time.perf_counter()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        before = self._begin_peak()
        start = self.now()
        yield
        self.seconds.setdefault(name, []).append(self.now() - start)
        if self._is_cuda:
            peak = max(torch.cuda.max_memory_allocated(), self.peak_bytes.get(name, 0))
            self.peak_bytes[name] = peak
            self.peak_bytes["all"] = max(peak, before, self.peak_bytes.get("all", 0))

    def wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.phase(name):
                return function(*args, **kwargs)

        return timed

    def _begin_peak(self) -> int:
        if not self._is_cuda:
            return 0
        before = torch.cuda.max_memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        return before


def main() -> None:
    parser = argparse.ArgumentParser(description="PPO and DPO on one GPU")
    parser.add_argument("--device", choices=["cuda", "cpu"], required=True)
    parser.add_argument("--small", action="store_true", help="a toy, to try the script where there is no GPU")
    parser.add_argument("--output", type=Path, help="write the results here too, as JSON")
    parser.add_argument("--label", default="", help="kept in the results: what was measured")
    arguments = parser.parse_args()
    device, size = torch.device(arguments.device), SMALL if arguments.small else HALF_BILLION
    results: dict[str, Any] = {"label": arguments.label, "size": asdict(size), "machine": _machine(device)}
    with tempfile.TemporaryDirectory() as folder:
        inputs = random_inputs(size, device, Path(folder))
        results["machine"]["measured_peak"] = peak = _matmul_peak(device, 256 if arguments.small else 8192)
        for name, measure in (("ppo", _measure_ppo), ("dpo", _measure_dpo)):
            results[name] = measure(size, inputs, device, peak)
            _print(name, results[name])
            if arguments.output:
                arguments.output.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")


def _measure_ppo(size: Size, inputs: TrainingInputs, device: torch.device, peak: float) -> dict[str, Any]:
    meter, fit = Meter(device), {}
    for module, name, phase in (
        (rollouts, "draw_completions", "rollout"),
        (rollouts, "score_completions", "score"),
        (ppo, "evaluate", "evaluate"),
        (ppo, "update_networks", "update"),
    ):
        setattr(module, name, meter.wrapped(phase, getattr(module, name)))
    evaluate, steps = ppo.evaluate, ppo.TrainingLoop.__iter__

    def evaluate_and_compare(*args: Any, **kwargs: Any) -> Any:
        """Tokens drawn from the right distribution have minus its entropy as mean log-probability."""
        evaluated = evaluate(*args, **kwargs)
        mask = evaluated.completion_mask
        fit["mean_logp"] = float(evaluated.logps[mask].mean())
        fit["minus_mean_entropy"] = -float(evaluated.entropies[mask].mean())
        return evaluated

    def timed_steps(loop: ppo.TrainingLoop) -> Iterator[int]:
        for step in steps(loop):
            with meter.phase("whole step"):
                yield step

    ppo.evaluate = evaluate_and_compare
    ppo.TrainingLoop.__iter__ = timed_steps  # type: ignore[method-assign]
    _train(ppo_method(size), inputs)
    seconds = {name: median(values[1:]) for name, values in meter.seconds.items()}
    all_phases = [name for name in seconds if name != "whole step"]
    n_prompt, n_answer, n = size.prompt_tokens, size.answer_tokens, size.rollouts
    body, head = _forward_flops(size, n * (n_prompt + n_answer)), 2 * size.hidden * size.vocabulary * n * n_answer
    flops = {
        "rollout": body + head,
        "score": body,
        "evaluate": 3 * body + 2 * head,
        "update": 3 * size.ppo_epochs * (2 * body + head),
    }
    tokens = dict.fromkeys(("score", "evaluate", "update"), n * (n_prompt + n_answer)) | {"rollout": n * n_answer}
    tokens["update"] *= size.ppo_epochs
    return {
        "phases": {
            name: _rates(seconds[name], tokens[name], flops[name], meter.peak_bytes.get(name), peak)
            for name in all_phases
        },
        "seconds_per_step": seconds["whole step"],
        "all_steps": meter.seconds,
        "share_neither": 1 - sum(seconds[name] for name in all_phases) / seconds["whole step"],
        "peak_gb": meter.peak_bytes.get("all", 0) / 1e9,
        "fit": fit,
    }


def _measure_dpo(size: Size, inputs: TrainingInputs, device: torch.device, peak: float) -> dict[str, Any]:
    meter, train = Meter(device), Trainer.train

    def train_timed(trainer: Trainer, *args: Any, **kwargs: Any) -> Any:
        trainer.add_callback(_StepTimer(meter))
        return train(trainer, *args, **kwargs)

    Trainer.train = train_timed  # type: ignore[method-assign]
    _train(dpo_method(size), inputs)
    starts, ends = meter.seconds["start"], meter.seconds["end"]
    steps = [end - start for start, end in zip(starts, ends, strict=True)][1:]
    whole = (ends[-1] - ends[0]) / len(steps)
    n_tokens = 2 * size.dpo_batch * (size.prompt_tokens + size.answer_tokens)
    head = 2 * size.hidden * size.vocabulary * 2 * size.dpo_batch * size.answer_tokens
    flops = 4 * (_forward_flops(size, n_tokens) + head)  # the policy forward and backward, the reference forward
    return {
        "phases": {"step": _rates(sum(steps) / len(steps), n_tokens, flops, meter.peak_bytes.get("all"), peak)},
        "seconds_per_step": whole,
        "all_steps": steps,
        "share_neither": 1 - sum(steps) / len(steps) / whole,
        "peak_gb": meter.peak_bytes.get("all", 0) / 1e9,
    }


class _StepTimer(TrainerCallback):
    """When each optimizer step's first forward pass may begin, and when its update has ended."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._meter.seconds.setdefault("start", []).append(self._meter.now())

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self._meter.seconds.setdefault("end", []).append(self._meter.now())
        if torch.cuda.is_available():
            self._meter.peak_bytes["all"] = max(torch.cuda.max_memory_allocated(), self._meter.peak_bytes.get("all", 0))


def _rates(seconds: float, n_tokens: int, flops: float, peak_bytes: int | None, measured_peak: float) -> dict[str, Any]:
    return {
        "seconds": seconds,
        "tokens_per_second": n_tokens / seconds,
        "mfu_of_published_peak": flops / seconds / PUBLISHED_PEAK,
        "mfu_of_measured_peak": flops / seconds / measured_peak,
        "peak_gb": None if peak_bytes is None else peak_bytes / 1e9,
    }


def _forward_flops(size: Size, n_tokens: int) -> float:
    """Of the transformer without its output matrix, over sequences of full length."""
    head_dim = size.hidden // size.heads
    weights = 2 * size.hidden**2 + 2 * size.hidden * size.kv_heads * head_dim + 3 * size.hidden * size.intermediate
    # Two products of length by length by hidden, of which causal attention needs half.
    attention = 2 * size.hidden * (size.prompt_tokens + size.answer_tokens)
    return size.layers * (2.0 * weights + attention) * n_tokens


def _train(method: Method, inputs: TrainingInputs) -> None:
    with tempfile.TemporaryDirectory() as output_dir, tempfile.TemporaryDirectory() as scratch_dir:
        method.train(inputs, Path(output_dir), Path(scratch_dir), 0)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _matmul_peak(device: torch.device, size: int) -> float:
    """FLOP/s of a square bfloat16 matrix product, the median of ten."""
    a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    meter = Meter(device)
    for _ in range(13):
        with meter.phase("product"):
            a @ b
    return 2 * size**3 / median(meter.seconds["product"][3:])


def _machine(device: torch.device) -> dict[str, Any]:
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.processor()
    return {
        "device": name,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "farm": str(Path(ppo.__file__).parents[2]),
    }


def _print(name: str, result: dict[str, Any]) -> None:
    print(f"{name}: {result['seconds_per_step']:.2f} s a step, neither {result['share_neither']:.1%}, ", end="")
    print(f"peak {result['peak_gb']:.1f} GB {result.get('fit', '')}", flush=True)
    for phase, rates in result["phases"].items():
        print(
            f"  {phase:9} {rates['seconds']:7.3f} s {rates['tokens_per_second']:10.0f} tokens/s"
            f"  MFU {rates['mfu_of_published_peak']:6.2%} (of measured peak {rates['mfu_of_measured_peak']:6.2%})"
            f"  peak {rates['peak_gb'] or 0:5.1f} GB",
            flush=True,
        )


if __name__ == "__main__":
    main()
