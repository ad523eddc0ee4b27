"""A table in a layout of its own, its columns named by a setting (`farm.data.files.column_mapping`).

Three layouts are understood: two outputs and a preference; a chosen and a rejected output; one output a row with its
rating. Where nobody is named as the annotator, it is called "human", or a judge after its file.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import BeforeValidator, SkipValidation, model_validator

from farm.data.conditions.values import ConditionError
from farm.data.files.column_mapping import ColumnMapping
from farm.data.files.rows import MISSING, DataError, FileRow, Row, checked_rows, format_of
from farm.data.files.table_files import DELIMITED
from farm.data.layouts.outputs import OutputRow
from farm.data.layouts.pairs import ChosenPair, chosen_pair
from farm.labels.annotation_row import AnnotationRow, Name
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.chosen_rejected import pair_row
from farm.labels.formats.own_table import own_table
from farm.labels.formats.ratings.rated_outputs import RatedOutput, rating_rows
from farm.labels.row_filter import RowFilter
from farm.wording import listed

MAPPED = "columns"
"""What a table is called beside the formats that was read so."""
_PAIR, _CHOICE, _RATED = {"output_1", "output_2", "preference"}, {"chosen", "rejected"}, {"output", "rating"}


class _Chosen(FileRow):
    """A row as a pair with a chosen side."""

    pair: SkipValidation[ChosenPair]
    annotator: Name = ""
    annotator_kind: Kind | None = None
    dataset: str | None = ""
    item_id: Name = ""

    @model_validator(mode="before")
    @classmethod
    def _with_pair(cls, row: Row) -> Row:
        return {**row, "pair": chosen_pair(row)}


def _number(value: object) -> object:
    """Ratings are often text, and no number where there is none."""
    if not isinstance(value, str):
        return value
    if value.strip().lower() in MISSING:
        return None
    try:
        return float(value)
    except ValueError:
        return value


class _Rated(OutputRow):
    """A row as an output with its rating."""

    rating: Annotated[float | None, BeforeValidator(_number)]
    annotator: Name = ""
    annotator_kind: Kind | None = None
    dataset: str | None = ""


def format_with(columns: ColumnMapping) -> AnnotationFormat:
    """The format of a table with these columns."""
    return AnnotationFormat(
        name=MAPPED,
        holds="a table in a layout of one's own, its columns named by columns.instruction=... and so on",
        recognises=lambda source: False,  # noqa: ARG005 - read where columns are named
        read=partial(read_mapped_table, columns=columns),
    )


def read_mapped_table(source: Source, assumed_kind: Kind | None, columns: ColumnMapping) -> pd.DataFrame:
    """The annotation table of a file, or of the one table of a folder that has the columns.

    Args:
        source: a file, or a folder.
        assumed_kind: the kind of annotators of rows that do not state it.
        columns: what the file calls them.

    Raises:
        DataError: a column that is named is not there, none of the three layouts, or malformed rows.
    """
    fitting = [table for table in source.tables if columns.fits(table)]
    path = fitting[0] if len(fitting) == 1 else source.path if source.is_table else source.tables[0]
    if len(fitting) > 1:
        names = listed(str(table.relative_to(source.path)) for table in fitting)
        raise DataError(f"{source.path}: {len(fitting)} tables have the columns ({names}); give one of them")
    return mapped_table(
        path, columns.read(path), assumed_kind, is_text=format_of(path) in DELIMITED, where=source.where
    )


def mapped_table(
    path: Path,
    rows: Iterable[Row],
    assumed_kind: Kind | None,
    *,
    is_text: bool = False,
    where: Sequence[RowFilter] = (),
) -> pd.DataFrame:
    """The annotation table of rows under our names.

    Args:
        path: where they come from, for messages.
        rows: as `ColumnMapping.renamed` gives them.
        assumed_kind: the kind of annotators of rows that do not state it.
        is_text: whether every cell is text, as in a CSV file.
        where: filters that leave the rows that count.

    Raises:
        DataError: none of the three layouts, or malformed rows.
    """
    source = iter(rows)
    first = next(source, None)
    if first is None:
        raise DataError(f"{path}: it holds no rows, expected at least one")
    names, every = set(first), chain([first], source)
    stem = path.name.split(".")[0]
    if names >= _PAIR:
        named = ({"annotator": stem, **row} for row in every) if assumed_kind == "llm" else every
        try:
            return own_table(path, named, assumed_kind, is_text=is_text, where=where)
        except ConditionError:
            raise
        except DataError as error:
            hint = "columns.preference_values={A:1,B:2,tie:1.5} says what labels mean that are no such numbers"
            raise DataError(f"{error}\n  {hint}" if "preference" in str(error) else str(error)) from error
    if names >= _CHOICE:
        checked = checked_rows(path, every, _Chosen, is_text=is_text)
        return annotation_table((_chosen_row(row, assumed_kind, stem) for row in checked), where=where)
    if names >= _RATED:
        rated = checked_rows(path, every, _Rated, is_text=is_text)
        return annotation_table(_rated_rows(rated, assumed_kind, stem), where=where)
    raise DataError(
        f"{path}: name what holds output_1, output_2 and preference, or chosen and rejected, or output and rating "
        f"(columns.NAME=COLUMN); the columns are {listed(sorted(names), 30)}"
    )


def _chosen_row(row: _Chosen, assumed_kind: Kind | None, stem: str) -> AnnotationRow:
    kind = row.annotator_kind or assumed_kind or "human"
    name = row.annotator or ("human" if kind == "human" else stem)
    return pair_row(row.pair, dataset=row.dataset or "", annotator=name, kind=kind, item_id=row.item_id)


def _rated_rows(rows: Iterable[_Rated], assumed_kind: Kind | None, stem: str) -> Iterator[AnnotationRow]:
    groups: dict[tuple[str, str], list[RatedOutput]] = {}
    for row in rows:
        kind = row.annotator_kind or assumed_kind or "human"
        name = row.annotator or ("human" if kind == "human" else stem)
        rated = RatedOutput(
            instruction=row.instruction,
            output=row.output,
            rating=row.rating,
            model=row.generator or "",
            annotator=name,
            kind=kind,
            dataset=row.dataset or "",
            columns=row.columns,
            input=row.input or "",
            history=row.history,
        )
        groups.setdefault((row.text_key, name), []).append(rated)
    for group in groups.values():
        yield from rating_rows(group)
