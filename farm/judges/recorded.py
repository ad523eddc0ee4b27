"""Recorded judges: verdicts that somebody gave before, replayed from a file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from farm.calls.request import Calls
from farm.data.files.column_mapping import OWN_NAMES, ColumnMapping
from farm.data.files.rows import DataError
from farm.labels.presented_orders import one_verdict_each
from farm.labels.replay import RecordedVerdicts, recorded_table, recorded_verdicts
from farm.records import Comparison, Verdict


@dataclass(frozen=True, kw_only=True)
class RecordedJudge:
    """Replays the verdicts of one annotator of a file (`farm.judges.judge.Judge`).

    A comparison is found by its texts, whichever output the file names first. If the annotator judged pairs in both
    orders, the verdict in the asked one is replayed; else the order has no effect. Every sample is the same.
    """

    key_name: ClassVar[str] = "RecordedJudge"

    name: str
    """Name of the annotator in the file; NAME/AB or NAME/BA replays one order of NAME whatever is asked."""
    file: Path
    """Anything that `farm.labels.read.read_annotations` reads."""
    columns: ColumnMapping = field(default=OWN_NAMES, metadata={"in_key": "unless_default"})
    """What the file calls its columns, where it has a layout of its own."""

    def verdicts(
        self,
        comparisons: Sequence[Comparison],
        first_shown: Sequence[int],
        seed: int,  # noqa: ARG002
        *,
        sample: int = 0,  # noqa: ARG002
        calls: Calls,  # noqa: ARG002
    ) -> list[Verdict]:
        """The recorded verdicts; a comparison without one is left unparsed.

        Raises:
            DataError: the file cannot be read, or holds no such annotator.
        """
        recorded = _recorded_by(self.file, self.name, self.columns)
        return [
            self._verdict(comparison, first, recorded)
            for comparison, first in zip(comparisons, first_shown, strict=True)
        ]

    def _verdict(self, comparison: Comparison, first_shown: int, recorded: RecordedVerdicts) -> Verdict:
        annotation = recorded.on(comparison, first_shown)
        if annotation is None:
            reason = f"{self.file.name} has no verdict of {self.name} on this pair"
            return Verdict(preference=None, unparsed_reason=reason)
        return Verdict(
            preference=annotation.preference,
            # Noise on record changes the verdict and not the judge's own probability, which then is of another one.
            p_first=None if annotation.is_noised else annotation.p_first,
            raw_reply=annotation.raw_reply,
            unparsed_reason=annotation.unparsed_reason,
        )


@dataclass(frozen=True, kw_only=True)
class RecordedPanel:
    """The annotators of a file as judges (`farm.judges.judge.Panel`)."""

    key_name: ClassVar[str] = "RecordedPanel"

    file: Path
    """Anything that `farm.labels.read.read_annotations` reads."""
    annotators: tuple[str, ...]
    """Names of those to replay; empty for all."""

    def members(self) -> Sequence[RecordedJudge]:
        """The judges, by name.

        Raises:
            DataError: the file cannot be read.
        """
        names = self.annotators or sorted(set(recorded_table(self.file)["annotator"]))
        return [RecordedJudge(name=name, file=self.file) for name in names]


@lru_cache(maxsize=256)
def _recorded_by(file: Path, name: str, columns: ColumnMapping) -> RecordedVerdicts:
    """What one annotator of a file said.

    Raises:
        DataError: there is no such annotator.
    """
    frame = recorded_table(file, columns)
    known = set(frame["annotator"])
    if name not in known:
        frame = one_verdict_each(frame)
    rows = frame[frame["annotator"] == name]
    if rows.empty:
        raise DataError(f"{file}: no annotator {name!r}; it has {', '.join(sorted(known))}")
    return recorded_verdicts(rows)
