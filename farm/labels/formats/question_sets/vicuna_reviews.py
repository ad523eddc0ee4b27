"""Reviews of pairs on Vicuna's 80 questions (Chiang et al. 2023): GPT-4's scores, QLoRA's three classes, FairEval's.

A folder with `question.jsonl`, `answer/answer_<model>.jsonl` and `review/review_<model>_<model>.jsonl`. A review has a
`question_id`, the ids of the two answers in the order they were shown, and a `score`: two numbers from 1 to 10 (the
higher wins; below 0 means unparsed), or one of three classes (1 = the first shown, 2 = the second, 3 = tie). The ids
say who was shown first; files without them (FairEval's own script) say it in their name.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

import pandas as pd
from pydantic import BeforeValidator

from farm.data.files.rows import DataError, FileRow, Row, read_records
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source, first_row
from farm.labels.annotation_table import annotation_table

DATASET = "vicuna_bench_80"
_CATEGORY = re.compile(r"-(generic|coding|math|common-sense|counterfactual|fermi|knowledge|roleplay|writing)$")


def _name(value: object) -> object:
    return None if value is None else str(value)


class _Question(FileRow):
    question_id: int
    text: str


class _Answer(FileRow):
    question_id: int
    answer_id: str
    text: str


class _Review(FileRow):
    question_id: int
    answer1_id: str | None = None
    answer2_id: str | None = None
    score: list[float] | int | None
    reviewer_id: Annotated[str | None, BeforeValidator(_name)] = None
    review_bpc: list[str] | None = None
    """FairEval's script averages over the exchanged order too, if there is something here."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Questions and answers that reviews are about."""

    questions: Mapping[int, str]
    """By question_id, in the order of the file."""
    answers: Mapping[tuple[str, int], str]
    """By model and question_id."""
    models: Mapping[str, str]
    """answer_id -> model, which is what the file of answers is called."""


class Pair(NamedTuple):
    """Two models in an order."""

    first: str
    second: str


def read_bench(folder: Path) -> Bench:
    """Questions and answers of a folder.

    Raises:
        DataError: a file is missing or malformed.
    """
    questions = {row.question_id: row.text for row in read_records(folder / "question.jsonl", _Question)}
    answers: dict[tuple[str, int], str] = {}
    models: dict[str, str] = {}
    for path in sorted((folder / "answer").glob("answer_*.jsonl")):
        model = path.name.removeprefix("answer_").removesuffix(".jsonl")
        for answer in read_records(path, _Answer):
            answers[model, answer.question_id] = answer.text
            models[answer.answer_id] = model
    if not answers:
        raise DataError(f"{folder}: expected answer/answer_<model>.jsonl beside question.jsonl")
    return Bench(questions=questions, answers=answers, models=models)


def bench_folder(path: Path) -> Path | None:
    """The folder with `question.jsonl` and `answer/` that a file of reviews belongs to, if there is one."""
    for folder in (path, *list(path.parents)[:3]):
        if (folder / "question.jsonl").is_file() and (folder / "answer").is_dir():
            return folder
    return None


def review_rows(
    path: Path, bench: Bench, *, item_format: str, orders: dict[frozenset[str], Pair]
) -> list[AnnotationRow]:
    """The verdicts of a file of reviews.

    Args:
        path: the reviews.
        bench: what they are about.
        item_format: the items' names, with `{question}`, `{model_1}`, `{model_2}`.
        orders: which model of a pair is model_1, so that files of both orders meet; pairs not in it are added as the
            file shows them.

    Raises:
        DataError: malformed rows, or an answer or a question that is not there.
    """
    rows = []
    for number, review in enumerate(read_records(path, _Review), start=1):
        shown = _shown(path, number, review, bench)
        model_1, model_2 = orders.setdefault(frozenset(shown), shown)
        missing = [m for m in shown if (m, review.question_id) not in bench.answers]
        if missing or review.question_id not in bench.questions:
            raise DataError(f"{path}: row {number}: no question {review.question_id}, or no answer to it by {missing}")
        grade, scores = _grade(path, number, review)
        is_12 = shown.first == model_1
        first_shown = 0 if review.review_bpc else 1 if is_12 else 2
        rows.append(
            AnnotationRow(
                item_id=item_format.format(question=review.question_id, model_1=model_1, model_2=model_2),
                dataset=DATASET,
                instruction=bench.questions[review.question_id],
                model_1=model_1,
                model_2=model_2,
                output_1=bench.answers[model_1, review.question_id],
                output_2=bench.answers[model_2, review.question_id],
                annotator=_annotator(path, review, bench),
                annotator_kind="llm",
                preference=grade if grade is None or is_12 else 3 - grade,
                raw_label=" ".join(f"{score:g}" for score in scores) if scores else str(review.score),
                first_shown=first_shown,
                score_1=(scores[0] if is_12 else scores[1]) if scores else None,
                score_2=(scores[1] if is_12 else scores[0]) if scores else None,
            ).read_from(review.columns)
        )
    return rows


