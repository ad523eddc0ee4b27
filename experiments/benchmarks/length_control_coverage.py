"""How often the 95% interval of a controlled win rate holds the true one, over simulated tracks.

    OMP_NUM_THREADS=1 python experiments/benchmarks/length_control_coverage.py [datasets]

Each data set is drawn anew: 805 instructions with difficulties N(0, 1.5^2), a reference whose lengths are log-normal,
models that write shorter or longer (more so on easy instructions), verdicts drawn from the logistic model that
AlpacaEval 2 fits, with coefficients spread as the published ones are. The true figure is the mean over 100,000 other
instructions of the probability at equal style. Beside the coverage, in percentage points: the mean error, the mean half
width, and the coverage of AlpacaEval's own interval, +- 1.96 standard errors of the mean of the predictions.
"""

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from farm.stats.bootstrap import Resampling
from farm.stats.length_control.controlled import ControlledRate, StyledScores, controlled_rates
from farm.stats.length_control.difficulty import difficulty_among
from farm.stats.length_control.length import length_controlled_rates

FloatArray = npt.NDArray[np.float64]
N_ITEMS, N_RESAMPLES = 805, 500
MANY_DIFFICULTIES = np.random.default_rng(0).normal(0, 1.5, 100_000)


class Track(NamedTuple):
    """Scores of M models on I instructions, and what is true of them."""

    scores: FloatArray
    gaps: FloatArray
    difficulty: FloatArray
    true: FloatArray
    """(M,) win rate at equal length."""


def track(rng: np.random.Generator, n_models: int, *, intercept: float, difficulty_effect: float) -> Track:
    """Draw one track; each model's coefficients differ."""
    difficulty = rng.normal(0, 1.5, N_ITEMS)
    reference = rng.lognormal(7, 0.6, N_ITEMS)
    level = rng.normal(-0.3, 0.4, (n_models, 1))
    own = np.exp(np.log(reference) + level + 0.1 * difficulty + rng.normal(0, 0.5, (n_models, N_ITEMS)))
    gaps = own - reference
    of_length = rng.normal(1.5, 0.4, (n_models, 1))
    of_difficulty = difficulty_effect * rng.normal(1, 0.25, (n_models, 1))
    of_model = rng.normal(intercept, 0.5, (n_models, 1))
    x = np.tanh(gaps / gaps.std(axis=1, ddof=1, keepdims=True))
    p = special.expit(of_length * x + of_difficulty * difficulty + of_model)
    true = special.expit(of_difficulty * MANY_DIFFICULTIES + of_model).mean(axis=1)
    return Track((rng.random(p.shape) < p).astype(np.float64), gaps, difficulty, true)


class Figures(NamedTuple):
    """What was found of one model, beside the truth."""

    rate: ControlledRate
    true: float
    predictions_error: float
    """AlpacaEval's standard error: of the mean of the predictions; NaN where there is no fit of its kind."""


def length_case(
    n_models: int, intercept: float, difficulty_effect: float, which: str
) -> Callable[[int], list[Figures]]:
    """Tracks with the difficulty that is given, fitted, or absent."""

    def run(seed: int) -> list[Figures]:
        rng = np.random.default_rng([seed, n_models])
        drawn = track(rng, n_models, intercept=intercept, difficulty_effect=difficulty_effect)
        difficulty = {"given": drawn.difficulty, "absent": None}.get(which)
        if which == "fitted":
            difficulty = difficulty_among(list(drawn.scores), list(drawn.gaps))
        rates = length_controlled_rates(
            list(drawn.scores),
            list(drawn.gaps),
            difficulty=difficulty,
            resampling=Resampling(seed=seed, n_resamples=N_RESAMPLES),
        )
        errors = np.zeros(n_models)
        if which == "given":
            errors = np.array(
                [_predictions_error(*one, difficulty) for one in zip(drawn.scores, drawn.gaps, strict=True)]
            )
        return [Figures(*parts) for parts in zip(rates, drawn.true, errors, strict=True)]

    return run


