"""Annotation tables: recorded verdicts of humans and judges, read from whatever file or folder holds them.

A format is one file in a folder of formats/. The first that recognises a path reads it: formats with telling names come
before those that go by their columns, and a table of one's own is last.
"""

from pathlib import Path

import pandas as pd

from farm.data.conditions.values import ConditionError
from farm.data.files.column_mapping import ColumnMapping
from farm.data.files.hub import on_this_machine
from farm.data.files.row_stream import file_notes
from farm.data.files.rows import DataError, not_there
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import NOTES, notes_of
from farm.labels.formats import mapped_table, own_table
from farm.labels.formats.arenas import chatbot_arena, ppe, prism
from farm.labels.formats.benchmarks import hhh_alignment, judgebench, llmbar, rewardbench, rewardbench2
from farm.labels.formats.evaluations import alpaca_annotations, pandalm, tulu_human_eval
from farm.labels.formats.preference_data import (
    helpsteer2_preference,
    helpsteer3_preference,
    hh_rlhf,
    kto,
    nectar,
    pku_saferlhf,
    preference_pairs,
    shp,
    summarize_from_feedback,
    webgpt,
)
from farm.labels.formats.question_sets import arena_hard, faireval, mt_bench, mt_bench_grades, vicuna_reviews
from farm.labels.formats.ratings import distilabel, single_ratings
from farm.labels.row_filter import RowFilter
from farm.stats.ranking.label_rules import LabelRule

__all__ = ["FORMATS", "notes_of", "read_annotations"]

FORMATS: tuple[AnnotationFormat, ...] = (
    pandalm.FORMAT,
    tulu_human_eval.FORMAT,
    llmbar.FORMAT,
    faireval.FORMAT,
    vicuna_reviews.FORMAT,
    alpaca_annotations.ALPACA_EVAL,
    alpaca_annotations.ALPACA_FARM,
    mt_bench.FORMAT,
    mt_bench_grades.FORMAT,
    arena_hard.FORMAT,
    arena_hard.WEIGHTED,
    ppe.FORMAT,
    prism.FORMAT,
    chatbot_arena.FORMAT,
    judgebench.FORMAT,
    rewardbench2.FORMAT,
    rewardbench.FORMAT,
    helpsteer2_preference.FORMAT,
    helpsteer3_preference.FORMAT,
    shp.FORMAT,
    webgpt.FORMAT,
    summarize_from_feedback.FORMAT,
    pku_saferlhf.FORMAT,
    pku_saferlhf.SAFETY,
    nectar.FORMAT,
    distilabel.FORMAT,
    kto.FORMAT,
    hhh_alignment.FORMAT,
    single_ratings.FORMAT,
    hh_rlhf.FORMAT,
    preference_pairs.FORMAT,
    own_table.FORMAT,
)


def read_annotations(
    path: Path,
    *,
    assumed_kind: Kind | None = None,
    format: str | None = None,
    columns: ColumnMapping | None = None,
    where: tuple[RowFilter, ...] = (),
) -> pd.DataFrame:
    """Read recorded labels of any known format.

    Args:
        path: a file or a folder, or `hub:<owner>/<name>@<commit>[:<file>]`.
        assumed_kind: the kind of annotators of rows that do not state it, as AlpacaEval's files never do.
        format: the name of one of `FORMATS`; None to choose it by what the path is.
        columns: the file's names of the columns, for a table in a layout of its own; None for a known format.
        where: filters that leave the rows that are read.

    Returns:
        Columns `ANNOTATION_COLUMNS`, then those `OPTIONAL_COLUMNS` that the source has; one row per item and annotator,
        or two of a judge that saw both orders (`presented_orders.one_verdict_each`); `preference` is 1, 2, 1.5 (tie),
        between (graded), NaN (unparsed). `attrs["notes"]` says what was dropped or changed, `attrs["format"]` which
        format the path was taken for, `attrs["rule"]` how several labels of an item count in it (`AnnotationFormat`).

    Raises:
        DataError: nothing there, an unknown format, a column that is not there, malformed rows, or no row that the
            filters leave.
    """
    source = Source(path=on_this_machine(path), where=where)
    if not source.path.is_dir() and not source.is_table:
        raise DataError(not_there(source.path))
    if columns and format is not None:
        raise DataError(f"{source.path}: the format {format} has columns of its own; give it or columns, not both")
    chosen = mapped_table.format_with(columns) if columns else _chosen(source, format)
    try:
        frame = chosen.read(source, assumed_kind)
    except ConditionError as error:
        raise ConditionError(f"{path}: {error}") from error
    tables = [source.path] if source.is_table else source.tables
    frame.attrs[NOTES] = [*(note for table in tables for note in file_notes(table)), *notes_of(frame)]
    if frame.empty:
        raise DataError(f"{source.path}: it holds no rows, expected at least one label")
    frame.attrs["format"] = chosen.name
    frame.attrs["rule"] = chosen.rule
    return frame


def rule_of(frame: pd.DataFrame) -> LabelRule:
    """How several labels of an item count in the figures that the source of a table published."""
    rule: LabelRule = frame.attrs.get("rule", "consensus")
    return rule


def _recognised(source: Source) -> AnnotationFormat | None:
    return next((known for known in FORMATS if known.recognises(source)), None)


def _refuse_several(folder: Path) -> None:
    """A folder of several datasets would be taken for the one that is recognised first.

    Raises:
        DataError: with the formats of the folders below.
    """
    while folder.is_dir():
        below = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        recognised = {entry: _recognised(Source(path=entry)) for entry in below}
        kinds = {entry: known.name for entry, known in recognised.items() if known is not None}
        if len(set(kinds.values())) > 1:
            listed = ", ".join(f"{name} in {entry.name}/" for entry, name in kinds.items())
            raise DataError(f"{folder}: several kinds of recorded labels ({listed}); give one of these folders")
        if len(kinds) != 1:
            return
        (folder,) = kinds


def _chosen(source: Source, name: str | None) -> AnnotationFormat:
    if name is not None:
        named = {known.name: known for known in FORMATS}
        if name not in named:
            raise DataError(
                f"format: expected one of {', '.join(sorted(named))}, or null to recognise it; got {name!r}"
            )
        return named[name]
    recognised = _recognised(source)
    if recognised is not None:
        _refuse_several(source.path)
        return recognised
    entries = sorted(entry.name for entry in source.path.iterdir())[:10]
    kinds = "\n".join(f"  {known.name}: {known.holds}" for known in FORMATS)
    raise DataError(f"{source.path}: expected recorded labels; this folder holds {entries}. Known formats:\n{kinds}")
