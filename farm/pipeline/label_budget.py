"""The training annotator in the hands of a method that labels its own samples, with a budget and a memory.

Everything that is labelled is kept in the scratch folder request by request, so that a killed run asks for no label
twice, and ends up in the method's artifact: `comparisons.parquet` and `annotations.parquet`, row by row, and
`labels.json` with the counts of wins, ties and unparsed verdicts.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from farm.annotators.annotator import Annotator
from farm.calls.request import Calls
from farm.errors import UserError
from farm.records import Annotation, Comparison, Preference
from farm.store.cost import Cost, count
from farm.store.tables import read_table, write_table


@dataclass(frozen=True, kw_only=True)
class LabelSource:
    """Who labels while a method trains, and how much; a part of the policy's key."""

    key_name: ClassVar[str] = "LabelSource"

    annotator: Annotator
    """The run's training annotator."""
    budget: int
    """Labels in all: as many as methods get that learn from finished pairs."""


class BudgetedLabels:
    """Labels for one training run (`farm.methods.method.Labeller`)."""

    def __init__(self, source: LabelSource, *, scratch_dir: Path, seed: int, calls: Calls) -> None:
        """Finds what an earlier attempt has had labelled.

        Args:
            source: the annotator and its budget.
            scratch_dir: survives a killed run.
            seed: keys every draw of the annotator, together with the comparison.
            calls: answers the judges' requests to models.
        """
        self._source = source
        self._dir = scratch_dir / "labels"
        self._dir.mkdir(exist_ok=True)
        self._seed = seed
        self._calls = calls
        self._n_labels = {request: len(self._annotations(request)) for request in self._requests()}

    @property
    def budget(self) -> int:
        return self._source.budget

    def label(self, comparisons: Sequence[Comparison], request: int) -> list[Preference | None]:
        if request in self._n_labels and self._comparisons(request) == list(comparisons):
            return [annotation.preference for annotation in self._annotations(request)]
        used = sum(n for other, n in self._n_labels.items() if other != request)
        if used + len(comparisons) > self.budget:
            raise UserError(
                f"{len(comparisons)} labels are asked for, but {used} of the budget of {self.budget} are used; "
                "raise comparisons.n_comparisons for all methods, or let this one ask for fewer"
            )
        annotations = self._source.annotator.annotate(comparisons, [], self._seed, with_noise=True, calls=self._calls)
        if comparisons and all(annotation.preference is None for annotation in annotations):
            raise UserError(
                f"annotator {self._source.annotator.name} has no verdict on any of {len(comparisons)} comparisons of "
                f"fresh answers: {annotations[0].unparsed_reason}"
            )
        count(Cost(labels=len(annotations)))
        self._keep(request, comparisons, annotations)
        return [annotation.preference for annotation in annotations]

    def write(self, output_dir: Path) -> None:
        """Put everything that was labelled into the artifact."""
        requests = self._requests()
        annotations = [annotation for request in requests for annotation in self._annotations(request)]
        compared = [comparison for request in requests for comparison in self._comparisons(request)]
        write_table(output_dir / "comparisons.parquet", compared, Comparison)
        write_table(output_dir / "annotations.parquet", annotations, Annotation)
        verdicts = [annotation.preference for annotation in annotations]
        counts = {
            "budget": self.budget,
            "labels": len(verdicts),
            "first": verdicts.count(Preference.FIRST),
            "second": verdicts.count(Preference.SECOND),
            "ties": verdicts.count(Preference.TIE),
            "unparsed": verdicts.count(None),
        }
        (output_dir / "labels.json").write_text(json.dumps(counts, sort_keys=True, indent=1) + "\n")

    def _keep(self, request: int, comparisons: Sequence[Comparison], annotations: Sequence[Annotation]) -> None:
        """The annotations last: once they are there, so is the request."""
        self._file(request, "annotations").unlink(missing_ok=True)
        write_table(self._file(request, "comparisons"), comparisons, Comparison)
        beside = self._file(request, "annotations").with_suffix(".writing")
        write_table(beside, annotations, Annotation)
        beside.replace(self._file(request, "annotations"))
        self._n_labels[request] = len(annotations)

    def _requests(self) -> list[int]:
        return sorted(int(file.stem.split("_")[1]) for file in self._dir.glob("annotations_*.parquet"))

    def _comparisons(self, request: int) -> list[Comparison]:
        return read_table(self._file(request, "comparisons"), Comparison)

    def _annotations(self, request: int) -> list[Annotation]:
        return read_table(self._file(request, "annotations"), Annotation)

    def _file(self, request: int, table: str) -> Path:
        return self._dir / f"{table}_{request:06d}.parquet"
