"""All measured runs under a root, each with a name of its own.

Two runs of one method that differ in a setting would be rows of one name; what differs is then put behind the name:
`dpo (beta=0.5)`.
"""

import dataclasses
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from farm.compare.bars import LabelQuality
from farm.compare.costs import RunCost
from farm.pipeline.ancestry import cost_of_run, differences, settings_of
from farm.pipeline.over_optimisation import SELECTION_FILE
from farm.records import OptimizationPoint, Outcome, Standing
from farm.stats.best_of_n import SelectionKL
from farm.store.artifacts import Artifact, Store
from farm.store.tables import read_table


@dataclass(frozen=True, kw_only=True)
class MeasuredRun:
    """A standings artifact, read."""

    standings: Sequence[Standing]
    outcomes: Sequence[Outcome]
    points: Sequence[OptimizationPoint]
    cost: RunCost
    """What it took."""
    agreement: LabelQuality | None
    """Held-out agreement of the run's scorer with true utility, where there is both."""
    best_of_n: Sequence[SelectionKL]
    """What keeping the best of n answers costs in KL, for n = 1 to as many as were drawn; empty if none was picked."""

    @property
    def method(self) -> str:
        return self.standings[0].method

    @property
    def annotator_train(self) -> str:
        return self.standings[0].annotator_train


def read_run(store: Store, artifact: Artifact) -> MeasuredRun:
    """Everything that a standings artifact and its ancestors say about one run."""
    standings = read_table(artifact.file("standings.parquet"), Standing)
    points_file, agreement_file = artifact.file("points.parquet"), artifact.file("agreement.json")
    agreement = None
    if agreement_file.is_file():
        found = json.loads(agreement_file.read_text())
        agreement = LabelQuality(
            labels=standings[0].annotator_train,
            seed=standings[0].seed,
            agreement=found["agreement"],
            standard_error=found["standard_error"],
            n_total=found["n_pairs"],
        )
    return MeasuredRun(
        standings=standings,
        outcomes=read_table(artifact.file("outcomes.parquet"), Outcome),
        points=read_table(points_file, OptimizationPoint) if points_file.is_file() else (),
        cost=cost_of_run(store, artifact, standings[0]),
        agreement=agreement,
        best_of_n=_best_of_n(artifact.file(SELECTION_FILE)),
    )


def _best_of_n(file: Path) -> Sequence[SelectionKL]:
    return [SelectionKL(**row) for row in json.loads(file.read_text())] if file.is_file() else ()


def read_runs(store: Store, artifacts: Sequence[Artifact]) -> list[MeasuredRun]:
    """Read runs and give those of one name names of their own."""
    runs = [read_run(store, artifact) for artifact in artifacts]
    same_name: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, run in enumerate(runs):
        first = run.standings[0]
        same_name[first.method, first.annotator_train, first.seed, first.dataset, first.model].append(index)
    suffixes: dict[int, str] = {}
    for indices in same_name.values():
        if len(indices) > 1:
            settings = [settings_of(store, artifacts[index]) for index in indices]
            suffixes |= dict(zip(indices, differences(settings, [artifacts[i].key for i in indices]), strict=True))
    return [_renamed(run, suffixes.get(index, "")) for index, run in enumerate(runs)]


def _renamed(run: MeasuredRun, suffix: str) -> MeasuredRun:
    standings = [dataclasses.replace(row, method=row.method + suffix) for row in run.standings]
    cost = dataclasses.replace(run.cost, method=run.cost.method + suffix)
    return dataclasses.replace(run, standings=standings, cost=cost)
