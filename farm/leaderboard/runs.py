"""All measured runs under a root, each with a name of its own.

Two runs of one method that differ in a setting would be rows of one name; what differs is then put behind the name:
`dpo (beta=0.5)`.
"""

import dataclasses
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from farm.compare.bars import LabelQuality
from farm.optimization import SELECTION_FILE
from farm.records import OptimizationPoint, Outcome, Standing, read_table
from farm.stats.selection import SelectionKL
from farm.store import Artifact, Store


@dataclass(frozen=True, kw_only=True)
class MeasuredRun:
    """A standings artifact, read."""

    standings: Sequence[Standing]
    outcomes: Sequence[Outcome]
    points: Sequence[OptimizationPoint]
    agreement: LabelQuality | None
    """Held-out agreement of the run's scorer with true utility, where there is both."""
    selection: Sequence[SelectionKL]
    """What keeping the best of n answers costs in KL, for n = 1 to as many as were drawn; empty if none was picked."""

    @property
    def method(self) -> str:
        return self.standings[0].method

    @property
    def annotator_train(self) -> str:
        return self.standings[0].annotator_train


def read_run(artifact: Artifact) -> MeasuredRun:
    """Everything that a standings artifact says about one run."""
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
        agreement=agreement,
        selection=_selection(artifact.file(SELECTION_FILE)),
    )


def _selection(file: Path) -> Sequence[SelectionKL]:
    return [SelectionKL(**row) for row in json.loads(file.read_text())] if file.is_file() else ()


def read_runs(store: Store, artifacts: Sequence[Artifact]) -> list[MeasuredRun]:
    """Read runs and give those of one name names of their own."""
    runs = [read_run(artifact) for artifact in artifacts]
    same_name: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, run in enumerate(runs):
        first = run.standings[0]
        same_name[first.method, first.annotator_train, first.seed, first.dataset, first.model].append(index)
    suffixes: dict[int, str] = {}
    for indices in same_name.values():
        if len(indices) > 1:
            settings = [_settings(store, artifacts[index]) for index in indices]
            suffixes |= dict(zip(indices, _differences(settings, [artifacts[i].key for i in indices]), strict=True))
    return [_renamed(run, suffixes.get(index, "")) for index, run in enumerate(runs)]


def _renamed(run: MeasuredRun, suffix: str) -> MeasuredRun:
    standings = [dataclasses.replace(row, method=row.method + suffix) for row in run.standings]
    return dataclasses.replace(run, standings=standings)


def _differences(settings: Sequence[Mapping[str, str]], keys: Sequence[str]) -> list[str]:
    """' (beta=0.5)' per run, from the settings that are not the same in all of them; the artifact's key if none is."""
    names = sorted({name for each in settings for name in each})
    differing = [name for name in names if len({each.get(name) for each in settings}) > 1]
    if not differing:
        return [f" ({key[:4]})" for key in keys]
    return [" (" + ", ".join(f"{n.split('.')[-1]}={each.get(n, 'none')}" for n in differing) + ")" for each in settings]


def _settings(store: Store, artifact: Artifact) -> dict[str, str]:
    """Every setting of the artifact and its ancestors as dotted name -> text."""
    found: dict[str, str] = {}
    manifest = json.loads(artifact.file("manifest.json").read_text())
    _flatten(manifest["component"], artifact.kind, found)
    for parent in _ancestors(store, manifest):
        _flatten(json.loads(parent.file("manifest.json").read_text())["component"], parent.kind, found)
    return found


def _ancestors(store: Store, manifest: Mapping[str, Mapping[str, str]]) -> list[Artifact]:
    by_key = {path.name: path for path in (store.root / "artifacts").glob("*/[0-9a-f]*")}
    found: dict[str, Artifact] = {}
    waiting = list(manifest["parents"].values())
    while waiting:
        key = waiting.pop()
        if key in by_key and key not in found:
            found[key] = Artifact(kind=by_key[key].parent.name, key=key, path=by_key[key])
            waiting += json.loads((by_key[key] / "manifest.json").read_text())["parents"].values()
    return [found[key] for key in sorted(found)]


def _flatten(value: object, name: str, into: dict[str, str]) -> None:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            _flatten(entry, f"{name}.{key}", into)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            _flatten(entry, f"{name}.{index}", into)
    else:
        into.setdefault(name, str(value))
