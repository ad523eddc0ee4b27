"""Rows of recorded annotations, as AlpacaEval writes them (Li et al. 2023) or anybody with the same columns.

`preference` runs from 1 (output_1 is better) to 2 (output_2); 1.5, and 0 in old files, is a draw; null, and -1 in
AlpacaEval's caches, is a reply that could not be parsed.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SkipValidation

from farm.data.files.row_stream import stream_rows
from farm.data.files.rows import OptionalName, checked_rows
from farm.data.files.table_files import DELIMITED, DataError, format_of
from farm.data.layouts.asked import AskedRow
from farm.data.preference_scale import PreferencesSeen, on_scale, preference_number

_FAILED = -1
_MAX_SHOWN = 5


def _unless_failed(value: object) -> object:
    number = preference_number(value)
    return None if number == _FAILED else number


class RecordedRow(AskedRow):
    """One verdict on a model's output and the reference's."""

    output_1: str
    output_2: str
    generator_1: OptionalName = Field(default="", validation_alias=AliasChoices("generator_1", "model_1"))
    generator_2: OptionalName = Field(default="", validation_alias=AliasChoices("generator_2", "model_2", "generator"))
    annotator: OptionalName = ""
    preference: Annotated[float | None, BeforeValidator(_unless_failed), AfterValidator(on_scale)]
    dataset: str | None = ""
    cost_usd: float | None = Field(default=None, validation_alias=AliasChoices("cost_usd", "price_per_example"))
    reply: SkipValidation[object] = Field(default=None, validation_alias=AliasChoices("raw_completion", "raw_reply"))
    first_shown: SkipValidation[object] = None
    is_switched_outputs: SkipValidation[object] = None


class NumberedRow(NamedTuple):
    """A row with its place in the file."""

    number: int
    """Counted from 1."""
    row: RecordedRow


def read_recorded_rows(path: Path) -> list[NumberedRow]:
    """The rows of one file of annotations.

    Raises:
        DataError: the file is missing, damaged, empty or of another scale, or rows do not fit; all of them are counted.
    """
    seen = PreferencesSeen(path)
    is_text = format_of(path) in DELIMITED
    rows: list[NumberedRow] = []
    try:
        for row in checked_rows(path, seen.counted(stream_rows(path)), RecordedRow, is_text=is_text):
            # Their other columns are of no use here, and AlpacaEval 2's are large.
            rows.append(NumberedRow(len(rows) + 1, row.with_columns({})))
    except DataError:
        seen.refuse_another_scale()
        raise
    seen.refuse_another_scale()
    if not rows:
        raise DataError(f"{path}: no rows; expected one a verdict")
    return rows


def refuse_doubled(path: Path, rows: Sequence[NumberedRow], of_whom: str) -> None:
    """Raise DataError if one model's rows have an instruction twice; which of the two counts, nothing says."""
    numbers: dict[str, list[int]] = {}
    for number, row in rows:
        numbers.setdefault(row.asked.key, []).append(number)
    twice = [places for places in numbers.values() if len(places) > 1]
    if twice:
        first = " and ".join(str(number) for number in twice[0][:_MAX_SHOWN])
        more = f", and so with {len(twice) - 1} more" if len(twice) > 1 else ""
        raise DataError(
            f"{path}: rows {first}, field `instruction`: the same instruction twice for {of_whom}{more}; keep one "
            "verdict on each"
        )


def rows_shown(numbers: Sequence[int]) -> str:
    """rows 3, 5 and 12 more"""
    shown = ", ".join(str(number) for number in numbers[:_MAX_SHOWN])
    more = f" and {len(numbers) - _MAX_SHOWN} more" if len(numbers) > _MAX_SHOWN else ""
    return f"row{'s' if len(numbers) > 1 else ''} {shown}{more}"


def most_common(names: Sequence[str]) -> str:
    """The name that occurs most often; of several the first by the alphabet."""
    counted = Counter(names)
    return min(counted, key=lambda name: (-counted[name], name))
