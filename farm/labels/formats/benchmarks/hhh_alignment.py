"""Anthropic's HHH alignment evaluation (Askell et al. 2021), in the three forms it is passed around in.

- `source`, `chosen_instruction`, `rejected_instruction`: one judge's prompt filled with each answer (RewardBench's and
  Prometheus' copy); instruction and answer stand under their "###" headings.
- `input`, `targets` with `choices` and `labels` (1 = the better one): the hub's form.
- `examples` with `input` and `target_scores`: BIG-bench's `task.json`, one file a subset.

No order was recorded: the hash of the texts decides which answer becomes output_1.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from farm.data.files.rows import DataError, FileRow, read_bytes, read_records
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source, first_row
from farm.labels.annotation_table import annotation_table
from farm.labels.chosen_rejected import chosen_row

ANNOTATOR = "hhh_gold"
_FILLED = re.compile(
    r"###\s*The instruction to evaluate:\n(?P<instruction>.*?)\n+###\s*Response to evaluate:\n(?P<answer>.*?)"
    r"\n+###\s*(?:Reference Answer|Score Rubric)",
    re.DOTALL,
)


class _Filled(FileRow):
    source: str = ""
    chosen_instruction: str
    rejected_instruction: str


class _Targets(FileRow):
    choices: list[str]
    labels: list[int]


class _Choices(FileRow):
    input: str
    targets: _Targets


class _Scored(FileRow):
    input: str
    target_scores: dict[str, float]


class _Task(FileRow):
    examples: list[_Scored]


class _Chosen(NamedTuple):
    """One pair with its gold label."""

    subset: str
    instruction: str
    chosen: str
    rejected: str
    record: FileRow
    """The row of the file that says so."""


def read_hhh(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - gold labels are people's
    """The annotation table of a file, or of all below a folder.

    Raises:
        DataError: nothing there, malformed rows, or a filled prompt without the two headings.
    """
    files = source.files_with(lambda _, row: _form(row) is not None, holding="the HHH evaluation's files")
    rows: list[AnnotationRow] = []
    n_same = 0
    for file in files:
        for pair in _pairs(file):
            n_same += pair.chosen == pair.rejected
            rows.append(
                chosen_row(
                    instruction=pair.instruction,
                    chosen=pair.chosen,
                    rejected=pair.rejected,
                    dataset=f"hhh_alignment/{pair.subset}",
                    annotator=ANNOTATOR,
                    kind="human",
                ).read_from(pair.record.columns)
            )
    notes = [f"{n_same} pairs have the same answer twice"] if n_same else []
    return annotation_table(rows, notes, where=source.where)


def _form(row: Mapping[str, object]) -> str | None:
    forms = {
        "filled": {"chosen_instruction", "rejected_instruction"},
        "choices": {"input", "targets"},
        "task": {"examples"},
    }
    return next((form for form, names in forms.items() if names <= set(row)), None)


def _pairs(file: Path) -> Iterator[_Chosen]:
    subset = file.parent.name if file.name.startswith("task") else file.name.split(".")[0]
    form = _form(first_row(file))
    if form == "task":
        task = _Task.model_validate_json(read_bytes(file))
        for number, example in enumerate(task.examples, start=1):
            yield _best(file, number, subset, example, example.target_scores)
    elif form == "choices":
        for number, row in enumerate(read_records(file, _Choices), start=1):
            labels = dict(zip(row.targets.choices, row.targets.labels, strict=False))
            yield _best(file, number, subset, row, {choice: float(label) for choice, label in labels.items()})
    else:
        for number, filled in enumerate(read_records(file, _Filled), start=1):
            instruction, chosen = _taken_apart(file, number, "chosen_instruction", filled.chosen_instruction)
            _, rejected = _taken_apart(file, number, "rejected_instruction", filled.rejected_instruction)
            yield _Chosen(filled.source or subset, instruction, chosen, rejected, filled)


def _best(file: Path, number: int, subset: str, asked: _Choices | _Scored, scores: Mapping[str, float]) -> _Chosen:
    ranked = sorted(scores, key=lambda answer: -scores[answer])
    if len(ranked) != 2 or scores[ranked[0]] == scores[ranked[1]]:
        raise DataError(f"{file}: row {number}: expected two answers, one of them marked better, got {len(ranked)}")
    better, worse = ranked
    return _Chosen(subset, asked.input, better, worse, asked)


def _taken_apart(file: Path, number: int, field: str, text: str) -> tuple[str, str]:
    match = _FILLED.search(text)
    if match is None:
        raise DataError(
            f"{file}: row {number}, field `{field}`: expected the headings '###The instruction to evaluate:' and "
            "'###Response to evaluate:'"
        )
    return match["instruction"].strip(), match["answer"].strip()


FORMAT = AnnotationFormat(
    name="hhh_alignment",
    holds="the HHH alignment evaluation: chosen_instruction/rejected_instruction, targets, or BIG-bench's task.json",
    recognises=lambda source: any(_form(row) is not None for row in source.first_rows),
    read=read_hhh,
)
