"""FairEval (Wang et al. 2023): people's consensus on ChatGPT against Vicuna-13B, and judges in both orders.

A folder as `vicuna_reviews` describes it, with `review/review_<model>_<model>_human.txt`: one word a line, in the order
of `question.jsonl`: a model's name in capitals, or TIE. output_1 is the model that the human file names first; judges
that saw the other order are turned around; `first_shown` tells their verdicts in the two orders apart.
"""

import re
from pathlib import Path

import pandas as pd

from farm.data.files.rows import DataError, read_bytes
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.formats.question_sets.vicuna_reviews import (
    DATASET,
    Bench,
    Pair,
    bench_folder,
    models_in_name,
    read_bench,
    review_files,
    review_rows,
    unparsed_notes,
)

ANNOTATOR = "faireval_human_consensus"
HUMAN_FILES = "*_human.txt"

_ALIASES = {"chatgpt": "gpt35"}
"""The paper's word for a model, where the file of answers has another."""


def read_faireval(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - known from the files
    """The annotation table of the human labels, and of the judges' reviews if the path is a folder.

    Raises:
        DataError: nothing there, words that are no model, or another number of lines than questions.
    """
    files = _human_files(source.path)
    folder = bench_folder(source.path)
    if not files or folder is None:
        raise DataError(
            f"{source.path}: expected review/review_<model>_<model>_human.txt, with question.jsonl and "
            "answer/answer_<model>.jsonl beside review/"
        )
    bench = read_bench(folder)
    pairs = {file: _models(file, bench) for file in files}
    items = "faireval-{question:02d}" + ("-{model_1}-vs-{model_2}" if len(files) > 1 else "")
    rows = [row for file, pair in pairs.items() for row in _human_rows(file, pair, bench, items)]
    if source.path.is_dir():
        orders = {frozenset(pair): pair for pair in pairs.values()}
        for file in review_files(source.path):
            reviews = review_rows(file, bench, item_format=items, orders=orders)
            rows += [
                row for row in reviews if frozenset((row.model_1, row.model_2)) in set(map(frozenset, pairs.values()))
            ]
    return annotation_table(rows, unparsed_notes(rows), where=source.where)


def _human_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(file for pattern in (f"review/{HUMAN_FILES}", HUMAN_FILES) for file in path.glob(pattern))


def _models(path: Path, bench: Bench) -> Pair:
    models = models_in_name(path, bench)
    if models is None:
        raise DataError(
            f"{path}: expected a name like review_<model>_<model>_human.txt with two of "
            f"{', '.join(sorted(set(bench.models.values())))}"
        )
    return models


def _human_rows(path: Path, models: Pair, bench: Bench, item_format: str) -> list[AnnotationRow]:
    words = [line.strip() for line in read_bytes(path).decode("utf-8-sig").splitlines() if line.strip()]
    if len(words) != len(bench.questions):
        raise DataError(f"{path}: expected {len(bench.questions)} lines, one a question; got {len(words)}")
    for model in models:
        missing = [question for question in bench.questions if (model, question) not in bench.answers]
        if missing:
            raise DataError(f"{path}: answer_{model}.jsonl has no answer to the questions {missing[:10]}")
    rows = []
    for number, (word, question) in enumerate(zip(words, bench.questions, strict=True), start=1):
        preference = _preference(word, models.first, models.second)
        if preference is None:
            raise DataError(f"{path}: line {number}: expected {models.first}, {models.second} or tie, got {word!r}")
        rows.append(
            AnnotationRow(
                item_id=item_format.format(question=question, model_1=models.first, model_2=models.second),
                dataset=DATASET,
                instruction=bench.questions[question],
                model_1=models.first,
                model_2=models.second,
                output_1=bench.answers[models.first, question],
                output_2=bench.answers[models.second, question],
                annotator=ANNOTATOR,
                annotator_kind="human",
                preference=preference,
                raw_label=word,
            )
        )
    return rows


def _preference(word: str, first: str, second: str) -> float | None:
    plain = _plain(word)
    said = _ALIASES.get(plain, plain)
    return {_plain(first): 1.0, _plain(second): 2.0, "tie": 1.5}.get(said)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _is_faireval(source: Source) -> bool:
    files = _human_files(source.path)
    return bool(files) and all(file.name.endswith(HUMAN_FILES[1:]) for file in files)


FORMAT = AnnotationFormat(
    name="faireval",
    holds="FairEval: review/*_human.txt with question.jsonl and answer/, and the judges' reviews",
    recognises=_is_faireval,
    read=read_faireval,
)
