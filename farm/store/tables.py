"""Tables on disk: Parquet with exactly the fields of one record as columns.

Messages are stored as their JSON text, and a column of them only where a record has some: tables of single-turn data
are what they were before conversations could be read.
"""

import dataclasses
import enum
import math
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pandas as pd

from farm.conversation import Messages, messages_as_text, messages_of_text
from farm.records import Preference
from farm.store.artifacts import ArtifactError

RecordT = TypeVar("RecordT")


class TableError(ArtifactError, ValueError):
    """A table cannot be read, or must not be written."""


def write_table(path: Path, records: Sequence[RecordT], record_type: type[RecordT]) -> None:
    """Write records as Parquet, one column a field. Enums are stored as their value, paths as text.

    A value may be missing, None, where its field says so; NaN and infinity are no values of any.

    Raises:
        TableError: a number is NaN or infinite, as after a training that diverged.
    """
    for row, record in enumerate(records):
        _check_finite(path, row, record)
    columns = {
        field.name: [_plain(getattr(record, field.name)) for record in records]
        for field in dataclasses.fields(record_type)  # type: ignore[arg-type]
    }
    frame = pd.DataFrame(columns).astype(_column_types(record_type))
    frame = frame.drop(columns=[name for name in _message_fields(record_type) if not frame[name].any()])
    frame.to_parquet(path, index=False)


def read_table(path: Path, record_type: type[RecordT]) -> list[RecordT]:
    """Read what `write_table` wrote.

    Raises:
        TableError: there is no such file, it was cut short or changed, its columns are not exactly the record's fields,
            or a value is missing or infinite.
    """
    try:
        return _read(path, record_type)
    except TableError:
        raise
    except (OSError, ValueError, TypeError, NotImplementedError) as error:  # pyarrow's errors are of these
        raise TableError(
            f"{path} cannot be read: {str(error).splitlines()[0]}. Delete the folder {path.parent} and run the command "
            "that made it again"
        ) from error


def _read(path: Path, record_type: type[RecordT]) -> list[RecordT]:
    frame = pd.read_parquet(path)
    expected = [field.name for field in dataclasses.fields(record_type)]  # type: ignore[arg-type]
    without_messages = [name for name in _message_fields(record_type) if name not in frame.columns]
    if list(frame.columns) != [name for name in expected if name not in without_messages]:
        raise ValueError(f"expected the columns of {record_type.__name__} {expected}, found {list(frame.columns)}")
    frame = frame.assign(**dict.fromkeys(without_messages, ""))
    readers = [_reader(hint) for hint in typing.get_type_hints(record_type).values()]
    columns = [
        [read(None if pd.isna(value) else value) for value in frame[name]]
        for name, read in zip(expected, readers, strict=True)
    ]
    records = [record_type(**dict(zip(expected, row, strict=True))) for row in zip(*columns, strict=True)]
    for row, record in enumerate(records):
        _check_finite(path, row, record)
    return records


def _check_finite(path: Path, row: int, record: object) -> None:
    wrong = [name for name, value in vars(record).items() if isinstance(value, float) and not math.isfinite(value)]
    if wrong:
        raise TableError(
            f"{path}: {wrong[0]} of row {row + 1} is {vars(record)[wrong[0]]}, which is no number: what it comes "
            "from has diverged or is damaged"
        )


def _message_fields(record_type: type) -> list[str]:
    return [name for name, hint in typing.get_type_hints(record_type).items() if hint == Messages]


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return messages_as_text(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    return value


def _bare_type(hint: object) -> tuple[type, bool]:
    """`float | None` -> (float, True); `int` -> (int, False)."""
    if isinstance(hint, types.UnionType):
        (bare,) = [a for a in typing.get_args(hint) if a is not types.NoneType]
        return bare, True
    assert isinstance(hint, type)
    return hint, False


def _column_types(record_type: type) -> dict[str, str]:
    names = {str: "str", int: "int64", float: "float64", bool: "bool", Path: "str", Preference: "float64"}
    hints = {
        name: (str, False) if hint == Messages else _bare_type(hint)
        for name, hint in typing.get_type_hints(record_type).items()
    }
    # pandas' capital Int64 is the integer column that can miss a value.
    return {
        name: "Int64" if (bare, optional) == (int, True) else names[bare] for name, (bare, optional) in hints.items()
    }


def _reader(hint: object) -> typing.Callable[[object], object]:
    if hint == Messages:
        return lambda value: messages_of_text(str(value or ""))
    bare, is_optional = _bare_type(hint)

    def read(value: object) -> object:
        if value is None:
            if not is_optional:
                raise ValueError(f"a value of type {bare.__name__} is missing")
            return None
        return bare(value)

    return read
