"""All that a root says about models: its finished runs, and the models from outside that were evaluated there."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from farm.errors import UserError
from farm.leaderboard.collection.runs import entries_of_runs
from farm.leaderboard.entries import Entry, TrackNotes
from farm.leaderboard.submissions import KIND, Submission, read_submission
from farm.leaderboard.verdict_table import in_order, typed
from farm.pipeline.results import readable_runs
from farm.store.ancestry import artifacts_by_key
from farm.store.artifacts import Store


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What a leaderboard is made from."""

    entries: Sequence[Entry]
    """Ordered by track, annotator, name, feedback, base, seed and key."""
    verdicts: pd.DataFrame
    """Of all entries (`farm.leaderboard.verdict_table`), ordered by entry and instruction."""
    tracks: Mapping[str, TrackNotes]
    """By name, every track that an entry is on."""
    skipped: Sequence[str] = ()
    """One sentence for each run or submission that cannot be read."""


def collect(store: Store) -> Collected:
    """Read the runs and submissions of a root, leaving out what is damaged.

    Raises:
        UserError: two of them claim one place on the leaderboard.
    """
    runs, artifacts, skipped = readable_runs(store, store.readable("standings"))
    of_runs = entries_of_runs(runs, artifacts, artifacts_by_key(store))
    submissions, damaged = _submissions(store)
    tracks = dict(of_runs.tracks)
    for submission in submissions:
        tracks[submission.track.name] = submission.track
    return collected(
        [*of_runs.entries, *(submission.entry for submission in submissions)],
        [*of_runs.verdicts, *(submission.verdicts for submission in submissions)],
        tracks,
        skipped=(*skipped, *of_runs.skipped, *damaged),
    )


def collected(
    entries: Sequence[Entry],
    verdicts: Sequence[pd.DataFrame],
    tracks: Mapping[str, TrackNotes],
    *,
    skipped: Sequence[str] = (),
) -> Collected:
    """Put entries and their verdicts together, in an order that does not depend on how they were found.

    Raises:
        UserError: two entries claim one place, or verdicts do not belong to the entries.
    """
    ordered = sorted(entries, key=place_of)
    for first, second in itertools.pairwise(ordered):
        if place_of(first)[:-1] == place_of(second)[:-1]:
            raise UserError(
                f"two entries for one place, {first.key} and {second.key}: {first.name!r} on track {first.track}, "
                f"judged by {first.annotator}, feedback {first.feedback or 'none'}, seed {first.seed}; the leaderboard "
                "cannot show both: give one another name, or delete it"
            )
    table = in_order(pd.concat(verdicts, ignore_index=True) if verdicts else typed([]))
    known = {(entry.key, entry.annotator) for entry in ordered}
    found = set(table[["key", "annotator"]].drop_duplicates().itertuples(index=False, name=None))
    for odd in sorted(known ^ found):
        what = "has no verdicts" if odd in known else "has verdicts and is not among the entries"
        raise UserError(f"entry {odd[0]}, judged by {odd[1]}, {what}; one of the two files is not of this leaderboard")
    return Collected(entries=tuple(ordered), verdicts=table, tracks=dict(sorted(tracks.items())), skipped=skipped)


def place_of(entry: Entry) -> tuple[str, str, str, str, str, int, str]:
    """What tells an entry from all others; its key comes last."""
    seed = -1 if entry.seed is None else entry.seed
    return entry.track, entry.annotator, entry.name, entry.feedback, entry.base, seed, entry.key


def _submissions(store: Store) -> tuple[list[Submission], list[str]]:
    there = store.readable(KIND)
    read, skipped = list[Submission](), list(there.skipped)
    for artifact in there.artifacts:
        try:
            read.append(read_submission(artifact))
        except UserError as error:
            skipped.append(str(error))
    return read, skipped
