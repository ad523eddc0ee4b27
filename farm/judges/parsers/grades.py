"""Grades and scores in a reply; the last one for an output wins, and none outside the scale counts."""

import re
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from farm.calls.request import Reply
from farm.judges.parsers.reading import Reading, compared, excerpt, no_verdict

_NUMBER = r"(?P<number>-?\d+(?:\.\d+)?)(?!\.?\d)(?!\s*(?:to|or|-|\u2013)\s*\d)"
"""A number that is not the beginning of a range."""


class Grade(NamedTuple):
    """A number on the scale, or the reason why there is none."""

    value: float | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class GradeParser:
    """The last number behind a label (here `Grade`): `Grade: 7`, `Grade: [[7]]`, `**Grade:** 7/10`."""

    key_name: ClassVar[str] = "GradeParser"

    label: str
    """What the prompt asks to write before the number."""
    low: float
    """The lowest number of the scale."""
    high: float
    """The highest one."""

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low, high: expected low below high, got {self.low} and {self.high}")

    def grade(self, text: str) -> Grade:
        label = r"\s+".join(re.escape(word) for word in self.label.split())
        # At most a few signs and words between label and number: the next sentence's numbers are not meant.
        pattern = rf"(?i){label}[\s*_`'\":=\[(]*(?:is\s[\s*_`\[(]*)?{_NUMBER}"
        found = [match.group("number") for match in re.finditer(pattern, text)]
        if not found and re.fullmatch(rf"[\s*\[(]*{_NUMBER}[\s*\]).]*(?:/\s*\d+[\s.]*)?", text):
            found = re.findall(r"-?\d+(?:\.\d+)?", text)[:1]  # a bare number is a grade
        if not found:
            return Grade(None, f"no number in the reply (behind {self.label!r}; it says {excerpt(text)})")
        value = float(found[-1])
        if not self.low <= value <= self.high:
            return Grade(
                None, f"a number off the scale ({self.label} {value:g}, expected {self.low:g} to {self.high:g})"
            )
        return Grade(value)


@dataclass(frozen=True, kw_only=True)
class TwoScores:
    """A score for each output in one reply; the higher one wins, equal scores are a tie."""

    key_name: ClassVar[str] = "TwoScores"

    first: GradeParser
    """Score of the output that is shown first."""
    second: GradeParser
    """Score of the other one."""

    @property
    def labels(self) -> tuple[str, ...]:
        return ()

    def readings(self, reply: Reply, n_pairs: int) -> list[Reading]:
        assert n_pairs == 1, "reads the scores of one pair"
        first, second = self.first.grade(reply.text), self.second.grade(reply.text)
        if first.value is None or second.value is None:
            return [no_verdict(first.reason or second.reason)]
        return [compared(first.value, second.value)]
