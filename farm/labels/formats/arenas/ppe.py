"""PPE's human preferences (Frick et al. 2024, arXiv 2410.14872): votes of Chatbot Arena's users on two responses.

`prompt`, `response_1`, `response_2`, `model_a` (who wrote response_1), `model_b`, `winner` ("model_a", "model_b",
"tie", "tie (bothbad)"). Every battle is an item of its own; response_1 stood on the left.
"""

from pathlib import Path

import pandas as pd

from farm.data.files.rows import FileRow, Row, stream_records
from farm.labels.annotation_row import AnnotationRow, Name
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.formats.arenas.battles import WINNERS, Winner

ANNOTATOR = "arena_user"


class _Battle(FileRow):
    question_id: Name = ""
    prompt: str
    response_1: str
    response_2: str
    model_a: Name
    model_b: Name
    winner: Winner


def read_ppe(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - people, as published
    """The annotation table of a file of battles, or of all below a folder.

    Raises:
        DataError: nothing there, malformed rows, or an unknown winner.
    """
    files = source.files_with(_is_battle, holding="prompt, response_1, response_2, model_a, model_b and winner")
    return annotation_table(
        (_row(battle) for file in files for battle in stream_records(file, _Battle)), where=source.where
    )


def _row(battle: _Battle) -> AnnotationRow:
    return AnnotationRow(
        item_id=f"ppe-{battle.question_id}" if battle.question_id else "",
        dataset="ppe_human_preference",
        instruction=battle.prompt,
        model_1=battle.model_a,
        model_2=battle.model_b,
        output_1=battle.response_1,
        output_2=battle.response_2,
        annotator=ANNOTATOR,
        annotator_kind="human",
        preference=WINNERS[battle.winner],
        raw_label=battle.winner,
        first_shown=1,
    ).read_from(battle.columns)


def _is_battle(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    return {"prompt", "response_1", "response_2", "model_a", "model_b", "winner"} <= set(row)


FORMAT = AnnotationFormat(
    name="ppe",
    holds="PPE's human preferences: prompt, response_1, response_2, model_a, model_b, winner",
    recognises=lambda source: any(_is_battle(source.path, row) for row in source.first_rows),
    read=read_ppe,
    rule="votes",
)