def _shown(path: Path, number: int, review: _Review, bench: Bench) -> Pair:
    ids = (review.answer1_id, review.answer2_id)
    by_id = [bench.models[answer] for answer in ids if answer is not None and answer in bench.models]
    if len(by_id) == 2:
        return Pair(*by_id)
    named = models_in_name(path, bench)
    if named is None:
        raise DataError(
            f"{path}: row {number}: expected answer ids of the files in answer/, or a name like "
            f"review_<model>_<model>.jsonl with two of {', '.join(sorted(set(bench.models.values())))}"
        )
    return named


def models_in_name(path: Path, bench: Bench) -> Pair | None:
    """The two models that a file is named after, in the order of the name."""
    names = [match[0] for match in _names_in(path, bench)]
    return Pair(names[0], names[1]) if len(names) > 1 and names[0] != names[1] else None


def _names_in(path: Path, bench: Bench) -> list[re.Match[str]]:
    names = sorted(set(bench.models.values()), key=len, reverse=True)
    pattern = "|".join(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])" for name in names)
    return list(re.finditer(pattern, _stem(path)))


def _stem(path: Path) -> str:
    return path.name.split(".json")[0].removesuffix(".txt")


def _grade(path: Path, number: int, review: _Review) -> tuple[float | None, list[float]]:
    """The preference in the order shown, and the two scores if there are."""
    if isinstance(review.score, list) and len(review.score) == 2:
        first, second = review.score
        if min(first, second) < 0:
            return None, review.score
        return 1.5 - 0.5 * ((first > second) - (first < second)), review.score
    if review.score in (1, 2, 3, -1, None):
        return {1: 1.0, 2: 2.0, 3: 1.5, -1: None, None: None}[review.score], []
    raise DataError(
        f"{path}: row {number}, field `score`: expected two scores, or 1, 2 or 3 (tie), got {review.score!r}"
    )


def _annotator(path: Path, review: _Review, bench: Bench) -> str:
    """The reviewer without the category of its prompt; where it has no name, what the file says after the models."""
    if review.reviewer_id is not None and not review.reviewer_id.isdigit():
        kind = "score10" if isinstance(review.score, list) else "threeclass"
        return f"{_CATEGORY.sub('', review.reviewer_id)}/{kind}"
    matches = _names_in(path, bench)
    rest = _stem(path)[matches[1].end() :] if len(matches) > 1 else _stem(path)
    return rest.strip("-_").replace("-reviewer-", "/") or "reviewer"


def read_vicuna_reviews(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - models reviewed
    """The annotation table of a file of reviews, or of all in a folder's `review/`.

    Raises:
        DataError: no reviews, no questions and answers for them, or malformed rows.
    """
    files = review_files(source.path)
    folder = bench_folder(source.path)
    if not files or folder is None:
        raise DataError(
            f"{source.path}: expected review/review_*.jsonl with question.jsonl and answer/answer_<model>.jsonl beside"
        )
    bench = read_bench(folder)
    item_format = "vicuna80-q{question:02d}-{model_1}-vs-{model_2}"
    orders: dict[frozenset[str], Pair] = {}
    rows = [row for path in files for row in review_rows(path, bench, item_format=item_format, orders=orders)]
    return annotation_table(rows, unparsed_notes(rows), where=source.where)


def unparsed_notes(rows: Sequence[AnnotationRow]) -> list[str]:
    """A sentence if verdicts could not be read."""
    n_unparsed = sum(row.preference is None for row in rows)
    return [f"{n_unparsed} of {len(rows)} verdicts are unparsed"] if n_unparsed else []


def review_files(path: Path) -> list[Path]:
    """The file itself, or the reviews of judges in a folder."""
    if path.is_file():
        return [path]
    return sorted(
        file for pattern in ("review/*.json*", "llm_judges/*.json*", "review_*.json*") for file in path.glob(pattern)
    )


def _is_review(source: Source) -> bool:
    if source.path.is_file():
        return _is_review_row(source.first_rows[0])
    return any(_is_review_row(first_row(file)) for file in review_files(source.path)[:1])


def _is_review_row(row: Row) -> bool:
    return {"question_id", "score"} <= set(row) and bool({"answer1_id", "review"} & set(row))


FORMAT = AnnotationFormat(
    name="vicuna_reviews",
    holds="reviews of Vicuna's 80 questions: review/review_*.jsonl with question.jsonl and answer/ beside",
    recognises=_is_review,
    read=read_vicuna_reviews,
)
