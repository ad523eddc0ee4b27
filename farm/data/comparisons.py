"""Comparisons that are read a chunk at a time, each with the row of the file that it comes from."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import pyarrow as pa
from pydantic import AliasChoices, Field, model_validator

from farm.data.files.rows import OptionalName, Row
from farm.data.layouts.asked import AskedRow
from farm.data.layouts.outputs import with_texts
from farm.data.layouts.pairs import row_with_two_outputs
from farm.records import Comparison


class ComparisonRow(AskedRow):
    """The columns that are read; AlpacaEval's and the annotation tables' names of the generators are understood.

    A chosen and a rejected answer are compared without telling which is which.
    """

    output_1: str
    output_2: str
    generator_1: OptionalName = Field(default="", validation_alias=AliasChoices("generator_1", "model_1"))
    generator_2: OptionalName = Field(default="", validation_alias=AliasChoices("generator_2", "model_2"))
    dataset: str | None = ""

    @model_validator(mode="before")
    @classmethod
    def _with_outputs(cls, row: Row) -> Row:
        return with_texts(row_with_two_outputs(row), ("output_1", "output_2"))

    def comparison(self) -> Comparison:
        return Comparison(
            instruction=self.instruction,
            input=self.input or "",
            output_1=self.output_1,
            output_2=self.output_2,
            generator_1=self.generator_1 or "",
            generator_2=self.generator_2 or "",
            dataset=self.dataset or "",
            history=self.history,
        )


class ComparedRow(NamedTuple):
    """A row and what it asks."""

    row: Row
    """With all its columns, as they stand in the file."""
    comparison: Comparison


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    """Rows that have been checked and are now read again, in order, without holding them all."""

    n_rows: int
    """How many there are."""
    schema: pa.Schema
    """Names and types of the columns, as a Parquet file holds them."""
    notes: tuple[str, ...]
    """What the user should know about how the rows were found."""
    read: Callable[[], Iterator[Row]]
    """Begins at the first row whenever it is called."""

    def chunks(self, n_rows: int) -> Iterator[Sequence[ComparedRow]]:
        """All rows in order, `n_rows` at a time."""
        rows = self.read()
        while chunk := [ComparedRow(r, ComparisonRow.model_validate(r).comparison()) for r in islice(rows, n_rows)]:
            yield chunk
