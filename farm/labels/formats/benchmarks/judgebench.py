"""JudgeBench (Tan et al. 2024, arXiv 2410.12784): pairs of answers of which one is objectively right.

`question`, `response_A`, `response_B`, `label` ("A>B" or "B>A"), `source` and `response_model`, the one model that
wrote both answers: nothing follows about models, and none is named. The labels are by the annotator `judgebench_gold`.
Files of the benchmark's outputs have the decisions of a judge beside them (`judgments`), which a note counts and nobody
reads.
"""

from pathlib import Path
from typing import Literal

import pandas as pd

from farm.data.files.rows import FileRow, Row, stream_records
from farm.labels.annotation_row import AnnotationRow, Name
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table

GOLD = "judgebench_gold"
_PREFERENCES = {"A>B": 1.0, "B>A": 2.0, "A=B": 1.5}


class _Pair(FileRow):
    pair_id: Name = ""
    source: str | None = ""
    question: str
    response_A: str  # noqa: N815 - the columns' names
    response_B: str  # noqa: N815
    label: Literal["A>B", "B>A", "A=B"]


def read_judgebench(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - gold labels
    """The annotation table of a file, or of all below a folder.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_pair, holding="question, response_A, response_B and label")
    rows = [_row(pair) for file in files for pair in stream_records(file, _Pair)]
    n_judged = sum(bool(row.columns.get("judgments")) for row in rows)
    note = (
        f"{n_judged} of {len(rows)} rows hold decisions of judges (judgments), which are left out: only the "
        "benchmark's own labels are read"
    )
    return annotation_table(rows, [note] if n_judged else [], where=source.where)


def _row(pair: _Pair) -> AnnotationRow:
    return AnnotationRow(
        item_id=f"judgebench-{pair.pair_id}" if pair.pair_id else "",
        dataset=f"judgebench/{pair.source}" if pair.source else "judgebench",
        instruction=pair.question,
        output_1=pair.response_A,
        output_2=pair.response_B,
        annotator=GOLD,
        annotator_kind="human",
        preference=_PREFERENCES[pair.label],
        raw_label=pair.label,
    ).read_from(pair.columns)


def _is_pair(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    return {"question", "response_A", "response_B", "label"} <= set(row)


FORMAT = AnnotationFormat(
    name="judgebench",
    holds="JudgeBench: question, response_A, response_B, label (A>B or B>A)",
    recognises=lambda source: any(_is_pair(source.path, row) for row in source.first_rows),
    read=read_judgebench,
)
