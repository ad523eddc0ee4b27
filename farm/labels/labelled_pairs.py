"""Pairs of outputs with the labels that somebody gave them, from any file of recorded labels: what reward models are
evaluated on."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from farm.data.files.column_mapping import OWN_NAMES, ColumnMapping
from farm.data.files.rows import DataError
from farm.data.files.table_files import is_table
from farm.data.layouts.pair_file import read_pairs
from farm.labels.annotation_source import Kind, first_row
from farm.labels.annotation_table import notes_of
from farm.labels.presented_orders import one_verdict_each
from farm.labels.read import read_annotations
from farm.labels.row_filter import RowFilter
from farm.labels.verdicts import Cells, comparison_of_row, messages_in
from farm.records import Output, Preference, instruction_key


@dataclass(frozen=True, kw_only=True)
class LabelledPair:
    """One label that prefers one of two outputs, however slightly: a grade counts as its side of the tie."""

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


class RightAndWrong(NamedTuple):
    """The outputs to one instruction, in two groups of which every member of the first is preferred to every other."""

    right: tuple[Output, ...]
    wrong: tuple[Output, ...]


def right_and_wrong(pairs: Sequence[LabelledPair]) -> list[RightAndWrong]:
    """Instructions with three outputs or more whose labels part them into right and wrong ones, as a benchmark's do.

    Left out are those where an output is preferred to one and not to another, or a pair between the groups is missing.
    """
    asked: dict[tuple[str, str], list[LabelledPair]] = {}
    for pair in pairs:
        asked.setdefault((pair.annotator, pair.preferred.instruction_key), []).append(pair)
    groups = []
    for labels in asked.values():
        right = tuple(dict.fromkeys(pair.preferred for pair in labels))
        wrong = tuple(dict.fromkeys(pair.other for pair in labels))
        n_pairs = len({(pair.preferred, pair.other) for pair in labels})
        if len(right) + len(wrong) > 2 and not set(right) & set(wrong) and n_pairs == len(right) * len(wrong):
            groups.append(RightAndWrong(right, wrong))
    return groups


def read_labelled_pairs(
    path: Path, *, labels_of: str | None, columns: ColumnMapping = OWN_NAMES, where: tuple[RowFilter, ...] = ()
) -> LabelledPairs:
    """Read pairs with labels.

    Args:
        path: a file or folder of any known format of recorded labels, or a file with instruction, chosen and rejected.
        labels_of: the annotator whose labels count; None for people's where there are any, and everybody's otherwise.
        columns: of a table in a layout of one's own, what they are called.
        where: filters that leave the labels that count.

    Raises:
        DataError: nothing there, malformed rows, no such annotator, or no label left.
    """
    kind = _assumed_kind(path) if not columns or columns.annotator is None else None
    frame = read_annotations(path, assumed_kind=kind, columns=columns, where=where)
    cut = set() if columns else _cut_answers(path)
    notes = notes_of(frame)
    frame = _those_of(frame, labels_of, path)
    is_tie, is_unparsed = frame["preference"] == 1.5, frame["preference"].isna()
    is_same = (frame["output_1"] == frame["output_2"]) & ~is_tie & ~is_unparsed
    preferring = frame[~is_tie & ~is_unparsed & ~is_same]
    if preferring.empty:
        raise DataError(f"{path}: none of {len(frame)} labels prefers one of two different outputs")
    return LabelledPairs(
        pairs=tuple(_pair(row, cut) for row in preferring.to_dict("records")),
        n_ties=int(is_tie.sum()),
        n_unparsed=int(is_unparsed.sum()),
        n_same=int(is_same.sum()),
        annotators=tuple(sorted(set(frame["annotator"]))),
        notes=tuple(notes),
    )


def _cut_answers(path: Path) -> set[str]:
    """Answers of the laboratory's own pairs that were cut at the token limit, by instruction and text."""
    if not is_table(path) or "chosen_is_finished" not in first_row(path):
        return set()
    return {
        instruction_key(pair.asked, answer.text)
        for pair in read_pairs(path).pairs
        for answer in (pair.chosen, pair.rejected)
        if not answer.is_finished
    }


def _assumed_kind(path: Path) -> Kind | None:
    """Rows that name no annotator are somebody's labels, whoever gave them."""
    row = first_row(path) if is_table(path) else {}
    return "human" if row and not {"annotator", "annotator_kind"} & set(row) else None


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


def _pair(row: Cells, cut: AbstractSet[str]) -> LabelledPair:
    comparison = comparison_of_row(row)
    sides = [
        Output(
            instruction=comparison.instruction,
            input=comparison.input,
            output=output,
            generator=generator,
            dataset=comparison.dataset,
            is_finished=instruction_key(comparison, output) not in cut,
            history=comparison.history,
            turns=messages_in(row, turns),
        )
        for output, generator, turns in (
            (comparison.output_1, comparison.generator_1, "turns_1"),
            (comparison.output_2, comparison.generator_2, "turns_2"),
        )
    ]
    is_first = Preference.of_number(float(str(row["preference"]))) is Preference.FIRST
    preferred, other = sides if is_first else sides[::-1]
    return LabelledPair(item_id=str(row["item_id"]), annotator=str(row["annotator"]), preferred=preferred, other=other)
