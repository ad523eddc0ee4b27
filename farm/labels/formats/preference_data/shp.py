"""Stanford Human Preferences (Ethayarajh et al. 2022): which of two answers to a post got more votes.

`history` (the post), `human_ref_A`, `human_ref_B`, `labels`: 1 where A is preferred, 0 where B is. The votes themselves
are `score_A` and `score_B`. SHP-2 has the same columns.
"""

from pathlib import Path

import pandas as pd

from farm.data.files.rows import FileRow, Row, stream_records
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.formats.preference_data.choices import Choice, written

ANNOTATOR = "shp_voters"


class _Pair(FileRow):
    history: str
    human_ref_A: str  # noqa: N815 - the columns' names
    human_ref_B: str  # noqa: N815
    labels: Choice | None
    score_A: float | None = None  # noqa: N815
    score_B: float | None = None  # noqa: N815
    domain: str | None = ""


def read_shp(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - people, as published
    """The annotation table of a file, or of all below a folder.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_pair, holding="history, human_ref_A, human_ref_B and labels")
    return annotation_table((_row(pair) for file in files for pair in stream_records(file, _Pair)), where=source.where)


def _row(pair: _Pair) -> AnnotationRow:
    return AnnotationRow(
        dataset=f"shp/{pair.domain}" if pair.domain else "shp",
        instruction=pair.history,
        output_1=pair.human_ref_A,
        output_2=pair.human_ref_B,
        annotator=ANNOTATOR,
        annotator_kind="human",
        preference=None if pair.labels is None else 2.0 - pair.labels,
        raw_label=written(pair.labels),
        score_1=pair.score_A,
        score_2=pair.score_B,
    ).read_from(pair.columns)


def _is_pair(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    return {"history", "human_ref_A", "human_ref_B", "labels"} <= set(row)


FORMAT = AnnotationFormat(
    name="shp",
    holds="Stanford Human Preferences: history, human_ref_A, human_ref_B, labels (1: A is preferred)",
    recognises=lambda source: any(_is_pair(source.path, row) for row in source.first_rows),
    read=read_shp,
)
