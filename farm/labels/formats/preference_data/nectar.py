"""Nectar (Zhu et al. 2023): seven answers to a prompt, ranked by GPT-4.

`prompt` (a dialogue as text) and `answers`, objects with `answer`, `model` and `rank` (1 is the best). Every two
answers to a prompt are a pair: the lower rank wins, equal ranks are a tie, a missing rank leaves the pair unparsed.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from farm.data.files.rows import FileRow, OptionalName, Row, stream_records
from farm.data.layouts.asked import AskedRow
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.records import content_key

ANNOTATOR = "nectar_gpt4"


class _Answer(FileRow):
    answer: str
    model: OptionalName = ""
    rank: float | None


class _Ranked(AskedRow):
    answers: list[_Answer]


def read_nectar(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - GPT-4 ranked them
    """The annotation table of all pairs of answers to a prompt, in a file or below a folder.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_ranked, holding="prompt and answers with answer, model and rank")
    return annotation_table((row for file in files for row in _rows(file)), where=source.where)


def _rows(file: Path) -> Iterator[AnnotationRow]:
    stem = file.name.split(".")[0]
    for number, ranked in enumerate(stream_records(file, _Ranked), start=1):
        keys = [content_key(ranked.instruction, answer.answer, answer.model or "") for answer in ranked.answers]
        for place, other in itertools.combinations(range(len(keys)), 2):
            # No order was recorded, and the file lists the best first: the texts decide who is output_1.
            first, second = (place, other) if keys[place] <= keys[other] else (other, place)
            item = f"nectar-{stem}-{number}-{place + 1}-{other + 1}"
            yield _row(ranked, ranked.answers[first], ranked.answers[second], item)


def _row(ranked: _Ranked, first: _Answer, second: _Answer, item: str) -> AnnotationRow:
    preference = None
    if first.rank is not None and second.rank is not None:
        preference = 1.5 + 0.5 * ((first.rank > second.rank) - (first.rank < second.rank))
    return AnnotationRow(
        item_id=item,
        dataset="nectar",
        instruction=ranked.instruction,
        history=ranked.history,
        model_1=first.model,
        model_2=second.model,
        output_1=first.answer,
        output_2=second.answer,
        annotator=ANNOTATOR,
        annotator_kind="llm",
        preference=preference,
        raw_label=" ".join("none" if answer.rank is None else f"{answer.rank:g}" for answer in (first, second)),
    ).read_from(ranked.columns)


def _is_ranked(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    answers = row.get("answers")
    if not isinstance(answers, list) or "prompt" not in row:
        return False
    # A first prompt without answers says what it is by the columns beside.
    if not answers:
        return {"turns", "num_responses"} <= set(row)
    return isinstance(answers[0], dict) and {"answer", "rank"} <= set(answers[0])


FORMAT = AnnotationFormat(
    name="nectar",
    holds="Nectar: prompt and answers, each with answer, model and rank",
    recognises=lambda source: any(_is_ranked(source.path, row) for row in source.first_rows),
    read=read_nectar,
)
