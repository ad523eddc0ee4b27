"""What a path to recorded labels is: a file or a folder, and what its rows look like at a glance."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from farm.bounded.json_text import read_json_file
from farm.data.files.cells import decoded_cell
from farm.data.files.row_stream import stream_rows
from farm.data.files.rows import DataError, Row
from farm.data.files.table_files import DELIMITED, format_of, is_table, tables_below
from farm.labels.annotation_row import Kind
from farm.labels.row_filter import RowFilter
from farm.stats.ranking.label_rules import LabelRule

__all__ = ["AnnotationFormat", "Kind", "Source", "first_row"]

N_GLANCED = 30
"""Files of a folder that are looked into to recognise its format."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A path with what can be seen of it without reading it all."""

    path: Path
    where: tuple[RowFilter, ...] = ()
    """Leave the rows that are read."""

    @cached_property
    def tables(self) -> list[Path]:
        """The file itself, or every table below the folder, by name."""
        return tables_below(self.path) if self.path.is_dir() else [self.path]

    @cached_property
    def is_table(self) -> bool:
        """Whether the path is one table: a file, the shards of a split, or a folder of a dataset."""
        return is_table(self.path)

    @cached_property
    def first_rows(self) -> list[Row]:
        """The first row of each of the first files; an empty row where none can be seen."""
        return [first_row(file) for file in self.tables[:N_GLANCED]]

    def files_with(self, matches: Callable[[Path, Row], bool], *, holding: str) -> list[Path]:
        """The tables whose first row matches; the file itself, whatever it holds, if the path is one.

        Raises:
            DataError: the folder has none.
        """
        if not self.path.is_dir():
            return [self.path]
        files = [file for file in self.tables if matches(file, first_row(file))]
        if not files:
            raise DataError(f"{self.path}: expected {holding}; {_listing(self.tables, self.path)}")
        return files


@dataclass(frozen=True, kw_only=True)
class AnnotationFormat:
    """One format of recorded labels: how to know it, and how to read it."""

    name: str
    """What a setting says to force it."""
    holds: str
    """What a path of this format is, in a few words."""
    recognises: Callable[[Source], bool]
    read: Callable[[Source, Kind | None], pd.DataFrame]
    """Source and the kind of annotators that the files do not name -> the annotation table."""
    rule: LabelRule = "consensus"
    """How several labels of an item count in the figures that its authors published."""


def first_row(path: Path) -> Row:
    """The first row of a table; an empty one where there is none to see: whoever reads the file says what is wrong.

    Lists and objects that stand in a CSV file as their JSON text are these.
    """
    try:
        row = next(stream_rows(path))
        is_text = format_of(path) in DELIMITED
        return {name: decoded_cell(cell) for name, cell in row.items()} if is_text else row
    except (DataError, StopIteration):
        return _only_object(path)


def _only_object(path: Path) -> Row:
    """What a .json file holds that is one object and no list, as BIG-bench's tasks are."""
    if not path.name.endswith(".json"):
        return {}
    try:
        value = read_json_file(path)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _listing(files: list[Path], folder: Path) -> str:
    names = [str(file.relative_to(folder)) for file in files]
    return f"it has the tables {', '.join(names[:10])}" if names else "it has no table at all"
