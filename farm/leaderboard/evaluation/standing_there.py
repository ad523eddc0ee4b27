"""Who is on a track already: win rates and answers of what a root holds."""

import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from farm.errors import UserError
from farm.leaderboard.answers import EntryAnswer
from farm.leaderboard.submissions import KIND, Submission, read_answers
from farm.pipeline.results import readable_runs
from farm.records import Standing
from farm.store.artifacts import Artifact, Store


@dataclass(frozen=True, kw_only=True)
class Table:
    """The models of one track, judged by one annotator."""

    rates: Mapping[str, float]
    """Win rates by name; of a method of the laboratory with its feedback, the mean over seeds."""
    keys: Mapping[str, str]
    """Of the submissions among them, by name."""


def run_standings(store: Store) -> list[Standing]:
    """Of every finished run under a root that can be read."""
    artifacts = store.readable("standings")
    runs = readable_runs(store, artifacts)[0] if artifacts.artifacts else []
    return [standing for run in runs for standing in run.standings]


def table_of(submissions: Sequence[Submission], standings: Sequence[Standing], track: str, annotator: str) -> Table:
    """The models of a track."""
    rates: dict[str, list[float]] = {}
    for standing in standings:
        if (standing.dataset, standing.annotator_eval) == (track, annotator) and standing.win_rate is not None:
            name = f"{standing.method}, labels {standing.annotator_train}, {standing.model}"
            rates.setdefault(name, []).append(standing.win_rate)
    own = [s for s in submissions if (s.entry.track, s.entry.annotator) == (track, annotator)]
    means = {submission.entry.name: submission.verdicts["score"].mean() for submission in own}
    return Table(
        rates={
            **{name: statistics.fmean(values) for name, values in rates.items()},
            **{name: float(mean) for name, mean in means.items() if not pd.isna(mean)},
        },
        keys={submission.entry.name: submission.entry.key for submission in own},
    )


def answers_there(store: Store, table: Table, without: Collection[str]) -> dict[str, list[EntryAnswer]]:
    """Answers of the submissions of a table, by name; what is damaged is left out.

    Args:
        store: where they are.
        table: of the track.
        without: names that are not needed.
    """
    answers = {}
    for name, key in table.keys.items():
        if name in without:
            continue
        try:
            answers[name] = read_answers(Artifact(kind=KIND, key=key, path=store.root / "artifacts" / KIND / key))
        except UserError:
            continue
    return answers
