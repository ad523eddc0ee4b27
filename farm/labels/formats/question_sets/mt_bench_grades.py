"""MT-Bench's single-answer grades (Zheng et al. 2023), FastChat's `gpt-4_single.jsonl`: one score from 1 to 10 each.

`question_id`, `turn`, `model`, `judge`, `score` (-1: the judge's reply had no rating). Any two models that one judge
graded on the same question and turn are a pair: the higher score wins, equal scores are a tie. A model's mean score,
the benchmark's own figure, is that of its `score_1` and `score_2`. Texts come from `question.jsonl` and
`model_answer/*.jsonl`, beside the file or one level up, where they are.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from pydantic import Field

from farm.data.files.rows import FileRow, Name, Row, stream_records
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.formats.arenas.battles import joined_note
from farm.labels.formats.question_sets.mt_bench import LATER_TURN, JudgeName
from farm.labels.formats.question_sets.question_texts import texts_beside
from farm.labels.formats.ratings.rated_outputs import RatedOutput, rating_rows

UNPARSED = -1
"""The score of a reply without a rating."""


class _Grade(FileRow):
    question_id: int
    turn: int
    model: Name
    judge: JudgeName
    score: float | None = Field(ge=UNPARSED)


def read_grades(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - models graded
    """The annotation table of all pairs of graded answers, in a file or below a folder.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_grade, holding="grades with question_id, turn, model, judge and score")
    notes: list[str] = []
    rows = [row for file in files for row in _rows(file, notes)]
    n_joined = sum(bool(row.output_1) and row.columns.get("turn", 1) != 1 for row in rows)
    notes += joined_note(n_joined, len(rows), LATER_TURN)
    return annotation_table(rows, notes, where=source.where)


def _rows(file: Path, notes: list[str]) -> Iterator[AnnotationRow]:
    texts = texts_beside(file)
    graded: dict[tuple[int, int, str], dict[str, RatedOutput]] = {}
    n_grades = n_unparsed = n_bare = 0
    for grade in stream_records(file, _Grade):
        rating = None if grade.score == UNPARSED else grade.score
        output = texts.answered(grade.model, grade.question_id, grade.turn)
        n_grades, n_unparsed, n_bare = n_grades + 1, n_unparsed + (rating is None), n_bare + (not output)
        # A grade that was given again replaces the one before.
        graded.setdefault((grade.question_id, grade.turn, grade.judge), {})[grade.model] = RatedOutput(
            # Pairs on one question share its answers and are drawn together, so they need one instruction.
            texts.asked(grade.question_id, grade.turn) or f"MT-Bench question {grade.question_id}, turn {grade.turn}",
            output,
            rating,
            grade.model,
            grade.judge,
            "llm",
            f"mt_bench/turn_{grade.turn}",
            grade.columns,
        )
    for (question, turn, _), by_model in graded.items():
        ordered = [by_model[model] for model in sorted(by_model)]
        for row in rating_rows(ordered):
            pair = "-vs-".join(sorted((row.model_1 or "", row.model_2 or "")))
            yield row.model_copy(update={"item_id": f"mt_bench-{question}-{turn}-{pair}"})
    if n_unparsed:
        notes.append(f"{file.name}: {n_unparsed} of {n_grades} grades are unparsed, and so are their pairs")
    if n_bare:
        notes.append(f"{file.name}: {n_bare} of {n_grades} grades come without the texts they are about")


def _is_grade(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    return {"question_id", "turn", "model", "judge", "score"} <= set(row)


FORMAT = AnnotationFormat(
    name="mt_bench_grades",
    holds="MT-Bench's single-answer grades (gpt-4_single.jsonl): question_id, turn, model, judge, score",
    recognises=lambda source: any(_is_grade(source.path, row) for row in source.first_rows),
    read=read_grades,
)
