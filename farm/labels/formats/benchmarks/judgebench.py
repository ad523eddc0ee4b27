"""JudgeBench (Tan et al. 2024, arXiv 2410.12784): pairs of answers of which one is objectively right.

`question`, `response_A`, `response_B`, `label` ("A>B" or "B>A"), `source` and `response_model`, the one model that
wrote both answers: nothing follows about models, and none is named. The labels are by the annotator `judgebench_gold`.

Files of the benchmark's outputs (`...,judge_name=arena_hard,judge_model=gpt-4o.jsonl`) have the decisions of a judge
beside them: `judgments`, the first of which saw response_A first and the second, where there is one, response_B, which
it calls A. A decision other than A>B, B>A and A=B is unparsed.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from farm.data.files.rows import FileRow, OptionalName, Row, stream_records
from farm.labels.annotation_row import AnnotationRow, Name
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table

GOLD = "judgebench_gold"
_PREFERENCES = {"A>B": 1.0, "B>A": 2.0, "A=B": 1.5}


_JUDGE_IN_NAME = re.compile(r"judge_name=(?P<name>[^,]+)(?:,judge_model=(?P<model>.+?))?(?=\.jsonl|,|$)")
_JUDGE = "judgebench_judge"


class _Judgment(FileRow):
    decision: str | None = None
    judgment: object = None


class _Pair(FileRow):
    pair_id: Name = ""
    source: str | None = ""
    question: str
    response_A: str  # noqa: N815 - the columns' names
    response_B: str  # noqa: N815
    label: Literal["A>B", "B>A", "A=B"]
    judge_name: OptionalName = ""
    judgments: Annotated[list[_Judgment] | None, Field(max_length=2)] = None


def read_judgebench(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - gold labels
    """The annotation table of a file, or of all below a folder: the benchmark's labels once a pair, judges' decisions.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_pair, holding="question, response_A, response_B and label")
    return annotation_table(_rows(files), where=source.where)


def _rows(files: Sequence[Path]) -> Iterator[AnnotationRow]:
    seen: set[tuple[str, str, str]] = set()
    for file in files:
        for pair in stream_records(file, _Pair):
            texts = pair.question, pair.response_A, pair.response_B
            if texts not in seen:  # every judge's file has the label again
                seen.add(texts)
                yield _row(pair, annotator=GOLD, annotator_kind="human", label=pair.label)
            for place, judged in enumerate(pair.judgments or (), start=1):
                yield _row(
                    pair, annotator=_judge(file, pair), annotator_kind="llm", label=judged.decision, first_shown=place
                )


def _row(
    pair: _Pair, *, annotator: str, annotator_kind: Kind, label: str | None, first_shown: int | None = None
) -> AnnotationRow:
    """A label or a decision; one that saw response_B first calls it A."""
    preference = _PREFERENCES.get(label or "")
    return AnnotationRow(
        item_id=f"judgebench-{pair.pair_id}" if pair.pair_id else "",
        dataset=f"judgebench/{pair.source}" if pair.source else "judgebench",
        instruction=pair.question,
        output_1=pair.response_A,
        output_2=pair.response_B,
        annotator=annotator,
        annotator_kind=annotator_kind,
        preference=3 - preference if preference is not None and first_shown == 2 else preference,
        raw_label=label or "",
        first_shown=first_shown,
    ).read_from(pair.columns)


def _judge(file: Path, pair: _Pair) -> str:
    """Who decided, as the file's name says, or the row."""
    named = _JUDGE_IN_NAME.search(file.name)
    parts = [named["name"], named["model"]] if named else [pair.judge_name]
    return " ".join(part for part in parts if part) or _JUDGE


def _is_pair(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    return {"question", "response_A", "response_B", "label"} <= set(row)


FORMAT = AnnotationFormat(
    name="judgebench",
    holds="JudgeBench: question, response_A, response_B, label (A>B or B>A), with judges' decisions (judgments)",
    recognises=lambda source: any(_is_pair(source.path, row) for row in source.first_rows),
    read=read_judgebench,
)
