"""The true utility of an answer in the pocket world: hidden from every method, used only by the evaluation.

    utility = 3 correctness + 1.2 constraint + fluency + 1.2 information + .8 courtesy - falsehood - 1.2 repetition

The best answer has 7.2. Only the instruction's words are read, so any text by anybody can be judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, NamedTuple

from farm.pocket.language.grammar import parse
from farm.pocket.language.reading import read
from farm.pocket.preferences.criteria import CRITERIA, apparent_correctness
from farm.records import Output

WEIGHTS: dict[str, float] = {
    "correctness": 3.0,
    "constraint": 1.2,
    "fluency": 1.0,
    "information": 1.2,
    "courtesy": 0.8,
    "falsehood": -1.0,
    "repetition": -1.2,
}


class Assessment(NamedTuple):
    """What there is to see in an answer."""

    criteria: tuple[float, ...]
    """The criteria in the order of `WEIGHTS`."""
    apparent_correctness: float
    """What a careless look takes for correctness."""
    n_words: int
    """Its length."""


@lru_cache(maxsize=200_000)
def assess(instruction: str, input: str, output: str) -> Assessment:
    """Read one answer.

    Raises:
        UnknownInstructionError: the instruction is not of the pocket world.
    """
    task = parse(instruction, input)
    reading = read(output, task)
    criteria = tuple(CRITERIA[name](task, reading) for name in WEIGHTS)
    return Assessment(criteria, apparent_correctness(task, reading), len(reading.words))


def utility_of(instruction: str, input: str, output: str) -> float:
    """The true utility of one answer."""
    criteria = assess(instruction, input, output).criteria
    return sum(weight * value for weight, value in zip(WEIGHTS.values(), criteria, strict=True))


@dataclass(frozen=True, kw_only=True)
class PocketUtility:
    """True utilities (`farm.data.dataset.Utility`)."""

    key_name: ClassVar[str] = "PocketUtility"

    def utilities(self, outputs: Sequence[Output]) -> list[float]:
        """Raises `farm.pocket.language.grammar.UnknownInstructionError` for an instruction from elsewhere."""
        return [utility_of(output.instruction, output.input, output.output) for output in outputs]
