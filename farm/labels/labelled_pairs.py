"""Pairs of outputs with the labels that somebody gave them, from any file of recorded labels: what reward models are
evaluated on."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from farm.data.files.rows import DataError, FileRow, read_records
from farm.data.files.table_files import is_table
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import Kind, first_row
from farm.labels.annotation_table import annotation_table, notes_of, one_verdict_each
from farm.labels.chosen_rejected import chosen_row
from farm.labels.read import read_annotations
from farm.labels.verdicts import Cells
from farm.records import Output, Preference

_PAIR_COLUMNS = {"instruction", "chosen", "rejected"}
_CHOOSER = "labels"


class _PairRow(FileRow):
    """The laboratory's own preference pairs."""

    instruction: str
    input: str | None = ""
    chosen: str
    rejected: str
    chosen_is_finished: bool | None = True
    rejected_is_finished: bool | None = True


@dataclass(frozen=True, kw_only=True)
class LabelledPair:
    """One label that prefers one of two outputs."""

    item_id: str
    """Which pair; several labels may be about the same one."""
    annotator: str
    preferred: Output
    other: Output


@dataclass(frozen=True, kw_only=True)
class LabelledPairs:
    """The labels of a file that say which output is better, and how many say nothing of the kind."""

    pairs: tuple[LabelledPair, ...]
    n_ties: int
    n_unparsed: int
    n_same: int
    """Labels on two equal outputs."""
    annotators: tuple[str, ...]
    """Whose labels they are."""
    notes: tuple[str, ...]
    """What was dropped or changed when the file was read."""


def read_labelled_pairs(path: Path, *, labels_of: str | None) -> LabelledPairs:
    """Read pairs with labels.

    Args:
        path: a file or folder of any known format of recorded labels, or a file with instruction, chosen and rejected.
        labels_of: the annotator whose labels count; None for people's where there are any, and everybody's otherwise.

    Raises:
        DataError: nothing there, malformed rows, no such annotator, or no label left.
    """
    finished: dict[tuple[str, str, str], bool] = {}
    if is_table(path) and set(first_row(path)) >= _PAIR_COLUMNS:
        rows = read_records(path, _PairRow)
        for row in rows:
            finished[row.instruction, row.input or "", row.chosen] = row.chosen_is_finished is not False
            finished[row.instruction, row.input or "", row.rejected] = row.rejected_is_finished is not False
        frame = annotation_table(_chosen(row, number) for number, row in enumerate(rows))
    else:
        frame = read_annotations(path, assumed_kind=_assumed_kind(path))
    notes = notes_of(frame)
    frame = _those_of(frame, labels_of, path)
    is_tie, is_unparsed = frame["preference"] == 1.5, frame["preference"].isna()
    is_same = (frame["output_1"] == frame["output_2"]) & ~is_tie & ~is_unparsed
    preferring = frame[~is_tie & ~is_unparsed & ~is_same]
    if preferring.empty:
        raise DataError(f"{path}: none of {len(frame)} labels prefers one of two different outputs")
    return LabelledPairs(
        pairs=tuple(_pair(row, finished) for row in preferring.to_dict("records")),
        n_ties=int(is_tie.sum()),
        n_unparsed=int(is_unparsed.sum()),
        n_same=int(is_same.sum()),
        annotators=tuple(sorted(set(frame["annotator"]))),
        notes=tuple(notes),
    )


def _assumed_kind(path: Path) -> Kind | None:
    """Rows that name no annotator are somebody's labels, whoever gave them."""
    row = first_row(path) if is_table(path) else {}
    return "human" if row and not {"annotator", "annotator_kind"} & set(row) else None


def _chosen(row: _PairRow, number: int) -> AnnotationRow:
    """Rows of one pair that contradict each other stay two labels."""
    instruction, extra = row.instruction, row.input or ""
    verdict = chosen_row(
        instruction=instruction,
        chosen=row.chosen,
        rejected=row.rejected,
        dataset="",
        annotator=_CHOOSER,
        kind="human",
        item_id=str(number),
    )
    return verdict.model_copy(update={"input": extra})


def _those_of(frame: pd.DataFrame, labels_of: str | None, path: Path) -> pd.DataFrame:
    if labels_of is None:
        is_human = frame["annotator_kind"] == "human"
        return frame[is_human] if is_human.any() else frame
    if labels_of not in set(frame["annotator"]):
        frame = one_verdict_each(frame)
    kept = frame[frame["annotator"] == labels_of]
    if kept.empty:
        known = sorted(set(frame["annotator"]))
        raise DataError(f"{path}: no label by {labels_of!r}; labels_of can be one of {', '.join(known[:10])}")
    return kept


def _pair(row: Cells, finished: dict[tuple[str, str, str], bool]) -> LabelledPair:
    instruction, extra = str(row["instruction"]), str(row["input"])
    sides = [
        Output(
            instruction=instruction,
            input=extra,
            output=str(row[f"output_{side}"]),
            generator=str(row[f"model_{side}"]),
            dataset=str(row["dataset"]),
            is_finished=finished.get((instruction, extra, str(row[f"output_{side}"])), True),
        )
        for side in (1, 2)
    ]
    is_first = Preference.of_number(float(str(row["preference"]))) is Preference.FIRST
    preferred, other = sides if is_first else sides[::-1]
    return LabelledPair(item_id=str(row["item_id"]), annotator=str(row["annotator"]), preferred=preferred, other=other)
