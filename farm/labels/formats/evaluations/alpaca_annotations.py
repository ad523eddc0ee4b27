"""Annotations of AlpacaFarm (Dubois et al. 2023) and AlpacaEval (Li et al. 2023): files, model folders, result trees.

- AlpacaEval: `results/<model>/<annotator>/annotations.json[.gz]`, rows with `generator_1`, `generator_2`, `annotator`.
  A draw is 0 in old files and 1.5 in newer ones, AlpacaEval 2 has any number from 1 to 2, null is unparsed, and so is
  -1 in its caches. The folder names the model, since some rows still carry a working title.
- Caches `annotations_seed<k>_<configs>.json[.gz]`: one judge with several seeds, one annotator each.
- AlpacaFarm: `alpaca_human_preference.json` (with `raw_preference`, the crowd's four classes), `alpaca_gpt4_...` and
  `alpaca_noisy_multi_...`, which name no annotator; human evaluations and cross-annotations with `annotator_index`. The
  evaluations name one `generator`, of output_2; output_1 is the reference's. Cross-annotations name none; where the
  same texts are in a file that does, its names are theirs too.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pydantic import Field, field_validator

from farm.data.files.rows import DataError, OptionalName, Row, read_bytes, read_records
from farm.labels.annotation_row import AnnotationRow, Name
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table, workers_apart
from farm.labels.identifiers import hashed_name

CROWD = "alpaca_farm_human"
"""The workers of a file that names none."""

_NEEDED = {"instruction", "output_1", "output_2", "preference"}
_TIMED = {"price_per_example", "time_per_example", "raw_completion", "referenced_models", "annotator_index"}
_REFERENCE = "text_davinci_003"
"""Who wrote output_1 of AlpacaFarm's human evaluations, whose rows name only the other model."""
_FAILED = -1
"""What the cache keeps of a reply that could not be parsed."""
_SEED = re.compile(r"annotations_seed(\d+)")
_PREFERENCE_FILE = re.compile(r"alpaca_(\w+)_preference\.")


class _Row(AnnotationRow):
    """The label of a row; who gave it follows from the row or from the file."""

    annotator: Name = ""
    annotator_kind: Kind = "llm"
    annotator_index: int | str | None = None
    generator: OptionalName = None
    raw_preference: float | None = Field(default=None, ge=1, le=4)

    @field_validator("preference", mode="before")
    @classmethod
    def _unless_failed(cls, value: object) -> object:
        return None if value == _FAILED else value


def _is_alpaca_row(path: Path, row: Row) -> bool:
    names = set(row)
    is_named = bool(_SEED.match(path.name) or _PREFERENCE_FILE.match(path.name) or _is_annotations_file(path))
    return (
        names >= _NEEDED and (is_named or bool(names & (_TIMED | {"raw_preference"}))) and "annotator_kind" not in row
    )


def _is_annotations_file(path: Path) -> bool:
    return re.fullmatch(r"annotations\.json(l|\.gz)?", path.name) is not None


def _is_tree(source: Source) -> bool:
    return source.path.is_dir() and any(_is_annotations_file(file) for file in source.tables)


def _is_alpaca(source: Source) -> bool:
    rows = zip(source.tables, source.first_rows, strict=False)
    return any(_is_alpaca_row(path, row) for path, row in rows)


