"""Labels that say which of two outputs was chosen: 0 or 1."""

from typing import Annotated

from pydantic import BeforeValidator, Field


def _whole(value: object) -> object:
    """A Parquet column with gaps holds 1.0 for 1, and somebody's JSON the text "1"."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return value
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]
Choice = Annotated[Whole, Field(ge=0, le=1)]


def written(choice: int | None) -> str:
    """A label as the source has it; empty for none."""
    return "" if choice is None else str(choice)
