"""Speed in five ratios, each to a peer or to a matrix product in the same run, so that it can be compared over time.

    OMP_NUM_THREADS=1 python experiments/benchmarks/ratios.py             # measure, and print beside the kept figures
    OMP_NUM_THREADS=1 python experiments/benchmarks/ratios.py --write     # keep what is measured in figures.json

Each figure is CPU time of the laboratory's code over CPU time of what it is held against, the two measured in turn: the
median of the pairs. Lower is better. The probe is a product of two 384 x 384 float32 matrices, many times over, on one
thread: it shares the core and its clock with the code, not the size of its caches, so a ratio to it says less about
another machine than about another day. `pytest -m perf` fails where a figure has become worse than the kept one by a
factor of 1.3.
"""

import argparse
import datetime
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import agreement_speed
import bradley_terry_speed
import numpy as np
import ppo_throughput
import torch
import trainer_overhead

FIGURES = Path(__file__).with_name("figures.json")
WORST_FACTOR = 1.3
"""A figure may be at most so many times the kept one."""
N_PAIRS = 3
PROBE = np.random.default_rng(0).normal(size=(384, 384)).astype(np.float32)


class Figure(NamedTuple):
    """One ratio."""

    what: str
    """What is measured, and against what."""
    ours: Callable[[], object]
    theirs: Callable[[], object]


def probe() -> None:
    """About a tenth of a second of matrix products."""
    product = PROBE
    for _ in range(100):
        product = PROBE @ (product / 384)


def figures() -> dict[str, Figure]:
    """All of them, by name; making one costs nothing."""
    return {
        "agreement": Figure(
            "agreement figures of 20,000 annotations, 1,000 resamples each, over the probe",
            lambda: agreement_speed.all_figures(20_000),
            probe,
        ),
        "bradley_terry": Figure(
            "Bradley-Terry strengths of 50 models from 20,000 comparisons, 200 resamples, over the probe",
            lambda: bradley_terry_speed.fit_and_resample(bradley_terry_speed.made(50, 20_000, 2000), "half_wins", 200),
            probe,
        ),
        "ppo": Figure(
            "one step of PPO on the pocket base, 128 answers, loading included, over the probe",
            lambda: ppo_throughput.run_alone(n_steps=1),
            probe,
        ),
        "sft": Figure(
            "SFT of the pocket base, 8 steps of 16 rows, over TRL's own trainer",
            lambda: trainer_overhead.run_side("farm", "sft", n_steps=8),
            lambda: trainer_overhead.run_side("trl", "sft", n_steps=8),
        ),
        "dpo": Figure(
            "DPO of the pocket base, 8 steps of 16 pairs, over TRL's own trainer",
            lambda: trainer_overhead.run_side("farm", "dpo", n_steps=8),
            lambda: trainer_overhead.run_side("trl", "dpo", n_steps=8),
        ),
    }


def measure(figure: Figure, n_pairs: int = N_PAIRS) -> float:
    """Median over pairs of ours / theirs in CPU seconds of this process, after one run of each that does not count."""
    torch.set_num_threads(1)
    figure.ours()
    figure.theirs()
    return median(_cpu_seconds(figure.ours) / _cpu_seconds(figure.theirs) for _ in range(n_pairs))


def kept() -> dict[str, dict[str, object]]:
    """The figures that were measured last: ratio, date and what they are, by name."""
    content: dict[str, dict[str, object]] = json.loads(FIGURES.read_text())
    return content


def _cpu_seconds(run: Callable[[], object]) -> float:
    before = time.process_time()
    run()
    return time.process_time() - before


def main() -> None:
    """Measure the named figures, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*figures(), []], help="figures to measure; none for all")
    parser.add_argument("--write", action="store_true", help="keep what is measured in figures.json")
    options = parser.parse_args()
    last = kept() if FIGURES.is_file() else {}
    for name in options.names or figures():
        figure = figures()[name]
        ratio = measure(figure)
        before = float(str(last[name]["ratio"])) if name in last else None
        print(f"{name:14s} {ratio:8.3f}  kept {'-' if before is None else f'{before:.3f}'}  {figure.what}", flush=True)
        if options.write:
            today = datetime.date.today().isoformat()
            last[name] = {"ratio": round(ratio, 4), "date": today, "what": figure.what}
            FIGURES.write_text(json.dumps(last, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
