"""Models from outside as artifacts: what `farm evaluate` writes for each, and what the leaderboard reads.

An artifact of kind "submission" holds `entry.json` (the entry, its track), `verdicts.parquet` (its verdicts, see
`farm.leaderboard.verdict_table`) and `answers.parquet` (the texts behind them). The key of the artifact is the key of
the entry; it is not known while the files are written, so that the files leave it empty and the reader fills it in.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from farm.bounded.json_text import read_json, read_json_object
from farm.disk import write_whole
from farm.leaderboard.answers import EntryAnswer, Judgement
from farm.leaderboard.entries import Entry, EntryVerdict, TrackNotes
from farm.leaderboard.plain_records import entry_of, notes_of_track, plain
from farm.leaderboard.verdict_table import COLUMN_TYPES, in_bounds, verdict_table
from farm.store.artifacts import Artifact, ArtifactError

KIND = "submission"
ENTRY_FILE = "entry.json"
VERDICTS_FILE = "verdicts.parquet"
ANSWERS_FILE = "answers.parquet"
_ANSWER_COLUMNS = tuple(field.name for field in dataclasses.fields(EntryAnswer))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Submission:
    """One model on one track, judged by one annotator."""

    entry: Entry
    track: TrackNotes
    verdicts: pd.DataFrame
    """`farm.leaderboard.verdict_table`"""


def write_submission(
    folder: Path,
    entry: Entry,
    track: TrackNotes,
    verdicts: Sequence[EntryVerdict],
    answers: Iterable[EntryAnswer],
) -> None:
    """The three files of a submission; keys in them are left empty."""
    content = {"entry": {**plain(entry), "key": ""}, "track": plain(track)}
    write_whole(folder / ENTRY_FILE, json.dumps(content, sort_keys=True, indent=1, allow_nan=False) + "\n")
    verdict_table(verdicts).assign(key="").to_parquet(folder / VERDICTS_FILE, index=False)
    rows = [{**vars(answer), "key": "", "judgements": _judgements_text(answer)} for answer in answers]
    frame = pd.DataFrame(rows, columns=list(_ANSWER_COLUMNS))
    frame.astype({"is_finished": "bool", "score": "float64"}).to_parquet(folder / ANSWERS_FILE, index=False)


def read_submission(artifact: Artifact) -> Submission:
    """What the artifact says, with its key.

    Raises:
        ArtifactError: a file is damaged.
    """
    try:
        content = read_json_object(artifact.file(ENTRY_FILE))
        entry = dataclasses.replace(entry_of(content["entry"]), key=artifact.key)
        track = notes_of_track(content["track"])
        table = pd.read_parquet(artifact.file(VERDICTS_FILE))
        if list(table.columns) != list(COLUMN_TYPES):
            raise ValueError(f"{VERDICTS_FILE}: expected the columns {list(COLUMN_TYPES)}, found {list(table.columns)}")
        table = in_bounds(table.astype(COLUMN_TYPES))
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise _damaged(artifact, error) from error
    return Submission(entry=entry, track=track, verdicts=table.assign(key=artifact.key))


def read_answers(artifact: Artifact) -> list[EntryAnswer]:
    """The texts of a submission.

    Raises:
        ArtifactError: the file is damaged.
    """
    try:
        frame = pd.read_parquet(artifact.file(ANSWERS_FILE))
        rows = frame[list(_ANSWER_COLUMNS)].astype(object)
        return [_answer(row, artifact.key) for row in rows.where(rows.notna(), None).to_dict("records")]
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise _damaged(artifact, error) from error


def _answer(row: Mapping[Any, Any], key: str) -> EntryAnswer:
    said = read_json(str(row["judgements"]))
    if not isinstance(said, list):
        raise ValueError("judgements: expected a list")
    return EntryAnswer(**{**row, "key": key, "judgements": tuple(Judgement(**each) for each in said)})


def _judgements_text(answer: EntryAnswer) -> str:
    return json.dumps([vars(each) for each in answer.judgements], ensure_ascii=True, allow_nan=False)


def _damaged(artifact: Artifact, error: Exception) -> ArtifactError:
    return ArtifactError(
        f"submission {artifact.key} is damaged: {str(error).splitlines()[0]}. Delete the folder {artifact.path} and "
        "evaluate the model again"
    )
