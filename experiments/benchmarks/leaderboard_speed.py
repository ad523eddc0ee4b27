"""All figures of a leaderboard of 220 models x 805 annotations: seconds and peak memory, beside alpaca-eval's own.

    OMP_NUM_THREADS=1 python experiments/benchmarks/leaderboard_speed.py
    OMP_NUM_THREADS=1 python experiments/benchmarks/leaderboard_speed.py --peer PEER/bin/python

Synthesised: graded verdicts in the manner of AlpacaEval 2, lengths, headings, lists and bold passages. The promise is
under 60 s with 1,000 bootstrap rounds on 2 cores and 2 GB, under 5 s without. CPU seconds are those to compare: the
machine may be shared.

The peer is alpaca-eval 0.6.6 in an environment of its own (`python -m venv PEER; PEER/bin/pip install
alpaca-eval==0.6.6`), which fits each model's length control once and has no bootstrap. Its df_gamed.csv comes from the
network; a made-up one of the same columns takes its place. It runs on the first ten models, in turn with ours.
"""

import argparse
import itertools
import json
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import special

from farm.stats.bootstrap import Resampling
from farm.stats.length_control.alpaca_eval import GamedRows, fit_as_alpaca_eval
from farm.stats.length_control.difficulty import difficulty_among
from farm.stats.length_control.length import length_controlled_rates
from farm.stats.length_control.style import OutputStyles, style_controlled_rates
from farm.stats.one_reference.rank_sets import SeededScores, rank_sets, seeded_difference
from farm.stats.one_reference.ratings import rate_models
from farm.stats.ranking.win_rates import win_rate

FloatArray = npt.NDArray[np.float64]
T = TypeVar("T")
N_PEER_MODELS = 10
PEER_SCRIPT = Path(__file__).with_name("alpaca_eval_peer.py")


class Annotations(NamedTuple):
    """M models on I instructions."""

    scores: FloatArray
    """(M, I) in [0, 1]: one in four graded."""
    outputs: list[OutputStyles]
    reference: OutputStyles
    difficulty: FloatArray
    gamed: GamedRows


def synthesised(n_models: int, n_items: int) -> Annotations:
    """Models of all strengths, most of them below the reference, as on AlpacaEval 2."""
    rng = np.random.default_rng(0)
    difficulty = rng.normal(0, 1.5, n_items)
    reference = _style(rng.lognormal(7.4, 0.5, n_items).round(), rng)
    outputs = [
        _style((reference.length * np.exp(rng.normal(-0.4, 0.4) + rng.normal(0, 0.5, n_items))).round(), rng)
        for _ in range(n_models)
    ]
    gaps = np.stack([styles.length - reference.length for styles in outputs])
    x = np.tanh(gaps / gaps.std(axis=1, ddof=1, keepdims=True))
    p = special.expit(rng.normal(-1.5, 1.2, (n_models, 1)) + rng.normal(1.5, 0.4, (n_models, 1)) * x + 0.9 * difficulty)
    scores = np.where(rng.random(p.shape) < 0.25, p, rng.random(p.shape) < p)
    scaled = rng.normal(0, 1.2, 2 * n_items)
    gamed = special.expit(1.5 * np.tanh(scaled) + 0.2 * np.tile(difficulty, 2))
    return Annotations(scores, outputs, reference, difficulty, GamedRows(gamed, scaled, np.tile(difficulty, 2)))


def _style(length: FloatArray, rng: np.random.Generator) -> OutputStyles:
    counts = (rng.poisson(rate * length / 1000 * rng.uniform(0.2, 2)).astype(np.float64) for rate in (1.0, 4.0, 3.0))
    return OutputStyles(length=length, **dict(zip(("n_headings", "n_list_items", "n_bold"), counts, strict=True)))


