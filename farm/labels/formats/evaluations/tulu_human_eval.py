"""TULU's human evaluation (Wang et al. 2023, "How Far Can Camels Go?", section 5.3), as its interface exports it.

An .xlsx sheet with one row a vote (each output acceptable, yes or no, and a 5-way preference between A and B) and
beside it a .jsonl with the instances. Three traps:

- A and B change places from vote to vote; here output_1 is the first completion of the .jsonl in every row.
- An evaluator may vote again on the same instance; the latest vote counts, as in the authors' script.
- A text that begins with "=" was evaluated as a formula, so the sheet's cell holds an error; texts are the .jsonl's.

The five labels become 1, 1.25, 1.5, 1.75, 2. Evaluators are hashed.
"""

import itertools
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from xml.etree import ElementTree

import openpyxl
import pandas as pd
from pydantic import BeforeValidator, Field

from farm.data.files.rows import DataError, FileRow, Row, check_rows, not_there, read_records
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.identifiers import hashed_name

DATASET = "tulu1_human_eval"
SPREADSHEET_ERRORS = ("#ERROR!", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#N/A", "#NUM!", "#NULL!")

_GRADES = {
    "a-is-better": 1.0,
    "a-is-slightly-better": 1.25,
    "tie": 1.5,
    "b-is-slightly-better": 1.75,
    "b-is-better": 2.0,
}
_UNREADABLE = (
    OSError, KeyError, ValueError, TypeError, AttributeError, IndexError,
    zipfile.BadZipFile, zlib.error, ElementTree.ParseError,
)  # fmt: skip
"""What the spreadsheet library raises on a damaged file, depending on where the damage is."""
_Label = Literal["a-is-better", "a-is-slightly-better", "tie", "b-is-slightly-better", "b-is-better"]
_Answer = Literal["yes", "no"]


def _cell(value: object) -> object:
    """A cell as text: a spreadsheet makes numbers, truth values and dates of texts that look like them."""
    return "" if value is None else str(value)


def _whole(value: object) -> object:
    """Some spreadsheets know no integers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _lower(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.strip().lower() if isinstance(value, str) else value


def _time(value: object) -> object:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else value


class _Vote(FileRow):
    instance_index: Annotated[int, BeforeValidator(_whole)]
    instance_id: Annotated[str, BeforeValidator(_cell)]
    prompt: Annotated[str, BeforeValidator(_cell)]
    model_a: str
    model_b: str
    completion_a: Annotated[str, BeforeValidator(_cell)]
    completion_b: Annotated[str, BeforeValidator(_cell)]
    completion_a_is_acceptable: Annotated[_Answer, BeforeValidator(_lower)]
    completion_b_is_acceptable: Annotated[_Answer, BeforeValidator(_lower)]
    preference: Annotated[_Label, BeforeValidator(_lower)]
    evaluator: Annotated[str, BeforeValidator(_cell), Field(min_length=1)]
    timestamp: Annotated[str, BeforeValidator(_time)]

    @property
    def models(self) -> frozenset[str]:
        return frozenset((self.model_a, self.model_b))


class _Completion(FileRow):
    model: str
    completion: str


class _Instance(FileRow):
    id: str
    prompt: str
    completions: list[_Completion]

    @property
    def models(self) -> frozenset[str]:
        return frozenset(completion.model for completion in self.completions)


class _Pair(NamedTuple):
    """The two outputs of an instance in their one order."""

    instruction: str
    model_1: str
    model_2: str
    output_1: str
    output_2: str


def read_tulu(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - these are people
    """The annotation table of a sheet, or of every sheet in a folder (or in its `data/` or `human_eval/data/`).

    Raises:
        DataError: no sheet, a sheet without the needed columns, labels outside the scale, or a vote on a pair that
            the .jsonl does not have.
    """
    sheets = _sheets(source.path)
    if not sheets:
        raise DataError(f"{source.path}: expected an .xlsx with a row a vote" + _why_none(source.path))
    rows: list[AnnotationRow] = []
    notes: list[str] = []
    for sheet in sheets:
        votes, left_out = _votes(sheet)
        pairs = _pairs(sheet.parent)
        notes += [*left_out, *_evaluated_cells(sheet, votes, pairs)]
        names = _item_ids(votes)
        rows += [_row(sheet, vote, pairs, item) for vote, item in zip(votes, names, strict=True)]
    return annotation_table(rows, notes, where=source.where)


def _why_none(path: Path) -> str:
    return "" if path.exists() else f"; {not_there(path)}"


def _sheets(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    for folder in (path, path / "data", path / "human_eval" / "data"):
        # Excel keeps a lock file ~$name.xlsx beside an open sheet.
        files = sorted(file for file in folder.glob("*.xlsx") if not file.name.startswith("~"))
        if files:
            return files
    return []


def _votes(path: Path) -> tuple[list[_Vote], list[str]]:
    rows = list(_sheet_rows(path))
    votes = [row for row in rows if row.get("preference") is not None or row.get("instance_quality") is None]
    n_feedback = len(rows) - len(votes)
    note = f"{path.name}: {n_feedback} rows are feedback on an instance without a vote and were left out"
    return check_rows(path, votes, _Vote), [note] if n_feedback else []


def _sheet_rows(path: Path) -> Iterator[Row]:
    """Rows of the sheets that have the columns, as named cells; blank lines left out.

    Raises:
        DataError: the file is no spreadsheet or damaged, or no sheet has the columns.
    """
    needed = set(_Vote.model_fields)
    sheets = _sheet_lines(path)
    headers = [[str(name) for name in lines[0] if name is not None] for lines in sheets if lines]
    tables = [lines for lines in sheets if lines and needed <= {str(name) for name in lines[0]}]
    if not tables:
        missing = min((sorted(needed - set(header)) for header in headers), key=len, default=sorted(needed))
        raise DataError(
            f"{path}: no sheet has all columns of TULU's evaluation; missing: {', '.join(missing)} "
            "(save a sheet of your own as .csv)"
        )
    for header, *lines in tables:
        for line in lines:
            if any(value is not None for value in line):
                yield {str(name): value for name, value in zip(header, line, strict=False)}


def _sheet_lines(path: Path) -> Sequence[Sequence[Sequence[object]]]:
    """Every line of every sheet; cells hold what a spreadsheet made of them."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            lines = [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets]
            book.close()
    except _UNREADABLE as error:
        raise DataError(f"{path}: cannot be read as a spreadsheet: {error}") from error
    return lines


def _pairs(folder: Path) -> dict[tuple[str, frozenset[str]], _Pair]:
    """The pairs of the .jsonl beside the sheet by instance and models; empty if there is none."""
    pairs = {}
    for path in sorted(folder.glob("*instances*.jsonl")):
        for number, instance in enumerate(read_records(path, _Instance), start=1):
            if not 2 <= len(instance.models) == len(instance.completions):
                raise DataError(f"{path}: row {number}, field `completions`: expected one each of two or more models")
            for first, second in itertools.combinations(instance.completions, 2):
                pairs[instance.id, frozenset((first.model, second.model))] = _Pair(
                    instance.prompt, first.model, second.model, first.completion, second.completion
                )
    return pairs


def _evaluated_cells(
    path: Path, votes: Sequence[_Vote], pairs: Mapping[tuple[str, frozenset[str]], _Pair]
) -> list[str]:
    """A sentence on the cells whose text is not what the annotators saw."""
    if not pairs:
        cells = [text.strip() for vote in votes for text in (vote.completion_a, vote.completion_b)]
        n_errors = sum(cell in SPREADSHEET_ERRORS or cell == "" for cell in cells)
        lost = f", {n_errors} of them spreadsheet errors or empty" if n_errors else ""
        return [f"{path.name}: no *instances*.jsonl beside it, so the sheet's own texts are taken{lost}"]
    n_other = 0
    for vote in votes:
        pair = pairs.get((vote.instance_id, vote.models))
        if pair is not None:
            texts = {pair.model_1: pair.output_1, pair.model_2: pair.output_2}
            shown = ((vote.model_a, vote.completion_a), (vote.model_b, vote.completion_b))
            n_other += sum(text.split() != texts[model].split() for model, text in shown)
    note = f"{path.name}: {n_other} outputs are not what the .jsonl says (a spreadsheet evaluates a text with '=')"
    return [f"{note}; the .jsonl's are taken"] if n_other else []


def _item_ids(votes: Sequence[_Vote]) -> list[str]:
    """The instance's number in the evaluation; spelt out if numbers mean several pairs."""
    meant = {(vote.instance_index, vote.instance_id, vote.models) for vote in votes}
    if len({index for index, _, _ in meant}) == len(meant):
        return [f"tulu-{vote.instance_index:04d}" for vote in votes]
    return [f"tulu-{vote.instance_id}-{'-'.join(sorted(vote.models))}" for vote in votes]


def _row(path: Path, vote: _Vote, pairs: Mapping[tuple[str, frozenset[str]], _Pair], item: str) -> AnnotationRow:
    pair = pairs.get((vote.instance_id, vote.models))
    if pairs and pair is None:
        raise DataError(
            f"{path}: a vote on {vote.instance_id!r} between {vote.model_a!r} and {vote.model_b!r}, "
            "which the .jsonl beside it does not have"
        )
    shown = _Pair(vote.prompt, vote.model_a, vote.model_b, vote.completion_a, vote.completion_b)
    if pair is None:
        swapped = _Pair(shown.instruction, shown.model_2, shown.model_1, shown.output_2, shown.output_1)
        pair = shown if vote.model_a <= vote.model_b else swapped
    is_ab = pair.model_1 == vote.model_a
    grade = _GRADES[vote.preference]
    acceptable = [vote.completion_a_is_acceptable == "yes", vote.completion_b_is_acceptable == "yes"]
    return AnnotationRow(
        item_id=item,
        dataset=DATASET,
        instruction=pair.instruction,
        model_1=pair.model_1,
        model_2=pair.model_2,
        output_1=pair.output_1,
        output_2=pair.output_2,
        annotator=hashed_name("tulu_human", vote.evaluator),
        annotator_kind="human",
        preference=grade if is_ab else 3 - grade,
        raw_label=vote.preference,
        first_shown=1 if is_ab else 2,
        acceptable_1=acceptable[0] if is_ab else acceptable[1],
        acceptable_2=acceptable[1] if is_ab else acceptable[0],
        labelled_at=vote.timestamp,
    ).read_from(vote.columns)


FORMAT = AnnotationFormat(
    name="tulu_human_eval",
    holds="TULU's human evaluation: an .xlsx of votes, its *instances*.jsonl beside it",
    recognises=lambda source: (
        source.path.suffix.lower() == ".xlsx" if source.path.is_file() else bool(_sheets(source.path))
    ),
    read=read_tulu,
    rule="first_label",
)