def _predictions_error(scores: FloatArray, gaps: FloatArray, difficulty: FloatArray) -> float:
    """Of an unpenalised fit, which is what AlpacaEval's comes close to."""
    design = np.stack([np.tanh(gaps / gaps.std(ddof=1)), difficulty, np.ones(len(scores))], axis=1)
    theta = np.zeros(3)
    for _ in range(30):
        p = special.expit(design @ theta)
        theta += np.linalg.solve((design * (p * (1 - p))[:, None]).T @ design, design.T @ (scores - p))
    predicted = special.expit(design[:, 1:] @ theta[1:])
    return float(predicted.std(ddof=1) / np.sqrt(len(scores)))


def style_case(seed: int) -> list[Figures]:
    """Four features of unit size, two of them related, and no difficulty."""
    rng = np.random.default_rng([seed, 4])
    features = rng.normal(0.3, 1, (N_ITEMS, 4))
    features[:, 1] = 0.7 * features[:, 0] + 0.7 * features[:, 1]
    effects, intercept = rng.normal(0.4, 0.3, 4), rng.normal(-1, 0.5)
    scores = (rng.random(N_ITEMS) < special.expit(features @ effects + intercept)).astype(np.float64)
    rates = controlled_rates(
        [StyledScores(scores=scores, features=features)],
        difficulty=None,
        resampling=Resampling(seed=seed, n_resamples=N_RESAMPLES),
    )
    return [Figures(rates[0], float(special.expit(intercept)), 0.0)]


def moved(n_models: int, n_tracks: int = 8) -> FloatArray:
    """How far one model more moves the figures of the others, whose difficulties are fitted: (n_tracks * M,)."""
    changes = []
    for seed in range(n_tracks):
        drawn = track(np.random.default_rng(seed), n_models + 1, intercept=-1.0, difficulty_effect=0.9)
        rates = []
        for n in (n_models, n_models + 1):
            scores, gaps = list(drawn.scores[:n]), list(drawn.gaps[:n])
            difficulty = difficulty_among(scores, gaps)
            found = length_controlled_rates(scores, gaps, difficulty=difficulty, resampling=None)
            rates.append(np.array([rate.estimate.value for rate in found[:n_models]], dtype=np.float64))
        changes.append(rates[1] - rates[0])
    return np.abs(np.concatenate(changes))


CASES: dict[str, Callable[[int], list[Figures]]] = {
    "length, no difficulty in the world": length_case(1, -1.0, 0.0, "absent"),
    "length, difficulty given": length_case(1, -1.0, 0.9, "given"),
    "the same, win rates of about 5%": length_case(1, -4.0, 0.9, "given"),
    "difficulty fitted from 3 models": length_case(3, -1.0, 0.9, "fitted"),
    "difficulty fitted from 10 models": length_case(10, -1.0, 0.9, "fitted"),
    "difficulty left out though there is one": length_case(1, -1.0, 0.9, "absent"),
    "style, four features": style_case,
}


def main() -> None:
    n_datasets = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print(f"{'case':42s} {'intervals':>9s} {'covers':>7s} {'error':>7s} {'half width':>10s} {'AlpacaEval covers':>17s}")
    for name, case in CASES.items():
        found: list[Figures] = []
        seed = 0
        while len(found) < n_datasets:
            found += case(seed)
            seed += 1
        value = np.array([f.rate.estimate.value for f in found], dtype=np.float64)
        low = np.array([f.rate.estimate.low for f in found], dtype=np.float64)
        high = np.array([f.rate.estimate.high for f in found], dtype=np.float64)
        true = np.array([f.true for f in found])
        covers = ((low <= true) & (true <= high)).mean()
        theirs = (np.abs(value - true) <= 1.96 * np.array([f.predictions_error for f in found])).mean()
        has_theirs = name.endswith(("given", "5%"))
        print(
            f"{name:42s} {len(found):9d} {covers:7.1%} {100 * (value - true).mean():+7.2f} "
            f"{100 * (high - low).mean() / 2:10.2f} {f'{theirs:.1%}' if has_theirs else '-':>17s}",
            flush=True,
        )

    for n_models in (3, 5, 10, 30, 100):
        changes = 100 * moved(n_models)
        print(f"one model beside {n_models}: moves the others by {changes.mean():.2f}, at most {changes.max():.2f}")


if __name__ == "__main__":
    main()
