"""HelpSteer2-Preference (Wang et al. 2024, arXiv 2410.01257): how much better one of two responses is, by people.

`prompt`, `response_1`, `response_2`, `preference_strength` from -3 (response 1 is much better) over 0 (about the same)
to 3 (response 2 is much better). The strength is kept as a grade, 1.5 + strength / 6, and stands in `raw_label`.
"""

from pathlib import Path

import pandas as pd
from pydantic import Field

from farm.data.files.rows import FileRow, Row, stream_records
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.formats.preference_data.choices import Whole, written

ANNOTATOR = "helpsteer2_annotators"
MAX_STRENGTH = 3
"""Of a preference, on either side."""


class _Pair(FileRow):
    prompt: str
    response_1: str
    response_2: str
    preference_strength: Whole | None = Field(ge=-MAX_STRENGTH, le=MAX_STRENGTH)


def graded(strength: int | None) -> float | None:
    """A strength from -3 (the first is much better) to 3 as a preference from 1 to 2; None stays None."""
    return None if strength is None else 1.5 + strength / (2 * MAX_STRENGTH)


def read_helpsteer2(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - people, as published
    """The annotation table of a file, or of all below a folder.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_pair, holding="prompt, response_1, response_2 and preference_strength")
    return annotation_table((_row(pair) for file in files for pair in stream_records(file, _Pair)), where=source.where)


def _row(pair: _Pair) -> AnnotationRow:
    return AnnotationRow(
        dataset="helpsteer2",
        instruction=pair.prompt,
        output_1=pair.response_1,
        output_2=pair.response_2,
        annotator=ANNOTATOR,
        annotator_kind="human",
        preference=graded(pair.preference_strength),
        raw_label=written(pair.preference_strength),
    ).read_from(pair.columns)


def _is_pair(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    return {"prompt", "response_1", "response_2", "preference_strength"} <= set(row)


FORMAT = AnnotationFormat(
    name="helpsteer2_preference",
    holds="HelpSteer2-Preference: prompt, response_1, response_2, preference_strength (-3 to 3)",
    recognises=lambda source: any(_is_pair(source.path, row) for row in source.first_rows),
    read=read_helpsteer2,
)
