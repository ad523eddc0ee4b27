"""Recorded annotations by model: a file of AlpacaEval's, or a tree <model>/<annotator>/annotations.json[.gz].

In AlpacaEval output_1 is the reference's and output_2 the model's; where a row names its generators these decide, so
that files with the two the other way round are read as they are meant. A model in its place in a tree is called as its
folder, for some rows still carry a working title; anywhere else it is called as its rows say. Rows are joined by the
text of the instruction, never by their place in the file (AlpacaEval's are in another order in some files).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from farm.data.files.table_files import DataError, is_table, not_there, tables_below
from farm.labels.annotation_source import first_row
from farm.leaderboard.evaluation.recorded_rows import (
    NumberedRow,
    RecordedRow,
    most_common,
    read_recorded_rows,
    refuse_doubled,
    rows_shown,
)
from farm.records import Instruction
from farm.wording import listed

_ANNOTATIONS = re.compile(r"annotations\.json(l|\.gz|\.zst|\.xz|\.bz2)?")
_NEEDED = {"instruction", "output_1", "output_2", "preference"}
NOBODY = "unknown"
"""The annotator of rows that name none."""


@dataclass(frozen=True, kw_only=True)
class RecordedVerdict:
    """What one row says, seen from the model."""

    row: int
    """Of the file, counted from 1."""
    instruction: Instruction
    output: str
    """The model's."""
    reference: str
    score: float | None
    """1 if the model's output is better, 0 if the reference's, 1/2 for a draw, between: graded; None: unparsed."""
    cost_usd: float | None
    reply: str
    """What the judge said, where it was recorded."""


@dataclass(frozen=True, kw_only=True)
class RecordedModel:
    """One model's verdicts by one annotator."""

    path: Path
    """The file that they were read from."""
    name: str
    annotator: str
    reference_name: str
    """Who wrote what it is compared with; empty if nothing says it."""
    verdicts: Sequence[RecordedVerdict]
    notes: Sequence[str]
    """What was read otherwise than it stands there."""

    @property
    def is_graded(self) -> bool:
        """Whether a score lies between loss, draw and win."""
        return any(verdict.score not in (None, 0.0, 0.5, 1.0) for verdict in self.verdicts)


class Recorded(NamedTuple):
    """What a file or folder holds."""

    models: list[RecordedModel]
    """By name."""
    notes: list[str]
    """What was left out."""


def read_recorded(path: Path, *, annotator: str | None, reference_name: str | None, name: str | None) -> Recorded:
    """Every model of a file or folder.

    Args:
        path: a file, or a folder of any depth.
        annotator: whose verdicts count if there are several annotators; others are left out.
        reference_name: who wrote the reference outputs, if the rows name them.
        name: what the one model is called, if somebody says so: its output is that of the generator of this name.

    Raises:
        DataError: nothing there; rows that do not fit; several annotators of which none is `annotator`; several
            references; one model twice.
    """
    files, notes = _files(path)
    models = [
        _oriented(
            path=file,
            name=folder,
            annotator=who,
            rows=rows,
            notes=notes,
            reference_name=reference_name,
            hint=folder or name or "",
        )
        for file in files
        for who, folder, rows, notes in _models_in(file, tree=path if path.is_dir() else None, wanted=annotator)
    ]
    kept = _of_one_annotator(path, models, annotator)
    _refuse_twice(kept)
    _refuse_mixed(kept)
    dropped = sorted({model.name for model in models} - {model.name for model in kept})
    if dropped:
        notes.append(f"left out, for {annotator} judged none of their outputs: {listed(dropped, 10)}")
    return Recorded(sorted(kept, key=lambda model: model.name), notes)


def _files(path: Path) -> tuple[list[Path], list[str]]:
    """The files to read, and what is said of others that look alike."""
    if not path.is_dir() or is_table(path):
        if not is_table(path):
            raise DataError(not_there(path))
        return [path], []
    tables = tables_below(path)
    files = [table for table in tables if _ANNOTATIONS.fullmatch(table.name)]
    alike = [table for table in tables if table not in files and first_row(table).keys() >= _NEEDED]
    others = listed([str(table.relative_to(path)) for table in alike], 5)
    notes = [f"left out, for other files are called annotations.json: {others}"] if files and alike else []
    files = files or alike
    if not files:
        names = listed([str(table.relative_to(path)) for table in tables], 10) or "no table at all"
        raise DataError(
            f"{path}: expected annotations.json, or <model>/<annotator>/annotations.json below it, or tables with the "
            f"columns {', '.join(sorted(_NEEDED))}; it holds {names}"
        )
    return files, notes


_Group = tuple[str, str, Sequence[NumberedRow], list[str]]
"""Annotator, model ("" if nothing says it), its rows, notes."""


def _models_in(file: Path, *, tree: Path | None, wanted: str | None) -> list[_Group]:
    rows = read_recorded_rows(file)
    by_annotator: dict[str, list[NumberedRow]] = {}
    for each in rows:
        by_annotator.setdefault(each.row.annotator or NOBODY, []).append(each)
    if wanted in by_annotator:
        by_annotator = {wanted: by_annotator[wanted]}
    groups: list[_Group] = []
    for annotator, own in by_annotator.items():
        folder = _folder_name(file, annotator, tree)
        if folder is not None and len({row.asked.key for _, row in own}) == len(own):
            groups.append((annotator, folder, own, _renamed(folder, own)))
            continue
        by_models: dict[tuple[str, str], list[NumberedRow]] = {}
        for each in own:
            by_models.setdefault((each.row.generator_1 or "", each.row.generator_2 or ""), []).append(each)
        groups += [(annotator, "", pair, []) for pair in _joined(by_models)]
    return groups


