"""Replays verdicts: those that came with a dataset, or those of a file."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from farm.annotators.annotator import Annotator, ShownOrders
from farm.calls.request import Calls
from farm.data.files.column_mapping import OWN_NAMES, ColumnMapping
from farm.judges.judge import Judge
from farm.labels.matched import rows_of_annotator
from farm.labels.replay import RecordedVerdicts, recorded_table, recorded_verdicts
from farm.labels.row_filter import check_condition
from farm.records import Annotation, Comparison


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
    annotator_in_file: str | None = None
    """Whose verdicts are replayed; None if the file holds one annotator only. Those of a judge that saw pairs in both
    orders are the mean of the two; NAME/AB (output_1 first) or NAME/BA is one order."""
    columns: ColumnMapping = field(default=OWN_NAMES, metadata={"in_key": "unless_default"})
    """What the file calls its columns, where it has a layout of its own."""
    where: str | None = field(default=None, metadata={"in_key": "unless_default"})
    """Which rows of the file count: a condition on its columns; None for all."""

    def __post_init__(self) -> None:
        check_condition("where", self.where)
        if self.where is not None and self.file is None:
            raise ValueError("where: is about annotator.file; dataset.where is about labels that come with the dataset")

    def judges(self) -> Sequence[Judge]:
        return ()

    def each_judge(self) -> Sequence[Annotator]:
        return ()

    def shown_orders(self, *, with_noise: bool) -> ShownOrders:  # noqa: ARG002
        return "recorded"

    def annotate(
        self,
        comparisons: Sequence[Comparison],
        recorded: Sequence[Annotation],
        seed: int,  # noqa: ARG002
        *,
        with_noise: bool,  # noqa: ARG002
        first_shown: int | None = None,  # noqa: ARG002
        calls: Calls,  # noqa: ARG002
    ) -> list[Annotation]:
        """The recorded annotation of each comparison, whichever of the two outputs the record names first.

        Raises:
            UserError: the file cannot be read, or holds several annotators and `annotator_in_file` names none of them.
        """
        if self.file is not None:
            verdicts = _verdicts_of(self.file, self.annotator_in_file, self.columns, self.where)
            return [
                replace(verdicts.on(comparison, None) or self._missing(comparison), annotator=self.name)
                for comparison in comparisons
            ]
        given = {annotation.comparison_key: annotation for annotation in recorded}
        return [given.get(comparison.key) or self._missing(comparison) for comparison in comparisons]

    def _missing(self, comparison: Comparison) -> Annotation:
        return Annotation(
            comparison_key=comparison.key,
            annotator=self.name,
            judge="",
            first_shown=0,
            clean_preference=None,
            preference=None,
            is_noised=False,
            unparsed_reason="no recorded verdict for this comparison",
        )


@lru_cache(maxsize=8)
def _verdicts_of(file: Path, annotator: str | None, columns: ColumnMapping, where: str | None) -> RecordedVerdicts:
    table = recorded_table(file, columns, where)
    rows = rows_of_annotator(table, annotator, role=str(file), setting="annotator.annotator_in_file")
    return recorded_verdicts(rows)
