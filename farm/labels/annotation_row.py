"""One recorded verdict on two answers, as the comparison of humans and simulated annotators reads it."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

import numpy as np
import pandas as pd
from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SkipValidation

from farm.conversation import Messages, messages_as_text
from farm.data.files.rows import FileRow, Name, OptionalName, Row
from farm.data.preference_scale import on_scale, preference_number
from farm.records import content_key

__all__ = [
    "ANNOTATION_COLUMNS",
    "MESSAGE_COLUMNS",
    "OPTIONAL_COLUMNS",
    "AnnotationRow",
    "Kind",
    "Name",
    "Written",
    "annotation_frame",
    "histories",
    "pair_key",
    "pair_keys",
]

Kind = Literal["human", "llm"]
"""Who labels: people, or models."""


def _probability(value: float | None) -> float | None:
    if value is not None and not 0 <= value <= 1:
        raise ValueError("a probability between 0 and 1, or nothing")
    return value


def _whole(value: object) -> object:
    # Parquet has no missing integer: a column of 1, 2 and nothing comes back as 1.0, 2.0, NaN.
    order = {"AB": 1, "BA": 2}.get(value.strip().upper()) if isinstance(value, str) else None
    return order or (int(value) if isinstance(value, float) and value.is_integer() else value)


def _text(value: object) -> object:
    return None if value is None else str(value)


def _written(value: object) -> object:
    """str(True) is what a model wrote before somebody's JSON writer took it for a boolean."""
    return str(value) if isinstance(value, bool | int | float) else value


def _same(left: object, right: object) -> bool:
    """Whether two cells are equal; arrays and lists only if they are one."""
    return left is right or (np.isscalar(left) and np.isscalar(right) and bool(left == right))


Written = Annotated[str, BeforeValidator(_written)]
"""What a model answered: an answer such as True or 42 may stand in a file as a boolean or a number."""


class AnnotationRow(FileRow):
    """The columns of an annotation table; AlpacaEval's names `generator_1`, `generator_2` are understood."""

    item_id: Name = ""
    """Which pair; rows with the same one are verdicts on the same pair. Empty: the hash of its texts."""
    dataset: str = ""
    instruction: str
    input: str | None = ""
    model_1: OptionalName = Field(default="", validation_alias=AliasChoices("model_1", "generator_1"))
    """Who wrote output_1; empty if unknown, and then the pair tells nothing about rankings."""
    model_2: OptionalName = Field(default="", validation_alias=AliasChoices("model_2", "generator_2"))
    output_1: Written
    output_2: Written
    annotator: Name
    annotator_kind: Kind
    preference: Annotated[float | None, BeforeValidator(preference_number), AfterValidator(on_scale)]
    """1 = output_1 better, 2 = output_2, 1.5 = tie, between: graded; missing = unparsed."""
    raw_label: OptionalName = ""
    """What the source says, before it was read as a preference."""
    first_shown: Annotated[int | None, BeforeValidator(_whole)] = Field(
        default=None, ge=0, le=2, validation_alias=AliasChoices("first_shown", "presented_order", "shown_order")
    )
    """Which output the annotator saw first; 0 = judged in both orders; missing = not recorded. AB is 1, BA is 2."""
    p_first: Annotated[float | None, AfterValidator(_probability)] = None
    """Soft verdict: probability that output_1 is better, where the annotator gave one."""
    clean_preference: Annotated[float | None, BeforeValidator(preference_number), AfterValidator(on_scale)] = None
    """The judge's own verdict, where `preference` has simulated noise on it (`farm annotate` writes both)."""
    score_1: float | None = None
    """A rating of output_1 alone, on the source's own scale."""
    score_2: float | None = None
    acceptable_1: bool | None = None
    """Whether the annotator found output_1 acceptable, all by itself."""
    acceptable_2: bool | None = None
    labelled_at: Annotated[str | None, BeforeValidator(_text)] = Field(
        default=None, validation_alias=AliasChoices("labelled_at", "timestamp")
    )
    """When, as ISO 8601 text, so that alphabetical order is the order in time."""
    cost_usd: float | None = Field(default=None, validation_alias=AliasChoices("cost_usd", "price_per_example"))
    """What the verdict cost."""
    latency_seconds: float | None = Field(
        default=None, validation_alias=AliasChoices("latency_seconds", "time_per_example")
    )
    """How long the verdict took."""
    history: SkipValidation[Messages] = ()
    """What was said before the instruction, a system message included; in tables its JSON text."""
    turns_1: SkipValidation[Messages] = ()
    """The messages of output_1, where it holds several turns; in tables their JSON text."""
    turns_2: SkipValidation[Messages] = ()

    def read_from(self, *rows: Row, **derived: object) -> Self:
        """The row itself, that was made of these rows of a file; conditions (`where`) can speak of their columns.

        Args:
            rows: of several, the columns count in which they are equal.
            derived: further columns, by what the format says; the files' own count where they have them too.
        """
        first, *others = rows
        shared = {name: cell for name, cell in first.items() if all(_same(cell, row.get(name)) for row in others)}
        return self.with_columns({**derived, **shared})


