"""Recorded judges: verdicts that somebody gave before, replayed from a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import ClassVar, NamedTuple

import pandas as pd

from farm.calls.request import NO_CALLS, Calls
from farm.data.files.rows import DataError
from farm.judges.parsers.reading import Reading, no_verdict
from farm.judges.spending import verdict_of
from farm.labels.read import read_annotations
from farm.records import Comparison, Preference, Verdict, content_key

_ORDER_SUFFIXES = {1: "/AB", 2: "/BA"}
"""How tables name a judge's verdicts apart that were given with output_1 and with output_2 shown first."""


class _Recorded(NamedTuple):
    """A verdict as it stands in the file."""

    reading: Reading
    """FIRST means the file's output_1."""
    output_1: str
    raw_label: str


@dataclass(frozen=True, kw_only=True)
class RecordedJudge:
    """Replays the verdicts of one annotator of a file (`farm.judges.judge.Judge`).

    A comparison is found by its texts, whichever output the file names first. If the file tells verdicts with either
    output shown first apart (annotators NAME/AB and NAME/BA), the one in the asked order is replayed; else the order
    has no effect. Every sample is the same.
    """

    key_name: ClassVar[str] = "RecordedJudge"

    name: str
    """Name of the annotator in the file."""
    file: Path
    """Anything that `farm.labels.read.read_annotations` reads."""

    def verdicts(
        self,
        comparisons: Sequence[Comparison],
        first_shown: Sequence[int],
        seed: int,  # noqa: ARG002
        *,
        sample: int = 0,  # noqa: ARG002
        calls: Calls = NO_CALLS,  # noqa: ARG002
    ) -> list[Verdict]:
        """The recorded verdicts; a comparison without one is left unparsed.

        Raises:
            DataError: the file cannot be read, or holds no such annotator.
        """
        by_order = self._by_order
        return [
            self._verdict(comparison, by_order[first])
            for comparison, first in zip(comparisons, first_shown, strict=True)
        ]

    def _verdict(self, comparison: Comparison, recorded: Mapping[str, _Recorded]) -> Verdict:
        found = recorded.get(_pair_key(comparison))
        if found is None:
            return verdict_of(no_verdict(f"{self.file.name} has no verdict of {self.name} on this pair"), "", [])
        reading = found.reading.unswapped(1 if found.output_1 == comparison.output_1 else 2)
        return verdict_of(reading, found.raw_label, [])

    @cached_property
    def _by_order(self) -> Mapping[int, Mapping[str, _Recorded]]:
        verdicts = _verdicts_in(self.file)
        split = {first: verdicts.get(f"{self.name}{suffix}") for first, suffix in _ORDER_SUFFIXES.items()}
        whole = verdicts.get(self.name)
        found = {first: of_order or whole for first, of_order in split.items()}
        if found[1] is None or found[2] is None:
            missing = " with both orders" if found[1] or found[2] else ""
            raise DataError(f"{self.file}: no annotator {self.name!r}{missing}; it has {', '.join(sorted(verdicts))}")
        return {first: of_order for first, of_order in found.items() if of_order is not None}


@dataclass(frozen=True, kw_only=True)
class RecordedPanel:
    """The annotators of a file as judges (`farm.judges.judge.Panel`)."""

    key_name: ClassVar[str] = "RecordedPanel"

    file: Path
    """Anything that `farm.labels.read.read_annotations` reads."""
    annotators: tuple[str, ...]
    """Names of those to replay; empty for all. NAME stands for NAME/AB and NAME/BA together."""

    def members(self) -> Sequence[RecordedJudge]:
        """The judges, by name.

        Raises:
            DataError: the file cannot be read.
        """
        names = self.annotators or sorted({_without_order(name) for name in _verdicts_in(self.file)})
        return [RecordedJudge(name=name, file=self.file) for name in names]


def _without_order(name: str) -> str:
    return name.removesuffix(_ORDER_SUFFIXES[1]).removesuffix(_ORDER_SUFFIXES[2])


@lru_cache(maxsize=8)
def _verdicts_in(file: Path) -> Mapping[str, Mapping[str, _Recorded]]:
    """For each annotator of a file its verdicts by pair; the first one where a pair has several items."""
    frame = read_annotations(file, assumed_kind="llm")
    return {str(name): _by_pair(rows) for name, rows in frame.groupby("annotator", sort=True)}


def _by_pair(rows: pd.DataFrame) -> dict[str, _Recorded]:
    names = ["instruction", "input", "output_1", "output_2", "preference", "raw_label"]
    found: dict[str, _Recorded] = {}
    for instruction, context, output_1, output_2, value, raw_label in zip(*(rows[n] for n in names), strict=True):
        pair = Comparison(instruction=instruction, input=context, output_1=output_1, output_2=output_2)
        found.setdefault(_pair_key(pair), _Recorded(_reading(float(value)), output_1, raw_label))
    return found


def _reading(value: float) -> Reading:
    """Of a recorded preference from 1 to 2; between 1, 1.5 and 2 it is a soft verdict."""
    if value != value:
        return no_verdict("the file holds no verdict on this pair")
    hard = Preference(1.5 + 0.5 * ((value > 1.5) - (value < 1.5)))
    return Reading(hard, None if value == hard.value else 2.0 - value)


def _pair_key(comparison: Comparison) -> str:
    """The pair's texts in any order; an input counts as one with the instruction, as AlpacaEval's files merge them."""
    merged = " ".join(f"{comparison.instruction}\n\n{comparison.input}".casefold().split())
    return content_key(merged, *sorted((comparison.output_1, comparison.output_2)))
