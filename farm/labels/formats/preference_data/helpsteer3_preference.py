"""HelpSteer3-Preference (Wang et al. 2025, arXiv 2505.11475): how much better one of two responses to a chat is.

`context` (messages, the last one the user's), `response1`, `response2`, `overall_preference` from -3 (response 1 is
much better) to 3, the annotators' common verdict. It is kept as a grade, as HelpSteer2's strength is.
"""

from pathlib import Path

import pandas as pd
from pydantic import Field, SkipValidation, field_validator

from farm.data.files.rows import FileRow, Row, stream_records
from farm.data.layouts.asked import instruction_of
from farm.data.layouts.messages import messages_of
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.formats.preference_data.choices import Whole, written
from farm.labels.formats.preference_data.helpsteer2_preference import MAX_STRENGTH, graded
from farm.records import Instruction

ANNOTATOR = "helpsteer3_annotators"


class _Pair(FileRow):
    context: SkipValidation[Instruction]
    response1: str
    response2: str
    overall_preference: Whole | None = Field(ge=-MAX_STRENGTH, le=MAX_STRENGTH)
    domain: str | None = ""

    @field_validator("context", mode="before")
    @classmethod
    def _asked(cls, value: object) -> Instruction:
        messages = messages_of(value)
        if messages is None:
            raise ValueError("messages")
        return instruction_of(messages)


def read_helpsteer3(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - people, as published
    """The annotation table of a file, or of all below a folder.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_pair, holding="context, response1, response2 and overall_preference")
    return annotation_table((_row(pair) for file in files for pair in stream_records(file, _Pair)), where=source.where)


def _row(pair: _Pair) -> AnnotationRow:
    return AnnotationRow(
        dataset=f"helpsteer3/{pair.domain}" if pair.domain else "helpsteer3",
        instruction=pair.context.instruction,
        history=pair.context.history,
        output_1=pair.response1,
        output_2=pair.response2,
        annotator=ANNOTATOR,
        annotator_kind="human",
        preference=graded(pair.overall_preference),
        raw_label=written(pair.overall_preference),
    ).read_from(pair.columns)


def _is_pair(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    return {"context", "response1", "response2", "overall_preference"} <= set(row)


FORMAT = AnnotationFormat(
    name="helpsteer3_preference",
    holds="HelpSteer3-Preference: context, response1, response2, overall_preference (-3 to 3)",
    recognises=lambda source: any(_is_pair(source.path, row) for row in source.first_rows),
    read=read_helpsteer3,
)
