"""Finished runs as entries: the verdicts on each run's outputs, with the style of the texts behind them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from farm.errors import UserError
from farm.leaderboard.collection.answers import is_graded
from farm.leaderboard.collection.style import style_of
from farm.leaderboard.entries import AnswerStyle, Entry, TrackNotes
from farm.leaderboard.verdict_table import REFERENCE_PREFIX, typed
from farm.pipeline.results import MeasuredRun, label_free_methods
from farm.records import Outcome, Output, Standing
from farm.store.ancestry import parents_of
from farm.store.artifacts import Artifact, ArtifactError
from farm.store.tables import read_table


class OfRuns(NamedTuple):
    """What the runs of a root say."""

    entries: list[Entry]
    verdicts: list[pd.DataFrame]
    """`farm.leaderboard.verdict_table`, one table a run."""
    tracks: dict[str, TrackNotes]
    skipped: list[str]
    """One sentence for each run whose texts cannot be read."""


@dataclass(kw_only=True)
class _Texts:
    """Reference outputs and styles, each read and counted once."""

    by_key: Mapping[str, Artifact]
    """All artifacts of the root."""
    references: dict[str, dict[str, Output]] = field(default_factory=dict)
    styles: dict[str, AnswerStyle] = field(default_factory=dict)

    def reference_of(self, dataset: Artifact) -> dict[str, Output]:
        """By instruction."""
        if dataset.key not in self.references:
            rows = read_table(dataset.file("evaluation.parquet"), Output)
            self.references[dataset.key] = {row.instruction_key: row for row in rows}
        return self.references[dataset.key]

    def style_of(self, text: str) -> AnswerStyle:
        if text not in self.styles:
            self.styles[text] = style_of(text)
        return self.styles[text]


def entries_of_runs(
    runs: Sequence[MeasuredRun], artifacts: Sequence[Artifact], by_key: Mapping[str, Artifact]
) -> OfRuns:
    """One entry a run and evaluation annotator; a run whose outputs or dataset cannot be read is left out, and named.

    Args:
        runs: as read, with names of their own.
        artifacts: the standings of each.
        by_key: all artifacts of the root.
    """
    texts, label_free = _Texts(by_key=by_key), label_free_methods(runs)
    entries, tables, writers = list[Entry](), list[pd.DataFrame](), dict[str, set[str]]()
    skipped = list[str]()
    for run, artifact in zip(runs, artifacts, strict=True):
        try:
            reference = texts.reference_of(parents_of(by_key, artifact)["dataset"])
            of_run = [_entry(run, standing, artifact, label_free) for standing in run.standings]
            tables.append(_verdicts(run.outcomes, artifact, reference, texts))
        except UserError as error:
            skipped.append(str(error))
            continue
        entries += of_run
        writers.setdefault(run.standings[0].dataset, set()).update(row.generator for row in reference.values())
    tracks = {
        name: TrackNotes(name=name, title=name, reference=", ".join(sorted(by for by in names if by)))
        for name, names in writers.items()
    }
    return OfRuns(entries, tables, tracks, skipped)


def _entry(run: MeasuredRun, standing: Standing, artifact: Artifact, label_free: Collection[str]) -> Entry:
    return Entry(
        key=artifact.key,
        track=standing.dataset,
        annotator=standing.annotator_eval,
        name=standing.method,
        feedback=standing.annotator_train,
        base=standing.model,
        seed=standing.seed,
        origin="run",
        is_label_free=standing.method in label_free,
        cost_usd=_cost_usd(artifact, standing.annotator_eval),
        notes=tuple(run.notes),
    )


def _cost_usd(artifact: Artifact, annotator: str) -> float | None:
    """What judging cost; answering with a policy of the laboratory costs computing time, which has no price here."""
    file = artifact.file(f"annotations_{annotator}.parquet")
    try:
        costs = pd.read_parquet(file, columns=["cost_usd"])["cost_usd"]
    except (OSError, ValueError, TypeError, NotImplementedError) as error:
        raise ArtifactError(
            f"{file} cannot be read: {str(error).splitlines()[0]}. Delete the folder {artifact.path} and run it again"
        ) from error
    return None if costs.isna().any() else float(costs.sum())


def _verdicts(
    outcomes: Sequence[Outcome],
    artifact: Artifact,
    reference: Mapping[str, Output],
    texts: _Texts,
) -> pd.DataFrame:
    outputs = read_table(parents_of(texts.by_key, artifact)["outputs"].file("outputs.parquet"), Output)
    styles = {output.instruction_key: texts.style_of(output.output) for output in outputs}
    unanswered = next((o.instruction_key for o in outcomes if o.instruction_key not in styles), None)
    if unanswered is not None:
        raise ArtifactError(
            f"{artifact.path}: instruction {unanswered} was judged and not answered; delete the folder and run it again"
        )
    graded = {name for name in {o.annotator_eval for o in outcomes} if is_graded(artifact, name)}
    rows = []
    for outcome in outcomes:
        against = reference.get(outcome.instruction_key)
        row = {
            "key": artifact.key,
            "annotator": outcome.annotator_eval,
            "is_graded": outcome.annotator_eval in graded,
            **vars(outcome),
            **vars(styles[outcome.instruction_key]),
        }
        if against is not None:
            row |= {f"{REFERENCE_PREFIX}{name}": n for name, n in vars(texts.style_of(against.output)).items()}
        rows.append(row)
    return typed(rows)