def all_figures(made: Annotations, resampling: Resampling | None) -> list[tuple[str, float, float]]:
    """What each group of figures took: name, wall seconds, CPU seconds."""
    scores = list(made.scores)
    gaps = [styles.length - made.reference.length for styles in made.outputs]
    done: list[tuple[str, float, float]] = []

    def lap(name: str, run: Callable[[], T]) -> T:
        wall, cpu = time.perf_counter(), time.process_time()
        result = run()
        done.append((name, time.perf_counter() - wall, time.process_time() - cpu))
        return result

    rated = lap("win rates and standard errors", lambda: [win_rate(s) for s in scores])
    lap("win rates with intervals, ratings", lambda: rate_models(scores, resampling))
    difficulty = lap("difficulty of instructions", lambda: difficulty_among(scores, gaps))
    lap(
        "length-controlled win rates",
        lambda: length_controlled_rates(scores, gaps, difficulty=difficulty, resampling=resampling),
    )
    lap(
        "style-controlled win rates",
        lambda: style_controlled_rates(
            scores, made.outputs, [made.reference] * len(scores), difficulty=difficulty, resampling=resampling
        ),
    )
    order = np.argsort([-float(rate.win_rate or 0) for rate in rated])
    models = [SeededScores([0], made.scores[[k]]) for k in order]
    lap("rank sets", lambda: rank_sets(models))
    lap("each against the next", lambda: [seeded_difference(a, b) for a, b in itertools.pairwise(models)])
    return done


def _printed(title: str, done: list[tuple[str, float, float]]) -> None:
    print(f"\n{title}\n{'wall s':>8s} {'CPU s':>8s}")
    for name, wall, cpu in [*done, ("in all", sum(d[1] for d in done), sum(d[2] for d in done))]:
        print(f"{wall:8.2f} {cpu:8.2f}  {name}", flush=True)


def _with_peer(made: Annotations, python: str) -> None:
    """Both sides' fit and value for the same models, a process each; CPU seconds a model."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.npz"
        gaps = np.stack([styles.length - made.reference.length for styles in made.outputs])[:N_PEER_MODELS]
        np.savez(
            path,
            scores=made.scores[:N_PEER_MODELS],
            gaps=gaps,
            difficulty=made.difficulty,
            gamed_scores=made.gamed.scores,
            gamed_differences=made.gamed.scaled_differences,
        )
        theirs = json.loads(subprocess.check_output([python, str(PEER_SCRIPT), str(path)], text=True))
    # Once before the clock runs: it imports scikit-learn.
    fit_as_alpaca_eval(made.scores[0], gaps[0], made.difficulty, made.gamed)
    start = time.process_time()
    ours = [fit_as_alpaca_eval(s, g, made.difficulty, made.gamed) for s, g in zip(made.scores, gaps, strict=False)]
    same = (time.process_time() - start) / N_PEER_MODELS
    start = time.process_time()
    length_controlled_rates(list(made.scores[:N_PEER_MODELS]), list(gaps), difficulty=made.difficulty, resampling=None)
    fast = (time.process_time() - start) / N_PEER_MODELS
    worst = np.abs(np.array(ours) - np.array(theirs["weights"])).max()
    print(f"\nCPU seconds a model, {N_PEER_MODELS} models\n{theirs['seconds']:8.4f}  alpaca-eval {theirs['version']}")
    print(f"{same:8.4f}  the same fit here; largest difference of a weight {worst:.1e}")
    print(f"{fast:8.4f}  the default fit; {theirs['seconds'] / fast:,.0f} times as fast as alpaca-eval's")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=220)
    parser.add_argument("--items", type=int, default=805)
    parser.add_argument("--peer", help="Python of an environment that has alpaca-eval 0.6.6")
    options = parser.parse_args()
    made = synthesised(options.models, options.items)
    print(f"{options.models} models x {options.items} annotations")
    _printed("without bootstrap", all_figures(made, None))
    _printed("with 1,000 bootstrap rounds", all_figures(made, Resampling(seed=0, n_resamples=1000)))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    if options.peer:
        _with_peer(made, options.peer)


if __name__ == "__main__":
    main()
