"""Replays verdicts: those that came with a dataset, or those of a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from farm.calls.request import NO_CALLS, Calls
from farm.data.files.rows import DataError
from farm.judges.judge import Judge
from farm.labels.read import read_annotations
from farm.records import Annotation, Comparison, Preference


@dataclass(frozen=True, kw_only=True)
class RecordedAnnotator:
    """Replays verdicts; a comparison without one is left unparsed."""

    key_name: ClassVar[str] = "RecordedAnnotator"

    name: str
    """Stands in every annotation and table."""
    arm: str
    """Annotators of one arm label the same samples."""
    file: Path | None = None
    """A table of verdicts, such as an AlpacaEval annotations file; None for those that came with the comparisons."""
    whose: str | None = None
    """The annotator in the file whose verdicts are replayed; None if it holds one only."""

    def judges(self) -> Sequence[Judge]:
        return ()

    def annotate(
        self,
        comparisons: Sequence[Comparison],
        recorded: Sequence[Annotation],
        seed: int,  # noqa: ARG002
        *,
        with_noise: bool,  # noqa: ARG002
        calls: Calls = NO_CALLS,  # noqa: ARG002
    ) -> list[Annotation]:
        """The recorded annotation of each comparison, whichever of the two outputs the record names first.

        Raises:
            DataError: the file cannot be read, or holds several annotators and `whose` names none of them.
        """
        if self.file is not None:
            by_key = _annotations_of(self.file, self.whose)
            return [
                replace(by_key.get(comparison.key) or self._missing(comparison), annotator=self.name)
                for comparison in comparisons
            ]
        given = {annotation.comparison_key: annotation for annotation in recorded}
        return [given.get(comparison.key) or self._missing(comparison) for comparison in comparisons]

    def _missing(self, comparison: Comparison) -> Annotation:
        return Annotation(
            comparison_key=comparison.key,
            annotator=self.name,
            judge="",
            first_shown=1,
            clean_preference=None,
            preference=None,
            is_noised=False,
            unparsed_reason="no recorded verdict for this comparison",
        )


@lru_cache(maxsize=4)
def _annotations_of(file: Path, whose: str | None) -> Mapping[str, Annotation]:
    """By the key of the comparison, in both orders of its outputs; the first verdict where a pair has several."""
    frame = read_annotations(file, assumed_kind="llm")
    names = sorted(set(frame["annotator"]))
    if whose is None and len(names) > 1:
        raise DataError(f"{file}: it holds verdicts of {', '.join(names)}; say whose with annotator.whose=NAME")
    if whose is not None and whose not in names:
        raise DataError(f"{file}: no verdicts of {whose!r} (annotator.whose); it has those of {', '.join(names)}")
    annotations: dict[str, Annotation] = {}
    columns = ["instruction", "input", "output_1", "output_2", "annotator", "raw_label"]
    rows = frame if whose is None else frame[frame["annotator"] == whose]
    given = rows["preference"]
    clean = rows.get("clean_preference", given)
    soft = rows["p_first"] if "p_first" in rows else [None] * len(rows)
    values = zip(*(map(_number, column) for column in (given, clean, soft)), strict=True)
    for (instruction, context, output_1, output_2, judge, raw), value in zip(
        zip(*(rows[c] for c in columns), strict=True), values, strict=True
    ):
        comparison = Comparison(instruction=instruction, input=context, output_1=output_1, output_2=output_2)
        annotation = _annotation(comparison, judge, raw, value)
        annotations.setdefault(comparison.key, annotation)
        swapped = replace(comparison, output_1=output_2, output_2=output_1)
        annotations.setdefault(swapped.key, _swapped(annotation, swapped))
    return annotations


def _annotation(
    comparison: Comparison, judge: str, raw_label: str, values: tuple[float | None, float | None, float | None]
) -> Annotation:
    """A recorded verdict.

    Args:
        comparison: what it is on.
        judge: whose it is.
        raw_label: in the words of its source.
        values: the preference, 1 to 2; the clean one, without noise; p_first. A clean preference between 1, 1.5 and 2
            is a soft verdict, and on its side of 1.5 a hard one.
    """
    value, clean, p_first = values
    if p_first is None and clean is not None and clean not in (1.0, 1.5, 2.0):
        p_first = 2.0 - clean
    return Annotation(
        comparison_key=comparison.key,
        annotator=judge,
        judge=judge,
        first_shown=1,
        clean_preference=_hard(clean),
        preference=_hard(value),
        is_noised=_hard(clean) is not _hard(value),
        p_first=None if clean is None else p_first,
        raw_reply=raw_label,
        unparsed_reason="" if value is not None else "no verdict in the file",
    )


def _hard(value: float | None) -> Preference | None:
    return None if value is None else Preference(1.5 + 0.5 * ((value > 1.5) - (value < 1.5)))


def _number(value: float | None) -> float | None:
    return None if value is None or value != value else float(value)


def _swapped(annotation: Annotation, comparison: Comparison) -> Annotation:
    return replace(
        annotation,
        comparison_key=comparison.key,
        first_shown=2,
        clean_preference=annotation.clean_preference.swapped if annotation.clean_preference else None,
        preference=annotation.preference.swapped if annotation.preference else None,
        p_first=None if annotation.p_first is None else 1.0 - annotation.p_first,
    )
