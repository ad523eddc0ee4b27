"""The crowd: 16 synthetic workers whose labels stand in for a paid crowd's. They are a model, not people.

A worker likes what the true utility rewards, with weights of their own; looks carefully only some of the time, and
otherwise takes what looks like an answer for a right one and sees no falsehood; favours long answers; chooses with
logistic noise, and now and then clicks anything (lapses). Which output is shown first makes no difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from farm.calls.request import Calls
from farm.config.checks import check_fields
from farm.pocket.preferences.choice import CRITERION_NAMES, Floats, choose, logistic, order_pairs, uniforms
from farm.pocket.preferences.utility import WEIGHTS
from farm.records import Comparison, Verdict
from farm.seeds import rng_for, sample_seed


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One member of the crowd (`farm.judges.judge.Judge`)."""

    key_name: ClassVar[str] = "Worker"

    name: str
    """Name within the crowd."""
    weights: tuple[float, ...]
    """What the worker's taste gives to each criterion."""
    diligence: float
    """Probability of looking carefully."""
    length_bias: float
    """Utility of one more word."""
    temperature: float
    """Of the logistic choice."""
    lapse_rate: float
    """Probability of clicking anything."""

    def verdicts(
        self,
        comparisons: Sequence[Comparison],
        first_shown: Sequence[int],
        seed: int,
        *,
        sample: int = 0,
        calls: Calls,  # noqa: ARG002
    ) -> list[Verdict]:
        """The worker's choices; a worker gives no probabilities."""
        _ = first_shown  # the order makes no difference to a worker
        pairs, seed = order_pairs(comparisons), sample_seed(seed, sample)
        is_careful = uniforms(seed, f"{self.name} diligence", pairs.keys) < self.diligence
        seen = np.where(is_careful[:, None], pairs.criteria, pairs.careless_criteria)
        liking: Floats = seen @ np.array(self.weights) + self.length_bias * pairs.n_words
        p_first = (1.0 - self.lapse_rate) * logistic(liking, self.temperature) + self.lapse_rate / 2.0
        return choose(pairs, p_first, uniforms(seed, f"{self.name} choice", pairs.keys), tells_probability=False)


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """The population the workers are drawn from (`farm.judges.judge.Panel`)."""

    key_name: ClassVar[str] = "Crowd"

    n_workers: int
    """Number of workers."""
    temperature: float
    """Median temperature of the logistic choice, in units of utility."""
    temperature_spread: float
    """Standard deviation of its logarithm among workers."""
    taste_sd: float
    """Standard deviation of the logarithm of each criterion's weight among workers."""
    diligence_low: float
    """Least probability of looking carefully."""
    diligence_high: float
    """Greatest probability of looking carefully."""
    length_bias: float
    """Mean utility that a worker sees in ten more words."""
    length_bias_sd: float
    """Its standard deviation among workers."""
    lapse_rate: float
    """Probability of clicking anything."""
    seed: int
    """The workers' traits are keyed by it."""

    def __post_init__(self) -> None:
        check_fields(
            self,
            at_least={
                "n_workers": 1,
                "temperature": 0,
                "temperature_spread": 0,
                "taste_sd": 0,
                "diligence_low": 0,
                "diligence_high": 0,
                "length_bias_sd": 0,
                "lapse_rate": 0,
            },
            at_most={"lapse_rate": 1},
        )

    def members(self) -> Sequence[Worker]:
        """The workers, in a fixed order."""
        return [self._worker(f"worker-{number:02d}") for number in range(1, self.n_workers + 1)]

    def _worker(self, name: str) -> Worker:
        rng = rng_for(self.seed, "crowd", name)
        tastes = np.exp(self.taste_sd * rng.standard_normal(len(CRITERION_NAMES)))
        return Worker(
            name=name,
            weights=tuple(float(w) for w in np.array(list(WEIGHTS.values())) * tastes),
            diligence=float(rng.uniform(self.diligence_low, self.diligence_high)),
            length_bias=float(rng.normal(self.length_bias, self.length_bias_sd)) / 10.0,
            temperature=self.temperature * float(np.exp(self.temperature_spread * rng.standard_normal())),
            lapse_rate=self.lapse_rate,
        )