def read_alpaca_annotations(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:
    """The annotation table of a file, of a model's folder or of all below a folder.

    Args:
        source: a file or a folder.
        assumed_kind: the kind of annotators in files that do not tell: neither crowd columns (`raw_preference`,
            `annotator_index`) nor a name of AlpacaEval's or AlpacaFarm's own; such files are llm otherwise.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    if _is_tree(source):
        files = [file for file in source.tables if _is_annotations_file(file)]
    else:
        files = source.files_with(
            _is_alpaca_row, holding="AlpacaEval's <model>/<annotator>/annotations.json or AlpacaFarm's preference files"
        )
    notes = _copies(files)
    texts: dict[str, str] = {}
    rows: list[AnnotationRow] = []
    for file in files:
        read = read_records(file, _Row)
        model = _folder_model(file, read)
        if model is not None:
            notes.append(f"{model}: the rows call this model {read[0].model_2!r}; it is named by its folder")
        rows += [_annotation(row, file, model, texts, assumed_kind) for row in read]
    rows, repeated = workers_apart(_with_models(rows), annotator=CROWD)
    return annotation_table(rows, [*notes, *repeated], where=source.where)


def _annotation(
    row: _Row, file: Path, model: str | None, texts: dict[str, str], assumed_kind: Kind | None
) -> AnnotationRow:
    annotator, kind = _annotator(row, file, assumed_kind)
    raw = row.preference if row.raw_preference is None else row.raw_preference
    return AnnotationRow.model_construct(
        item_id=row.item_id,
        dataset=f"alpaca_eval/{row.dataset}" if row.dataset else "",
        # One copy of the reference's outputs in memory, not one a model.
        instruction=texts.setdefault(row.instruction, row.instruction),
        input=row.input,
        model_1=row.model_1 or (_REFERENCE if row.generator else ""),
        model_2=model or row.model_2 or row.generator or "",
        output_1=texts.setdefault(row.output_1, row.output_1),
        output_2=texts.setdefault(row.output_2, row.output_2),
        annotator=annotator,
        annotator_kind=kind,
        preference=row.preference,
        raw_label=row.raw_label or ("" if raw is None else f"{raw:g}"),
        cost_usd=row.cost_usd,
        latency_seconds=row.latency_seconds,
    ).read_from(row.columns)


def _annotator(row: _Row, file: Path, assumed_kind: Kind | None) -> tuple[str, Kind]:
    if row.annotator_index is not None:
        return hashed_name("alpaca_farm_human", str(row.annotator_index)), "human"
    if row.annotator:
        seed = _SEED.match(file.name)
        stated = row.annotator_kind if "annotator_kind" in row.model_fields_set else None
        # Both write these names for the judges that they ran, even into a folder that somebody reads for its humans.
        known: Kind | None = "llm" if seed or _is_annotations_file(file) else None
        return row.annotator + (f"/seed{seed[1]}" if seed else ""), stated or known or assumed_kind or "llm"
    named = _PREFERENCE_FILE.match(file.name)
    if row.raw_preference is not None or (named and "human" in named[1]):
        return CROWD, "human"
    if named:
        return f"alpaca_farm_{named[1]}", "llm"
    if assumed_kind is None:
        raise DataError(f"{file}: nothing says who labelled; expected a column `annotator` or `annotator_index`")
    return file.name.split(".")[0], assumed_kind


def _folder_model(file: Path, rows: Sequence[_Row]) -> str | None:
    """The model's folder in <model>/<annotator>/annotations.json, if the rows, all of one model, name it otherwise."""
    is_in_place = _is_annotations_file(file) and {row.annotator for row in rows} == {file.parent.name}
    written = {row.model_2 for row in rows}
    return (
        file.parent.parent.name if is_in_place and len(written) == 1 and {file.parent.parent.name} != written else None
    )


def _with_models(rows: Sequence[AnnotationRow]) -> list[AnnotationRow]:
    """Names for pairs without models, from rows on the same texts, if these agree."""
    models_of: dict[tuple[str, str, str], set[tuple[str, str]]] = {}
    for row in rows:
        if row.model_1 and row.model_2:
            texts = (f"{row.instruction}\n\n{row.input or ''}".strip(), row.output_1, row.output_2)
            models_of.setdefault(texts, set()).add((row.model_1, row.model_2))
    named = []
    for row in rows:
        texts = (f"{row.instruction}\n\n{row.input or ''}".strip(), row.output_1, row.output_2)
        models = models_of.get(texts, set())
        if not row.model_1 and not row.model_2 and len(models) == 1:
            ((model_1, model_2),) = models
            row = row.model_copy(update={"model_1": model_1, "model_2": model_2})
        named.append(row)
    return named


def _copies(files: Sequence[Path]) -> list[str]:
    """Sentences about files of several models that are the same byte for byte."""
    same: dict[str, list[str]] = {}
    for file in files:
        if _is_annotations_file(file):
            # A .gz holds the time of packing, so two packings of one file differ.
            digest = hashlib.sha256(read_bytes(file)).hexdigest()
            same.setdefault(digest, []).append(file.parent.parent.name)
    return [
        f"{' and '.join(models)} hold the same annotations byte for byte: one is a copy, so at most one of their "
        "standings is right"
        for models in same.values()
        if len(models) > 1
    ]


ALPACA_EVAL = AnnotationFormat(
    name="alpaca_eval",
    holds="AlpacaEval's annotations: a file, a model's folder, or a tree of <model>/<annotator>/annotations.json[.gz]",
    recognises=_is_tree,
    read=read_alpaca_annotations,
)
ALPACA_FARM = AnnotationFormat(
    name="alpaca_farm",
    holds="AlpacaFarm's preferences or cross-annotations: alpaca_*_preference.json, annotations_seed*.json, ...",
    recognises=_is_alpaca,
    read=read_alpaca_annotations,
)
