"""What came of the verdicts of a run's annotators: of those who labelled, selected and judged."""

from collections.abc import Iterable

from farm.annotators.tally import Tally
from farm.records import Annotation
from farm.store.artifacts import StageReport
from farm.store.tables import read_table


def verdict_tallies(reports: Iterable[StageReport]) -> dict[str, Tally]:
    """By annotator, over all artifacts that were made or found; the labels that a dataset brings are nobody's here.

    Args:
        reports: what happened to the artifacts of a run.
    """
    artifacts = {report.artifact.key: report.artifact for report in reports if report.artifact.kind != "dataset"}
    tallies: dict[str, Tally] = {}
    for artifact in artifacts.values():
        for file in sorted(artifact.path.glob("annotations*.parquet")):
            for annotation in read_table(file, Annotation):
                tallies.setdefault(annotation.annotator, Tally()).add([annotation])
    return tallies
