"""Preference pairs: rows with a chosen and a rejected answer, as preference trainers and their tools write them.

All layouts of farm/data/layouts/pairs.py: TRL's (prompt as text or messages, explicit or within the answers),
OpenRLHF's, LLaMA-Factory's (alpaca and ShareGPT), axolotl's, Argilla's, distilabel's. Nobody says in which order they
were shown: the hash of the texts decides which answer becomes output_1. Model names beside the answers make the models
rank; equal ratings are a tie, others are kept as `score_1` and `score_2`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from farm.data.files.rows import Row
from farm.data.layouts.pair_file import PairFile, pairs_of_rows, read_pairs
from farm.data.layouts.pairs import has_pair
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table, workers_apart
from farm.labels.chosen_rejected import pair_row
from farm.labels.row_filter import RowFilter


def pairs_table(
    files: Sequence[Path],
    kind: Kind,
    *,
    annotator: Callable[[Path], str],
    dataset: Callable[[Path], str],
    where: Sequence[RowFilter],
) -> pd.DataFrame:
    """The annotation table of files of pairs; a further label of a pair in one file is another annotator's.

    Args:
        files: to read.
        kind: who chose.
        annotator: what a file's nameless annotators are called.
        dataset: what a file's pairs come from.
        where: filters that leave the pairs that count.

    Raises:
        DataError: rows that are not understood, or a file without a pair.
    """
    rows: list[AnnotationRow] = []
    notes: list[str] = []
    for file in files:
        more, said = _labels(read_pairs(file), kind, annotator=annotator(file), dataset=dataset(file))
        rows += more
        notes += said
    return annotation_table(rows, notes, where=where)


def table_of_rows(path: Path, rows: Sequence[Row], kind: Kind, *, where: Sequence[RowFilter]) -> pd.DataFrame:
    """The annotation table of pairs that are in memory.

    Args:
        path: what messages call them.
        rows: with a chosen and a rejected answer each.
        kind: who chose.
        where: filters that leave the pairs that count.

    Raises:
        DataError: rows that are not understood, or no pair.
    """
    return annotation_table(*_labels(pairs_of_rows(path, rows), kind, annotator="labels", dataset=""), where=where)


def _labels(read: PairFile, kind: Kind, *, annotator: str, dataset: str) -> tuple[list[AnnotationRow], list[str]]:
    """The verdicts of a file, and what there is to say of them."""
    rows, notes = workers_apart(
        [pair_row(pair, dataset=dataset, annotator=annotator, kind=kind) for pair in read.pairs], annotator=annotator
    )
    return rows, [*notes, *read.notes]


def read_preference_pairs(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:
    """The annotation table of all files with a chosen and a rejected answer.

    Args:
        source: a file or a folder.
        assumed_kind: who chose; human unless said otherwise.

    Raises:
        DataError: nothing there, or rows that are not understood.
    """
    files = source.files_with(lambda _, row: has_pair(row), holding="files with the columns `chosen` and `rejected`")
    return pairs_table(
        files,
        assumed_kind or "human",
        annotator=lambda file: f"{_stem(file)}_labels",
        dataset=_stem,
        where=source.where,
    )


def _stem(file: Path) -> str:
    return file.name.split(".")[0]


FORMAT = AnnotationFormat(
    name="pairs",
    holds="preference pairs of TRL, OpenRLHF, LLaMA-Factory, axolotl, Argilla, distilabel: `chosen` and `rejected`",
    recognises=lambda source: any(has_pair(row) for row in source.first_rows),
    read=read_preference_pairs,
)
