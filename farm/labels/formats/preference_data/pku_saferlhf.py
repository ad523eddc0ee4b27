"""PKU-SafeRLHF (Ji et al. 2024, arXiv 2406.15513): which of two responses is more helpful, and which is safer.

`prompt`, `response_0`, `response_1`, `better_response_id`, `safer_response_id` (0 or 1), `is_response_0_safe`,
`is_response_1_safe`, and in newer editions `response_0_source`, the model. Helpfulness and safety are two questions, so
they are two formats: `pku_saferlhf` reads who is better, `pku_saferlhf_safety` (to be named) who is safer. Whether a
response is safe by itself stands in `acceptable_1` and `acceptable_2`.
"""

from functools import partial
from pathlib import Path
from typing import Literal

import pandas as pd

from farm.data.files.rows import FileRow, Row, stream_records
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.formats.preference_data.choices import Choice, written

Question = Literal["better", "safer"]


class _Pair(FileRow):
    prompt: str
    response_0: str
    response_1: str
    response_0_source: str | None = ""
    response_1_source: str | None = ""
    is_response_0_safe: bool | None = None
    is_response_1_safe: bool | None = None


class _Better(_Pair):
    better_response_id: Choice | None

    @property
    def choice(self) -> int | None:
        return self.better_response_id


class _Safer(_Pair):
    safer_response_id: Choice | None

    @property
    def choice(self) -> int | None:
        return self.safer_response_id


_SCHEMAS: dict[Question, type[_Better] | type[_Safer]] = {"better": _Better, "safer": _Safer}


def read_pku(source: Source, assumed_kind: Kind | None, *, question: Question) -> pd.DataFrame:  # noqa: ARG001
    """The annotation table of a file, or of all below a folder.

    Args:
        source: a file or a folder.
        assumed_kind: not used: the labels are people's, as published.
        question: which of the two labels is read.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_pair, holding="prompt, response_0, response_1 and better_response_id")
    schema = _SCHEMAS[question]
    return annotation_table(
        (_row(pair, question) for file in files for pair in stream_records(file, schema)), where=source.where
    )


def _row(pair: _Better | _Safer, question: Question) -> AnnotationRow:
    return AnnotationRow(
        dataset=f"pku_saferlhf/{question}",
        instruction=pair.prompt,
        model_1=pair.response_0_source,
        model_2=pair.response_1_source,
        output_1=pair.response_0,
        output_2=pair.response_1,
        annotator=f"pku_annotators_{question}",
        annotator_kind="human",
        preference=None if pair.choice is None else 1.0 + pair.choice,
        raw_label=written(pair.choice),
        acceptable_1=pair.is_response_0_safe,
        acceptable_2=pair.is_response_1_safe,
    ).read_from(pair.columns)


def _is_pair(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    names = set(row)
    return {"prompt", "response_0", "response_1"} <= names and bool(names & {"better_response_id", "safer_response_id"})


FORMAT = AnnotationFormat(
    name="pku_saferlhf",
    holds="PKU-SafeRLHF: prompt, response_0, response_1, better_response_id",
    recognises=lambda source: any(_is_pair(source.path, row) for row in source.first_rows),
    read=partial(read_pku, question="better"),
)
SAFETY = AnnotationFormat(
    name="pku_saferlhf_safety",
    holds="PKU-SafeRLHF by safer_response_id in place of better_response_id (to be named)",
    recognises=lambda source: False,  # noqa: ARG005 - read only where it is asked for
    read=partial(read_pku, question="safer"),
)
