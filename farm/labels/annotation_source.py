"""What a path to recorded labels is: a file or a folder, and what its rows look like at a glance."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import pandas as pd

from farm.data.files.row_stream import stream_rows
from farm.data.files.rows import FORMATS, DataError, Row, read_bytes

Kind = Literal["human", "llm"]
N_GLANCED = 30
"""Files of a folder that are looked into to recognise its format."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A path with what can be seen of it without reading it all."""

    path: Path

    @cached_property
    def tables(self) -> list[Path]:
        """The file itself, or every file below the folder that has an ending of a table, by name."""
        if self.path.is_file():
            return [self.path]
        below = ((file, file.relative_to(self.path).parts) for file in self.path.rglob("*"))
        shown = (file for file, parts in below if not any(part.startswith(".") for part in parts))
        return sorted(file for file in shown if file.is_file() and has_table_ending(file))

    @cached_property
    def first_rows(self) -> list[Row]:
        """The first row of each of the first files; an empty row where none can be seen."""
        return [first_row(file) for file in self.tables[:N_GLANCED]]

    def files_with(self, matches: Callable[[Path, Row], bool], *, holding: str) -> list[Path]:
        """The tables whose first row matches; the file itself, whatever it holds, if the path is one.

        Raises:
            DataError: the folder has none.
        """
        if self.path.is_file():
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


def has_table_ending(path: Path) -> bool:
    """Whether the name ends like a file that `read_rows` reads."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return bool(suffixes) and (suffixes[-2] if suffixes[-1] == ".gz" and len(suffixes) > 1 else suffixes[-1]) in FORMATS


def first_row(path: Path) -> Row:
    """The first row of a table; an empty one where there is none to see: whoever reads the file says what is wrong."""
    try:
        return next(stream_rows(path))
    except (DataError, StopIteration):
        return _only_object(path)


def _only_object(path: Path) -> Row:
    """What a .json file holds that is one object and no list, as BIG-bench's tasks are."""
    if not path.name.endswith(".json"):
        return {}
    try:
        value = json.loads(read_bytes(path))
    except (DataError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _listing(files: list[Path], folder: Path) -> str:
    names = [str(file.relative_to(folder)) for file in files]
    return f"it has the tables {', '.join(names[:10])}" if names else "it has no table at all"
