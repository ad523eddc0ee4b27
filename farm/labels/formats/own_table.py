"""A table of one's own: .json, .jsonl, .csv, .tsv or .parquet with the columns of `AnnotationRow`.

AlpacaEval's and the normalised tables' names are understood. Hashed are annotators whose name is a mail address, and
humans whose name is a worker id, or anything but a code such as w3 or a role such as annotator_b.
"""

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import model_validator

from farm.data.files.column_hint import with_hint
from farm.data.files.row_stream import stream_rows
from farm.data.files.rows import DataError, Row, checked_rows, format_of
from farm.data.files.table_files import DELIMITED
from farm.data.layouts.asked import row_with_instruction
from farm.data.layouts.outputs import with_texts
from farm.data.preference_scale import PreferencesSeen
from farm.labels.annotation_row import AnnotationRow, Name
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import NOTES, annotation_table
from farm.labels.identifiers import hashed_name, is_mail, is_pseudonym, is_worker_id
from farm.labels.row_filter import RowFilter

MIN_COPIED = 10
"""Verdicts that two models must have in common, all of them, to be called copies."""

_HARD = (1.0, 1.5, 2.0)
_WHOSE_LABELS = """\
The rows do not say what kind of annotator labelled (annotator_kind). In Python say kind="llm" or kind="human", for
example in farm.read or farm.rank; on the command line give the file as simulated= or humans= of `farm compare`."""


class _Row(AnnotationRow):
    """A row in any layout of farm/data/layouts/."""

    @model_validator(mode="before")
    @classmethod
    def _in_one_layout(cls, row: Row) -> Row:
        return row_with_instruction(with_texts(row, ("output_1", "output_2")))


class _HumanRow(_Row):
    annotator: Name = "human"
    annotator_kind: Kind = "human"


class _JudgeRow(_Row):
    annotator_kind: Kind = "llm"


def read_own_table(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:
    """The annotation table of a file, or of a folder that has exactly one table.

    Args:
        source: a file, or a folder with one.
        assumed_kind: the annotator kind of rows that do not state it, as AlpacaEval's files never do.

    Raises:
        DataError: nothing there, malformed rows, labels outside the scale, or another scale.
    """
    path = _one_file(source)
    return own_table(path, stream_rows(path), assumed_kind, is_text=format_of(path) in DELIMITED, where=source.where)


def own_table(
    path: Path,
    rows: Iterable[Row],
    assumed_kind: Kind | None,
    *,
    is_text: bool = False,
    where: Sequence[RowFilter] = (),
) -> pd.DataFrame:
    """The annotation table of rows that are there already.

    Args:
        path: where they come from, for messages.
        rows: with the columns of `AnnotationRow`.
        assumed_kind: the annotator kind of rows that do not state it.
        is_text: whether every cell is text, as in a CSV file.
        where: filters that leave the rows that count.

    Raises:
        DataError: malformed rows, labels outside the scale, or another scale.
    """
    schemas: dict[str | None, type[AnnotationRow]] = {None: _Row, "human": _HumanRow, "llm": _JudgeRow}
    seen = PreferencesSeen(path)
    rows = iter(rows)
    first = list(itertools.islice(rows, 1))
    checked = checked_rows(path, seen.counted(itertools.chain(first, rows)), schemas[assumed_kind], is_text=is_text)
    people: set[str] = set()
    try:
        frame = annotation_table((_hashed(row, people) for row in checked), where=where)
    except DataError as error:
        seen.refuse_another_scale()
        if assumed_kind is None and not _states_kind(first):
            raise DataError(f"{error}\n{_WHOSE_LABELS}") from error
        message = with_hint(str(error), (name for row in first for name in row))
        if message != str(error):
            raise DataError(message) from error
        raise
    seen.refuse_another_scale()
    hashed = [f"the names of {len(people)} annotators may tell who they are and were hashed"] if people else []
    frame.attrs[NOTES] += [*hashed, *_mixed_scales(frame), *_copies(frame)]
    return frame


def _states_kind(first: Sequence[Row]) -> bool:
    """Whether the first row, if there is one, says who labelled, or is no label at all."""
    return any("annotator_kind" in row or "preference" not in row for row in first)


def _hashed(row: AnnotationRow, people: set[str]) -> AnnotationRow:
    """The row with a name that tells nothing; a name that did is added to `people`."""
    is_person = row.annotator_kind == "human" and (is_worker_id(row.annotator) or not is_pseudonym(row.annotator))
    if not is_person and not is_mail(row.annotator):
        return row
    people.add(row.annotator)
    return row.model_copy(update={"annotator": hashed_name("human", row.annotator)})


def _one_file(source: Source) -> Path:
    if source.is_table:
        return source.path
    if len(source.tables) != 1:
        names = ", ".join(str(file.relative_to(source.path)) for file in source.tables[:10]) or "none"
        raise DataError(
            f"{source.path}: expected a folder with exactly one table of annotations; tables there: {names}"
        )
    return source.tables[0]


def _mixed_scales(frame: pd.DataFrame) -> list[str]:
    labels = frame["preference"]
    is_graded = labels.notna() & ~labels.isin(_HARD)
    graded = set(frame.loc[is_graded, "annotator"])
    n_hard = frame["annotator"].nunique() - len(graded)
    if not graded or not n_hard:
        return []
    return [
        f"mixed scales: {len(graded)} annotators grade ({int(is_graded.sum())} labels between 1, 1.5 and 2), "
        f"{n_hard} say only 1, 1.5 or 2, which count beside the grades as they are"
    ]


def _copies(frame: pd.DataFrame) -> list[str]:
    """Sentences about models that share every output and every verdict, as when one folder was copied over another."""
    same: dict[tuple[str, int, bytes], list[str]] = {}
    for own, other in (("1", "2"), ("2", "1")):
        names = ["instruction", f"output_{own}", f"output_{other}", f"model_{other}", "annotator", "preference"]
        rows = pd.util.hash_pandas_object(frame[names], index=False, categorize=False)
        for model, hashes in rows.groupby(frame[f"model_{own}"]):
            if model != "" and len(hashes) >= MIN_COPIED:
                digest = hashlib.sha256(np.sort(hashes.to_numpy()).tobytes()).digest()
                same.setdefault((own, len(hashes), digest), []).append(str(model))
    return [
        f"{' and '.join(models)} have the same {n} outputs and verdicts, row for row: one is a copy, so at "
        "most one of their standings is right"
        for (_, n, _), models in same.items()
        if len(models) > 1
    ]


FORMAT = AnnotationFormat(
    name="table",
    holds="a .json, .jsonl, .csv, .tsv or .parquet file with instruction, output_1, output_2, annotator, preference",
    recognises=lambda source: source.is_table,
    read=read_own_table,
)
