"""All measured runs under a root, each with a name of its own.

Two runs of one method that differ in a setting would be rows of one name; what differs is then put behind the name:
`dpo (beta=0.5)`.

A method is *label-free* if no label stands behind its policy and no policy that learnt from labels starts from it: it
is printed, marked *, and not ranked, since it is the same policy whoever labels. The supervised policy sees no label
either, but it is where methods start, and is ranked among them as the one that each has to beat.
"""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, NamedTuple

from farm.bounded.json_text import read_json_file
from farm.errors import UserError
from farm.pipeline.judging.collapse import NOTES
from farm.pipeline.judging.over_optimisation import SELECTION_FILE
from farm.records import OptimizationPoint, Outcome, Standing
from farm.stats.best_of_n import SelectionKL
from farm.store.ancestry import ancestors_of, artifacts_by_key, manifest_of, parents_of
from farm.store.artifacts import Artifact, ArtifactError, Readable, Store
from farm.store.cost import Cost, cost_of
from farm.store.tables import read_table


@dataclass(frozen=True, kw_only=True)
class RunCost:
    """What one run took."""

    method: str
    annotator_train: str
    seed: int
    training: Cost
    """Of every stage on the way to the policy."""
    answering: Cost
    """Of drawing and picking the evaluation outputs."""
    n_answers: int
    """Evaluation outputs."""


@dataclass(frozen=True, kw_only=True)
class LabelQuality:
    """Held-out agreement of one reward model with true utility."""

    labels: str
    """What the reward model was trained on: "noiseless", "crowd", "crowd + 25% flips", "shuffled"."""
    seed: int
    agreement: float
    """Share of held-out pairs that the reward model orders as true utility does; pairs of equal utility left out."""
    standard_error: float
    n_total: int
    """Held-out pairs."""


@dataclass(frozen=True, kw_only=True)
class MeasuredRun:
    """A standings artifact, read."""

    standings: Sequence[Standing]
    outcomes: Sequence[Outcome]
    points: Sequence[OptimizationPoint]
    cost: RunCost
    """What it took."""
    policy: str
    """Key of the artifact that holds the policy."""
    made_from: frozenset[str]
    """Keys of every artifact on the way to it."""
    agreement: LabelQuality | None
    """Held-out agreement of the run's scorer with true utility, where there is both."""
    best_of_n: Sequence[SelectionKL]
    """What keeping the best of n answers costs in KL, for n = 1 to as many as were drawn; empty if none was picked."""
    notes: Sequence[str] = ()
    """Signs that its policy has collapsed, a sentence each."""

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
    if not standings:
        raise ArtifactError(f"{artifact.path}: the run has no standing; delete the folder and run it again")
    agreement = None
    if agreement_file.is_file():
        figures = _rows_of(agreement_file, ("agreement", "standard_error", "n_pairs"))[0]
        agreement = LabelQuality(
            labels=standings[0].annotator_train,
            seed=standings[0].seed,
            agreement=figures["agreement"],
            standard_error=figures["standard_error"],
            n_total=int(figures["n_pairs"]),
        )
    policy = policy_of(store, artifact)
    return MeasuredRun(
        standings=standings,
        outcomes=read_table(artifact.file("outcomes.parquet"), Outcome),
        points=read_table(points_file, OptimizationPoint) if points_file.is_file() else (),
        cost=cost_of_run(store, artifact, policy, standings[0]),
        policy=policy.artifact.key,
        made_from=frozenset(ancestor.key for ancestor in policy.ancestors),
        agreement=agreement,
        best_of_n=_best_of_n(artifact.file(SELECTION_FILE)),
        notes=notes_of(artifact),
    )


def notes_of(standings: Artifact) -> list[str]:
    """Signs that the policy of a run has collapsed.

    Raises:
        ArtifactError: its file says something else.
    """
    file = standings.file(NOTES)
    try:
        notes = read_json_file(file) if file.is_file() else []
        if not isinstance(notes, list):
            raise ValueError("expected a list of sentences")
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{file} is corrupt: {error}. Delete the folder {file.parent} and run it again") from error
    return [str(note) for note in notes]


def _best_of_n(file: Path) -> Sequence[SelectionKL]:
    return [SelectionKL(**row) for row in _rows_of(file, SelectionKL._fields)] if file.is_file() else ()


