"""Annotation tables: recorded verdicts of humans and judges, read from whatever file holds them."""

from pathlib import Path
from typing import Literal

import pandas as pd

from farm.data.annotation_row import AnnotationRow, annotation_frame
from farm.data.files import DataError, read_records
from farm.data.pandalm import TESTSET, read_pandalm


class _HumanRow(AnnotationRow):
    annotator: str = "human"
    annotator_kind: Literal["human", "llm"] = "human"


class _JudgeRow(AnnotationRow):
    annotator_kind: Literal["human", "llm"] = "llm"


def read_annotations(path: Path, *, assumed_kind: Literal["human", "llm"] | None = None) -> pd.DataFrame:
    """Read an annotation table; the format follows from what the path is.

    Args:
        path: a table (.json, .jsonl, .csv, .tsv, .parquet; text also + .gz) with the columns of `AnnotationRow`, e.g.
            an AlpacaEval annotations file; or PandaLM's original folder (or one that has it as `data/`).
        assumed_kind: the annotator kind of rows that do not state it, as AlpacaEval's files never do.

    Returns:
        Columns `ANNOTATION_COLUMNS`; `preference` is 1, 2, 1.5 (tie), between (graded), NaN (unparsed).

    Raises:
        DataError: nothing there, an unknown format, malformed rows, or two verdicts of one annotator on one item.
    """
    if path.name == TESTSET:
        return read_pandalm(path.parent)
    for folder in (path, path / "data"):
        if (folder / TESTSET).is_file():
            return read_pandalm(folder)
    if path.is_dir():
        entries = sorted(entry.name for entry in path.iterdir())[:10]
        raise DataError(
            f"{path}: expected an annotation table or PandaLM's folder with {TESTSET}; this folder holds {entries}"
        )
    schemas: dict[str | None, type[AnnotationRow]] = {None: AnnotationRow, "human": _HumanRow, "llm": _JudgeRow}
    schema = schemas[assumed_kind]
    frame = annotation_frame(read_records(path, schema))
    twice = frame[frame.duplicated(["item_id", "annotator"])]
    if len(twice):
        first = twice.iloc[0]
        raise DataError(
            f"{path}: {len(twice)} verdicts repeat an item and an annotator, first: item {first['item_id']!r}, "
            f"annotator {first['annotator']!r}; expected one verdict each (keep the latest)"
        )
    return frame
