"""One recorded verdict on two answers, as the comparison of humans and simulated annotators reads it."""

from collections.abc import Sequence
from typing import Annotated, Literal

import pandas as pd
from pydantic import AliasChoices, BeforeValidator, Field

from farm.data.files import FileRow
from farm.records import content_key


def _preference(value: object) -> object:
    # AlpacaFarm and the first AlpacaEval files write a draw as 0.
    return 1.5 if value in (0, "0", 0.0) and value is not False else value


class AnnotationRow(FileRow):
    """The columns of an annotation table; AlpacaEval's names `generator_1`, `generator_2` are understood."""

    item_id: str = ""
    """Which pair; rows with the same one are verdicts on the same pair. Empty: the hash of its texts."""
    dataset: str = ""
    instruction: str
    input: str | None = ""
    model_1: str | None = Field(default="", validation_alias=AliasChoices("model_1", "generator_1"))
    """Who wrote output_1; empty if unknown, and then the pair tells nothing about rankings."""
    model_2: str | None = Field(default="", validation_alias=AliasChoices("model_2", "generator_2"))
    output_1: str
    output_2: str
    annotator: str
    annotator_kind: Literal["human", "llm"]
    preference: Annotated[Annotated[float, Field(ge=1, le=2)] | None, BeforeValidator(_preference)]
    """1 = output_1 better, 2 = output_2, 1.5 = tie, between: graded; missing = unparsed."""
    raw_label: str | None = ""
    """What the source says, before it was read as a preference."""


ANNOTATION_COLUMNS = tuple(AnnotationRow.model_fields)


def annotation_frame(rows: Sequence[AnnotationRow]) -> pd.DataFrame:
    """One line a row, with exactly `ANNOTATION_COLUMNS`; `preference` is float with NaN = unparsed, the rest text."""
    dumped = [row.model_dump() for row in rows]
    columns = {name: [row[name] for row in dumped] for name in ANNOTATION_COLUMNS}
    frame = pd.DataFrame(columns).astype({"preference": "float64"})
    text = [name for name in ANNOTATION_COLUMNS if name != "preference"]
    frame[text] = frame[text].fillna("")
    is_unnamed = frame["item_id"] == ""
    frame.loc[is_unnamed, "item_id"] = pair_keys(frame[is_unnamed])
    return frame


def pair_keys(frame: pd.DataFrame) -> list[str]:
    """The hash of each row's instruction, outputs and models: the same pair has the same key in every table."""
    names = ["instruction", "input", "output_1", "output_2", "model_1", "model_2"]
    return [content_key(*(str(part) for part in parts)) for parts in zip(*(frame[name] for name in names), strict=True)]
