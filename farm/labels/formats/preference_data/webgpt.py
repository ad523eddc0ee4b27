"""WebGPT's comparisons (Nakano et al. 2021): people's scores of two answers to a question.

`question` (text, or an object with `full_text` and the `dataset` that it is from), `answer_0`, `answer_1`, `score_0`,
`score_1`: numbers from -1 to 1 that add up to 0, the higher is better, two equal ones are a tie. They grade the
preference: 1.5 - (score_0 - score_1) / 4.

In OpenAI's own comparisons.jsonl a line is a list of two objects, each with `question`, `answer` and `score` (and
`quotes` and `tokens`, which are not read): its first is answer 0.
"""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import BeforeValidator, Field, model_validator

from farm.data.files.cells import decoded_cell
from farm.data.files.rows import FileRow, Row, stream_records
from farm.data.layouts.messages import LayoutError
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table

ANNOTATOR = "webgpt_labelers"
_SIDE = {"question", "answer", "score"}


def _question(value: object) -> object:
    plain = decoded_cell(value)
    return {"full_text": plain} if isinstance(plain, str) else plain


def _number(value: object) -> object:
    """Scores are also written as text."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


class _Question(FileRow):
    full_text: str
    dataset: str | None = ""


def _is_list(row: Row) -> bool:
    """Whether a row is a list of two answers, whose places are its columns."""
    sides = [row.get(place) for place in ("0", "1")]
    return set(row) == {"0", "1"} and all(isinstance(side, dict) and set(side) >= _SIDE for side in sides)


class _Pair(FileRow):
    @model_validator(mode="before")
    @classmethod
    def _of_a_list(cls, row: dict[str, Any]) -> dict[str, Any]:
        if not _is_list(row):
            return row
        columns = {f"{name}_{place}": value for place, side in row.items() for name, value in side.items()}
        if columns["question_0"] != columns["question_1"]:
            raise LayoutError("two answers to one question")
        return {**columns, "question": columns["question_0"]}

    question: Annotated[_Question, BeforeValidator(_question)]
    answer_0: str
    answer_1: str
    score_0: Annotated[float | None, BeforeValidator(_number)] = Field(ge=-1, le=1)
    score_1: Annotated[float | None, BeforeValidator(_number)] = Field(ge=-1, le=1)


def read_webgpt(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - people, as published
    """The annotation table of a file, or of all below a folder.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_pair, holding="question, answer_0, answer_1, score_0 and score_1")
    return annotation_table((_row(pair) for file in files for pair in stream_records(file, _Pair)), where=source.where)


def _row(pair: _Pair) -> AnnotationRow:
    scores = pair.score_0, pair.score_1
    preference = None
    if pair.score_0 is not None and pair.score_1 is not None:
        preference = 1.5 - (pair.score_0 - pair.score_1) / 4
    return AnnotationRow(
        dataset=f"webgpt/{pair.question.dataset}" if pair.question.dataset else "webgpt",
        instruction=pair.question.full_text,
        output_1=pair.answer_0,
        output_2=pair.answer_1,
        annotator=ANNOTATOR,
        annotator_kind="human",
        preference=preference,
        raw_label=" ".join("none" if score is None else f"{score:g}" for score in scores),
        score_1=pair.score_0,
        score_2=pair.score_1,
    ).read_from(pair.columns)


def _is_pair(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    return {"question", "answer_0", "answer_1", "score_0", "score_1"} <= set(row) or _is_list(row)


FORMAT = AnnotationFormat(
    name="webgpt",
    holds="WebGPT's comparisons: question, answer_0, answer_1, score_0, score_1",
    recognises=lambda source: any(_is_pair(source.path, row) for row in source.first_rows),
    read=read_webgpt,
)
