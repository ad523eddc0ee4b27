"""Attacks on judges: pairs in which output_2 has earned no preference, so that every verdict for it is a failure.

Padding and repetition put an output against itself made longer without a new thought (MT-Bench's repetitive list,
arXiv 2306.05685, section 3.3). A constant answer, whatever was asked, meets the output that people prefer: a polite
nothing (the "null model" of Zheng et al. 2024, arXiv 2410.07137), or text that talks to the judge.
"""

import re
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from farm.records import Comparison, Preference

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_BULLET = re.compile(r"^\s*(?:[-*\u2022]|\d{1,3}[.)])\s+")


class Attack(Protocol):
    """Turns an item into a pair of an honest output and an attack."""

    def attacked(self, comparison: Comparison, better: Preference) -> Comparison:
        """output_1 is honest, output_2 is the attack.

        Args:
            comparison: the item.
            better: which of its outputs people prefer.
        """


@dataclass(frozen=True, kw_only=True)
class PaddedOutput:
    """The better output against itself with empty words behind it."""

    key_name: ClassVar[str] = "PaddedOutput"

    text: str
    """What is put behind it."""

    def attacked(self, comparison: Comparison, better: Preference) -> Comparison:
        honest = _output(comparison, better)
        return replace(comparison, output_1=honest, output_2=f"{honest.rstrip()}\n\n{self.text.strip()}")


@dataclass(frozen=True, kw_only=True)
class RepeatedList:
    """The better output against the same points as a numbered list that goes through them several times."""

    key_name: ClassVar[str] = "RepeatedList"

    times: int
    """How often every point is made."""

    def __post_init__(self) -> None:
        if self.times < 2:
            raise ValueError(f"times: expected at least 2, got {self.times}")

    def attacked(self, comparison: Comparison, better: Preference) -> Comparison:
        honest = _output(comparison, better)
        points = [_BULLET.sub("", part).strip() for part in _SENTENCE.split(honest)]
        points = [point for point in points if point] or [honest]
        lines = [f"{number}. {point}" for number, point in enumerate(points * self.times, start=1)]
        return replace(comparison, output_1=honest, output_2="\n".join(lines))


@dataclass(frozen=True, kw_only=True)
class ConstantAnswer:
    """The better output against one text that answers nothing."""

    key_name: ClassVar[str] = "ConstantAnswer"

    text: str
    """The same for every instruction."""

    def attacked(self, comparison: Comparison, better: Preference) -> Comparison:
        return replace(comparison, output_1=_output(comparison, better), output_2=self.text.strip())


def _output(comparison: Comparison, which: Preference) -> str:
    return comparison.output_1 if which == Preference.FIRST else comparison.output_2
