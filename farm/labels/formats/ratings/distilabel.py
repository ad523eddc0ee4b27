"""distilabel's rated generations (Argilla; its task UltraFeedback): lists of outputs and of a judge's ratings.

`instruction`, `generations`, `ratings` (null where the judge's reply had none), `generation_models` (or the older
`generation_model`), and `model_name`, the judge. Every two generations of a row are a pair.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from pydantic import AliasChoices, Field

from farm.data.files.rows import DataError, Row, stream_records
from farm.data.layouts.asked import AskedRow
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.formats.ratings.rated_outputs import RatedOutput, rating_rows

JUDGE = "distilabel"
"""Who rated, in files that do not name the judge."""


class _Rated(AskedRow):
    generations: list[str | None]
    ratings: list[float | None] | None
    models: list[str | None] | None = Field(
        default=None, validation_alias=AliasChoices("generation_models", "generation_model")
    )
    model_name: str | None = None


def read_distilabel(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - its tasks ask models
    """The annotation table of all pairs of generations, in a file or below a folder.

    Raises:
        DataError: nothing there, malformed rows, or lists of different lengths.
    """
    files = source.files_with(_is_rated, holding="instruction, generations and ratings")
    return annotation_table((row for file in files for row in _rows(file)), where=source.where)


def _rows(file: Path) -> Iterator[AnnotationRow]:
    for number, rated in enumerate(stream_records(file, _Rated), start=1):
        n_outputs = len(rated.generations)
        ratings = rated.ratings or [None] * n_outputs
        models = rated.models or [None] * n_outputs
        for field, values in (("ratings", ratings), ("generation_models", models)):
            if len(values) != n_outputs:
                raise DataError(
                    f"{file}: row {number}, field `{field}`: expected {n_outputs} entries as in `generations`, "
                    f"got {len(values)}"
                )
        judge = rated.model_name or JUDGE
        outputs = [
            RatedOutput(
                rated.instruction, output, rating, model or "", judge, "llm", "distilabel", rated.columns,
                input=rated.input or "", history=rated.history,
            )
            for output, rating, model in zip(rated.generations, ratings, models, strict=True)
            if output is not None
        ]  # fmt: skip
        yield from rating_rows(outputs)


def _is_rated(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    return {"instruction", "generations", "ratings"} <= set(row) and isinstance(row["generations"], list)


FORMAT = AnnotationFormat(
    name="distilabel",
    holds="distilabel's rated generations: instruction, generations, ratings, generation_models",
    recognises=lambda source: any(_is_rated(source.path, row) for row in source.first_rows),
    read=read_distilabel,
)
