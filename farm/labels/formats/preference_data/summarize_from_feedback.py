"""OpenAI's summarize_from_feedback comparisons (Stiennon et al. 2020): a worker's choice between two summaries.

`info` (a Reddit `post` with `title` and `subreddit`, or a news `article`), `summaries` (two objects with `text` and the
`policy` that wrote it), `choice` (0 or 1), `worker`. Policies are the models, workers are hashed. The instruction is
what the paper's policies were given: subreddit, title and post, then "TL;DR:"; of an article the title and the article.
"""

from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import BeforeValidator, Field

from farm.data.files.rows import FileRow, Row, stream_records
from farm.labels.annotation_row import AnnotationRow, Name
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.formats.preference_data.choices import Choice, written
from farm.labels.identifiers import hashed_name

CROWD = "summarize_worker"


def _text(value: object) -> object:
    return "" if value is None else value


_Text = Annotated[str, BeforeValidator(_text)]


class _Info(FileRow):
    post: _Text = ""
    title: _Text = ""
    subreddit: _Text = ""
    article: _Text = ""

    @property
    def instruction(self) -> str:
        """The query of the paper's table 2, without the parts that the file lacks."""
        parts = (("SUBREDDIT: r/", self.subreddit), ("TITLE: ", self.title), ("POST: ", self.post), ("", self.article))
        return "\n\n".join([*(name + text for name, text in parts if text), "TL;DR:"])


class _Summary(FileRow):
    text: str
    policy: str | None = ""


class _Pair(FileRow):
    info: _Info
    summaries: list[_Summary] = Field(min_length=2, max_length=2)
    choice: Choice | None
    worker: Name | None = None


def read_summarize(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - people, as published
    """The annotation table of a file of comparisons, or of all below a folder.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_pair, holding="comparisons with info, summaries and choice")
    return annotation_table((_row(pair) for file in files for pair in stream_records(file, _Pair)), where=source.where)


def _row(pair: _Pair) -> AnnotationRow:
    first, second = pair.summaries
    return AnnotationRow(
        dataset="summarize_from_feedback",
        instruction=pair.info.instruction,
        model_1=first.policy,
        model_2=second.policy,
        output_1=first.text,
        output_2=second.text,
        annotator=CROWD if pair.worker is None else hashed_name(CROWD, pair.worker),
        annotator_kind="human",
        preference=None if pair.choice is None else 1.0 + pair.choice,
        raw_label=written(pair.choice),
        first_shown=1,
    ).read_from(pair.columns)


def _is_pair(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    return {"info", "summaries", "choice"} <= set(row)


FORMAT = AnnotationFormat(
    name="summarize_from_feedback",
    holds="OpenAI's summarize_from_feedback comparisons: info, summaries, choice, worker",
    recognises=lambda source: any(_is_pair(source.path, row) for row in source.first_rows),
    read=read_summarize,
    rule="votes",
)
