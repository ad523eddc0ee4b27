"""Judges of the pocket world that score answers by a rubric: the local stand-in for a pool of prompted model judges.

A rubric judge checks what the true utility is made of, with weights of its own and without the items that it forgets;
it favours long answers and one of the two positions. It errs less at random than a worker of the crowd, and errs in
its own ways all the more: lower variance, more bias, as AlpacaFarm found for prompted judges.
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

_FIRST_SHOWN = np.array([0.0, 1.0, -1.0])


@dataclass(frozen=True, kw_only=True)
class RubricJudge:
    """Scores both answers by its rubric and chooses (`farm.judges.judge.Judge`)."""

    key_name: ClassVar[str] = "RubricJudge"

    name: str
    """Name within the pool."""
    weights: tuple[float, ...]
    """Points for each criterion; 0 for an item that is missing from its rubric."""
    length_bias: float
    """Points for one more word."""
    position_bias: float
    """Points for the answer that is shown first; negative if it favours the last."""
    temperature: float
    """Of the logistic choice."""

    def verdicts(
        self,
        comparisons: Sequence[Comparison],
        first_shown: Sequence[int],
        seed: int,
        *,
        sample: int = 0,
        calls: Calls,  # noqa: ARG002
    ) -> list[Verdict]:
        """The judge's choices with their probabilities."""
        pairs = order_pairs(comparisons)
        is_output_1_ahead = _FIRST_SHOWN[np.asarray(first_shown, dtype=np.int64)]
        ahead = np.where(pairs.is_swapped, -is_output_1_ahead, is_output_1_ahead)
        points: Floats = pairs.criteria @ np.array(self.weights)
        points += self.length_bias * pairs.n_words + self.position_bias * ahead
        draws = uniforms(sample_seed(seed, sample), f"{self.name} choice", pairs.keys)
        return choose(pairs, logistic(points, self.temperature), draws, tells_probability=True)


@dataclass(frozen=True, kw_only=True)
class RubricPool:
    """A population of rubric judges (`farm.judges.judge.Panel`)."""

    key_name: ClassVar[str] = "RubricPool"

    n_judges: int
    """Number of judges."""
    weight_sd: float
    """Standard deviation of the logarithm of each item's weight among judges."""
    drop_probability: float
    """Probability that an item is missing from a judge's rubric."""
    length_bias: float
    """Mean points for ten more words."""
    length_bias_sd: float
    """Its standard deviation among judges."""
    temperature: float
    """Of the logistic choice, in units of utility."""
    position_sd: float
    """Standard deviation of the position bias among judges."""
    seed: int
    """The judges' traits are keyed by it."""

    def __post_init__(self) -> None:
        check_fields(
            self,
            at_least={
                "n_judges": 1,
                "weight_sd": 0,
                "drop_probability": 0,
                "length_bias_sd": 0,
                "temperature": 0,
                "position_sd": 0,
            },
            at_most={"drop_probability": 1},
        )

    def members(self) -> Sequence[RubricJudge]:
        """The judges, in a fixed order."""
        return [self._judge(f"rubric-{number:02d}") for number in range(1, self.n_judges + 1)]

    def _judge(self, name: str) -> RubricJudge:
        rng = rng_for(self.seed, "rubric judge", name)
        tastes = np.exp(self.weight_sd * rng.standard_normal(len(CRITERION_NAMES)))
        tastes[rng.random(len(CRITERION_NAMES)) < self.drop_probability] = 0.0
        return RubricJudge(
            name=name,
            weights=tuple(float(w) for w in np.array(list(WEIGHTS.values())) * tastes),
            length_bias=float(rng.normal(self.length_bias, self.length_bias_sd)) / 10.0,
            position_bias=float(rng.normal(0.0, self.position_sd)),
            temperature=self.temperature,
        )


@dataclass(frozen=True, kw_only=True)
class UtilityJudge:
    """A panel of one that goes by the true utility with a little noise: what a perfect annotator would say."""

    key_name: ClassVar[str] = "UtilityJudge"

    name: str
    """Name of the judge."""
    temperature: float
    """Of the logistic choice, in units of utility."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"temperature": 0})

    def members(self) -> Sequence[RubricJudge]:
        """The one judge."""
        weights = tuple(WEIGHTS.values())
        return [
            RubricJudge(
                name=self.name, weights=weights, length_bias=0.0, position_bias=0.0, temperature=self.temperature
            )
        ]
