"""The tables of a finished run: what was compared, how it was labelled, and what its policy answered."""

import dataclasses
import logging
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import pandas as pd

from farm.pipeline.results import readable_runs
from farm.records import Annotation, Comparison, Output, Preference
from farm.store.ancestry import ancestors_of, artifacts_by_key, parents_of
from farm.store.artifacts import Artifact, Store
from farm.store.tables import read_table

logger = logging.getLogger(__name__)

RecordT = TypeVar("RecordT", Annotation, Comparison, Output)


class FoundRuns(NamedTuple):
    """Finished runs of one root."""

    store: Store
    """Read-only."""
    artifacts: tuple[Artifact, ...]
    """The standings of each."""


def standings_in(folder: Path) -> FoundRuns:
    """The finished runs of a root, of a sweep's folder under it, or of the folder of one run's standings.

    Args:
        folder: the root of a store; `root/experiments/NAME`; or `root/artifacts/standings/KEY`.
    """
    if (folder / "artifacts").is_dir():
        return _readable(Store(folder, is_read_only=True), None)
    store = Store(folder.resolve().parent.parent, is_read_only=True)
    if folder.resolve().parent.name == "experiments":
        return _readable(store, {path.stem for path in (folder / "jobs").glob("*.json")})
    return _readable(Store(store.root.parent, is_read_only=True), {folder.name})


def _readable(store: Store, keys: Collection[str] | None) -> FoundRuns:
    """Those of the keys, or all; what cannot be read is left out, and said."""
    there = store.readable("standings")
    wanted = tuple(artifact for artifact in there.artifacts if keys is None or artifact.key in keys)
    read = readable_runs(store, there._replace(artifacts=wanted))
    if read.skipped:
        logger.warning("%s", read.note())
    return FoundRuns(store, read.artifacts)


def comparison_table(store: Store, standings: Artifact) -> pd.DataFrame:
    """The comparisons that were labelled for training; no rows if the method learnt from none."""
    compared = [artifact for artifact in _ancestors(store, standings) if artifact.kind == "comparisons"]
    rows = [row for artifact in compared for row in read_table(artifact.file("comparisons.parquet"), Comparison)]
    return _frame(Comparison, rows)


def label_table(store: Store, standings: Artifact) -> pd.DataFrame:
    """The labels for training, each beside what was compared; no rows if the method learnt from none."""
    by_key = artifacts_by_key(store)
    comparisons, annotations = list[Comparison](), list[Annotation]()
    for artifact in ancestors_of(by_key, standings):
        if artifact.kind == "annotations":
            compared = parents_of(by_key, artifact)["comparisons"]
            comparisons += read_table(compared.file("comparisons.parquet"), Comparison)
            annotations += read_table(artifact.file("annotations.parquet"), Annotation)
    return pd.concat([_frame(Comparison, comparisons), _frame(Annotation, annotations)], axis=1)


def output_table(store: Store, standings: Artifact) -> pd.DataFrame:
    """The answers that were judged, one an evaluation instruction."""
    outputs = parents_of(artifacts_by_key(store), standings)["outputs"]
    return _frame(Output, read_table(outputs.file("outputs.parquet"), Output))


def _ancestors(store: Store, standings: Artifact) -> list[Artifact]:
    return ancestors_of(artifacts_by_key(store), standings)


def _frame(record: type[RecordT], rows: Sequence[RecordT]) -> pd.DataFrame:
    names = [field.name for field in dataclasses.fields(record)]
    return pd.DataFrame([[_plain(vars(row)[name]) for name in names] for row in rows], columns=names)


def _plain(value: object) -> object:
    return value.value if isinstance(value, Preference) else value
