"""What a site shows beside the board, out of a root: texts, runs with their lineage, over-optimisation curves."""

from collections.abc import Iterable, Mapping

from farm.leaderboard.answers import EntryAnswer
from farm.leaderboard.collection.answers import answers_of
from farm.leaderboard.collection.everything import Collected
from farm.leaderboard.entries import Entry
from farm.leaderboard.site.inputs import Beside, Curve
from farm.leaderboard.site.runs.lineage import run_record
from farm.records import OptimizationPoint
from farm.store.ancestry import artifacts_by_key
from farm.store.artifacts import Artifact, Store
from farm.store.tables import read_table


def beside_of(store: Store, data: Collected) -> Beside:
    """Everything beside the entries of a root.

    Args:
        store: the root.
        data: what was collected from it.

    Raises:
        ArtifactError: a file behind an entry is damaged.
    """
    by_key = artifacts_by_key(store)
    entries = {(entry.key, entry.annotator): entry for entry in data.entries}
    runs = {entry.key: entry for entry in data.entries if entry.origin == "run"}

    def answers(key: str, annotator: str) -> Iterable[EntryAnswer]:
        return answers_of(store, entries[key, annotator], by_key=by_key)

    return Beside(
        answers=answers,
        runs=tuple(run_record(by_key, by_key[key]) for key in runs),
        curves=_curves(by_key, runs),
    )


def _curves(by_key: Mapping[str, Artifact], runs: Mapping[str, Entry]) -> tuple[Curve, ...]:
    """Of the runs that have one."""
    curves = []
    for key, entry in runs.items():
        file = by_key[key].file("points.parquet")
        points = read_table(file, OptimizationPoint) if file.is_file() else []
        if points:
            curves.append(Curve(method=entry.name, labels=entry.feedback, seed=entry.seed or 0, points=tuple(points)))
    return tuple(curves)