OPTIONAL_COLUMNS = (
    "first_shown",
    "p_first",
    "clean_preference",
    "score_1",
    "score_2",
    "acceptable_1",
    "acceptable_2",
    "labelled_at",
    "cost_usd",
    "latency_seconds",
    "history",
    "turns_1",
    "turns_2",
)
"""Columns that a table has only if its source says something there."""
MESSAGE_COLUMNS = ("history", "turns_1", "turns_2")
"""Those of them that hold messages: as JSON text, empty for none."""
ANNOTATION_COLUMNS = tuple(name for name in AnnotationRow.model_fields if name not in OPTIONAL_COLUMNS)

_SHARED_TEXTS = ("instruction", "input", "output_1", "output_2")
_SHARED_NAMES = ("input", "dataset", "model_1", "model_2", "annotator", "annotator_kind", "raw_label")
_MOST_NAMES = 10_000
"""Different names of which one copy is kept."""
_OPTIONAL_TYPES = {
    "first_shown": "Int64",
    "p_first": "float64",
    "clean_preference": "float64",
    "score_1": "float64",
    "score_2": "float64",
    "acceptable_1": "boolean",
    "acceptable_2": "boolean",
    "cost_usd": "float64",
    "latency_seconds": "float64",
}


def annotation_frame(rows: Iterable[AnnotationRow]) -> pd.DataFrame:
    """One line a row, with `ANNOTATION_COLUMNS` and those `OPTIONAL_COLUMNS` that hold something.

    `preference` and scores are float with NaN = unparsed or missing, `first_shown` Int64, `acceptable_*` boolean, the
    rest text.
    """
    columns: dict[str, list[object]] = {name: [] for name in ANNOTATION_COLUMNS}
    said: dict[str, list[object]] = {}
    names: dict[object, object] = {}
    n_rows = 0
    for n_rows, row in enumerate(rows, start=1):
        for name, values in columns.items():
            value = getattr(row, name)
            # A file's every row brings a copy of the names of its models and annotators.
            values.append(value if name in _SHARED_TEXTS else names.get(value, value))
            if name in _SHARED_NAMES and len(names) < _MOST_NAMES:
                names.setdefault(value, value)
        for name in OPTIONAL_COLUMNS:
            value = getattr(row, name)
            cell = messages_as_text(value) if name in MESSAGE_COLUMNS else value
            if name in said:
                said[name].append(cell)
            elif cell not in (None, ""):
                said[name] = [*[_nothing(name)] * (n_rows - 1), cell]
    # What is said of one output is a column for the other, too: outputs change places.
    beside = [name[:-1] + {"1": "2", "2": "1"}[name[-1]] for name in said if name[-1] in "12"]
    said = {**{name: [_nothing(name)] * n_rows for name in beside}, **said}
    present = [name for name in OPTIONAL_COLUMNS if name in said]
    columns |= {name: said[name] for name in present}
    types = {name: _OPTIONAL_TYPES[name] for name in present if name in _OPTIONAL_TYPES}
    # An output stands in many pairs: as objects the rows share one copy of its text, as pandas' own text each has one.
    texts = {name: pd.Series(columns[name], dtype=object) for name in _SHARED_TEXTS}
    frame = pd.DataFrame({**columns, **texts}).astype({"preference": "float64", **types})
    text = [name for name in ANNOTATION_COLUMNS if name != "preference"]
    frame[text] = frame[text].fillna("")
    is_unnamed = frame["item_id"] == ""
    if is_unnamed.any():
        frame.loc[is_unnamed, "item_id"] = pair_keys(frame[is_unnamed])
    return frame


def _nothing(name: str) -> str | None:
    """The cell of an optional column in a row that says nothing there."""
    return "" if name in MESSAGE_COLUMNS else None


def pair_keys(frame: pd.DataFrame, *, with_models: bool = True) -> list[str]:
    """The hash of each row's instruction, outputs and models: the same pair has the same key in every table.

    The order of the two outputs does not count (`annotation_table.same_order` sees to it).

    Args:
        frame: columns `ANNOTATION_COLUMNS`.
        with_models: False for the texts alone, by which a pair is found in a table that does not name its models.
    """
    columns = [frame[f"{name}_{k}"] for k in (1, 2) for name in ("output", *(["model"] if with_models else []))]
    half = len(columns) // 2
    return [
        pair_key(instruction, extra, tuple(map(str, cells[:half])), tuple(map(str, cells[half:])), history=history)
        for instruction, extra, history, *cells in zip(
            frame["instruction"], frame["input"], histories(frame), *columns, strict=True
        )
    ]


def histories(frame: pd.DataFrame) -> list[str]:
    """What was said before each row's instruction, as JSON text; empty for nothing."""
    return [str(text) for text in frame["history"].fillna("")] if "history" in frame else [""] * len(frame)


def pair_key(instruction: str, extra: str, one: tuple[str, ...], other: tuple[str, ...], *, history: str = "") -> str:
    """The hash of a pair, whichever of its two sides comes first.

    Args:
        instruction: its case and white space do not count.
        extra: the input, which counts as one with the instruction, as AlpacaEval's files have it merged.
        one: an output, and who wrote it where that counts.
        other: the other output, likewise.
        history: what was said before the instruction, as JSON text; empty for nothing.
    """
    merged = " ".join(f"{instruction}\n\n{extra}".casefold().split())
    first, second = sorted((one, other))
    return content_key(merged, *([history] if history else []), *first, *second)