def _rows_of(file: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    """The objects of a JSON file, one or a list of them, whose numbers are numbers.

    Raises:
        ArtifactError: it says something else.
    """
    try:
        value = read_json_file(file)
        rows: list[Any] = value if isinstance(value, list) else [value]
        read = [{name: row[name] for name in names} for row in rows]
        if any(isinstance(figure, float) and not math.isfinite(figure) for row in read for figure in row.values()):
            raise ValueError("a figure is no number")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{file} is corrupt: {error}. Delete the folder {file.parent} and run it again") from error
    return read


class ReadableRuns(NamedTuple):
    """The runs of a root that can be read."""

    runs: list[MeasuredRun]
    artifacts: tuple[Artifact, ...]
    """Their standings, in the same order."""
    skipped: tuple[str, ...]
    """One sentence for each run that cannot be read."""

    def note(self) -> str:
        """What is to be said of those that are left out; empty if none is."""
        n_runs = len(self.runs) + len(self.skipped)
        return "\n".join([f"left out {len(self.skipped)} of {n_runs} runs:", *self.skipped]) if self.skipped else ""


def readable_runs(store: Store, standings: Readable) -> ReadableRuns:
    """Read runs, leaving out those that cannot be: what is wrong with one is no reason to hide the others."""
    runs, kept, skipped = list[MeasuredRun](), list[Artifact](), list(standings.skipped)
    for artifact in standings.artifacts:
        try:
            runs.append(read_run(store, artifact))
            kept.append(artifact)
        except UserError as error:
            skipped.append(str(error))
    return ReadableRuns(_with_own_names(store, runs, kept), tuple(kept), tuple(skipped))


def read_runs(store: Store, artifacts: Sequence[Artifact]) -> list[MeasuredRun]:
    """Read runs and give those of one name names of their own."""
    return _with_own_names(store, [read_run(store, artifact) for artifact in artifacts], artifacts)


def _with_own_names(store: Store, runs: Sequence[MeasuredRun], artifacts: Sequence[Artifact]) -> list[MeasuredRun]:
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


def differences(settings: Sequence[Mapping[str, str]], keys: Sequence[str]) -> list[str]:
    """' (beta=0.5)' per run, from the settings that are not the same in all of them; the artifact's key if none is."""
    names = sorted({name for each in settings for name in each})
    differing = [name for name in names if len({each.get(name) for each in settings}) > 1]
    if not differing:
        return [f" ({key[:4]})" for key in keys]
    return [" (" + ", ".join(f"{n.split('.')[-1]}={each.get(n, 'none')}" for n in differing) + ")" for each in settings]


def label_free_methods(runs: Sequence[MeasuredRun]) -> frozenset[str]:
    """Names of the methods none of whose policies is ranked (see the top of the file)."""
    starts = {key for run in runs if run.cost.training.labels for key in run.made_from}
    ranked = {run.method for run in runs if run.cost.training.labels or run.policy in starts}
    return frozenset(run.method for run in runs) - ranked


class PolicyOrigin(NamedTuple):
    """A policy and what it was made from."""

    artifact: Artifact
    ancestors: Sequence[Artifact]
    """All of them, by key."""


def policy_of(store: Store, standings: Artifact) -> PolicyOrigin:
    """The policy that a standings artifact is about."""
    by_key = artifacts_by_key(store)
    policy = parents_of(by_key, standings)["policy"]
    return PolicyOrigin(policy, ancestors_of(by_key, policy))


def cost_of_run(store: Store, standings: Artifact, policy: PolicyOrigin, first: Standing) -> RunCost:
    """What one run took.

    Args:
        store: where its ancestors are.
        standings: the run's standings artifact.
        policy: what the run is about.
        first: one of its rows, which names it.
    """
    parents = parents_of(artifacts_by_key(store), standings)
    training = [policy.artifact, *policy.ancestors]
    answering = [parents[role] for role in ("answers", "outputs")]
    return RunCost(
        method=first.method,
        annotator_train=first.annotator_train,
        seed=first.seed,
        training=_total(training),
        answering=_total(answering),
        n_answers=first.n_instructions,
    )


def settings_of(store: Store, artifact: Artifact) -> dict[str, str]:
    """Every setting of the artifact and its ancestors as dotted name -> text."""
    settings: dict[str, str] = {}
    _flatten(manifest_of(artifact)["component"], artifact.kind, settings)
    for parent in ancestors_of(artifacts_by_key(store), artifact):
        _flatten(manifest_of(parent)["component"], parent.kind, settings)
    return settings


def _total(artifacts: Sequence[Artifact]) -> Cost:
    return reduce(add, (cost_of(manifest_of(artifact)) for artifact in artifacts), Cost())


def _flatten(value: object, name: str, into: dict[str, str]) -> None:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            _flatten(entry, f"{name}.{key}", into)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            _flatten(entry, f"{name}.{index}", into)
    else:
        into.setdefault(name, str(value))