def _joined(by_models: dict[tuple[str, str], list[NumberedRow]]) -> list[list[NumberedRow]]:
    """The rows of each pair of models, in whatever order the two stand."""
    joined: dict[tuple[str, ...], list[NumberedRow]] = {}
    for pair, rows in by_models.items():
        joined.setdefault(tuple(sorted(pair)), []).extend(rows)
    return [sorted(rows, key=lambda each: each.number) for rows in joined.values()]


def _folder_name(file: Path, annotator: str, tree: Path | None) -> str | None:
    """What the place of the file calls its model; None where it is no place of a tree."""
    if not _ANNOTATIONS.fullmatch(file.name):
        return None
    folder = file.absolute().parent
    if folder.name == annotator:
        return folder.parent.name
    return folder.name if tree is not None and folder != tree.absolute() else None


def _renamed(name: str, rows: Sequence[NumberedRow]) -> list[str]:
    said = {row.generator_2 or "" for _, row in rows} | {row.generator_1 or "" for _, row in rows}
    if name in said or said == {""}:
        return []
    written = most_common([row.generator_2 or "" for _, row in rows])
    return [f"{name}: the rows call this model {written!r}; it is named by its folder"]


def _oriented(
    *,
    path: Path,
    name: str,
    annotator: str,
    rows: Sequence[NumberedRow],
    notes: Sequence[str],
    reference_name: str | None,
    hint: str,
) -> RecordedModel:
    """The rows seen from the model, which `hint` may name; raises DataError where rows have other references."""
    pairs = [_generators(row) for _, row in rows]
    reference = reference_name or ""
    if not any(reference in pair for pair in pairs) or not reference:
        first, second = pairs[0]
        reference = second if hint and hint == first and hint != second else first
    odd = [number for number, row in rows if reference not in (row.generator_1 or "", row.generator_2 or "")]
    if odd:
        others = listed(sorted({row.generator_1 or "" for number, row in rows if number in set(odd)}), 5)
        raise DataError(
            f"{path}: {rows_shown(odd)}, field `generator_1`: compared with {others}, and other rows with {reference}; "
            "all rows of a model need one reference"
        )
    swapped = [number for number, row in rows if _generators(row)[0] != reference]
    more = [f"{len(swapped)} rows have the model as output_1; they were turned round"] if swapped else []
    models = [first if first != reference else second for first, second in pairs]
    called = name or most_common(models)
    refuse_doubled(path, rows, called or "the model")
    return RecordedModel(
        path=path,
        name=called,
        annotator=annotator,
        reference_name=reference,
        verdicts=[_verdict(number, row, is_swapped=_generators(row)[0] != reference) for number, row in rows],
        notes=[*notes, *(f"{called}: {note}" for note in more)],
    )


def _generators(row: RecordedRow) -> tuple[str, str]:
    return row.generator_1 or "", row.generator_2 or ""


def _verdict(number: int, row: RecordedRow, *, is_swapped: bool) -> RecordedVerdict:
    outputs = (row.output_1, row.output_2)
    reference, output = outputs[::-1] if is_swapped else outputs
    score = None if row.preference is None else row.preference - 1.0
    return RecordedVerdict(
        row=number,
        instruction=replace(row.asked, dataset=row.dataset or ""),
        output=output,
        reference=reference,
        score=1.0 - score if is_swapped and score is not None else score,
        cost_usd=row.cost_usd,
        reply="" if row.reply is None else str(row.reply),
    )


def _of_one_annotator(path: Path, models: Sequence[RecordedModel], wanted: str | None) -> list[RecordedModel]:
    found = sorted({model.annotator for model in models})
    if wanted in found:
        return [
            replace(model, notes=[*model.notes, *_left_out(model, models)])
            for model in models
            if model.annotator == wanted
        ]
    if len(found) > 1:
        raise DataError(
            f"{path}: field `annotator`: annotations by {listed(found, 10)}, and none by {wanted or 'one alone'}; say "
            f"which count, track.recorded_annotator={found[0]}"
        )
    return list(models)


def _left_out(model: RecordedModel, models: Sequence[RecordedModel]) -> list[str]:
    others = sorted({other.annotator for other in models if other.name == model.name} - {model.annotator})
    return [f"{model.name}: annotations by {listed(others, 5)} were left out"] if others else []


def _refuse_twice(models: Iterable[RecordedModel]) -> None:
    seen: dict[str, RecordedModel] = {}
    for model in models:
        if model.name in seen:
            raise DataError(
                f"{model.path}: annotations of {model.name!r} by {model.annotator}, which {seen[model.name].path} has "
                "too; a model stands on a track once: rename one or leave it out"
            )
        seen[model.name] = model


def _refuse_mixed(models: Sequence[RecordedModel]) -> None:
    """Raise DataError if figures of the models could not stand in one table."""
    by_reference = {model.reference_name: model for model in models}
    if len(by_reference) > 1:
        said = "; ".join(f"{model.path} with {name or 'nobody'}" for name, model in sorted(by_reference.items())[:3])
        raise DataError(f"field `generator_1`: models compared with several references: {said}; evaluate them apart")
    by_grading = {model.is_graded: model for model in models if any(v.score is not None for v in model.verdicts)}
    if len(by_grading) > 1:
        graded, plain = by_grading[True], by_grading[False]
        place = next(v.row for v in graded.verdicts if v.score not in (None, 0.0, 0.5, 1.0))
        raise DataError(
            f"{graded.path}: row {place}, field `preference`: graded, while {plain.path} has only 1, 2 and draws; one "
            "table counts grades or verdicts: evaluate them apart"
        )
