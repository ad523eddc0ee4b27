"""distilabel's rated generations (Argilla; its task UltraFeedback): lists of outputs and of a judge's ratings.

`instruction`, `generations`, `ratings` (null where the judge's reply had none), `generation_models`, and `model_name`,
the judge; before version 1.0 `input`, `rating`, `generation_model` and `labelling_model`. Every two generations of a
row are a pair; a generation that is null, where a model did not answer, is in none, and is counted in a note.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from pydantic import AliasChoices, Field

from farm.data.files.rows import DataError, OptionalName, Row, stream_records
from farm.data.layouts.asked import AskedRow
from farm.data.layouts.pairs import has_pair
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.formats.ratings.rated_outputs import RatedOutput, rating_rows
from farm.wording import counted

JUDGE = "distilabel"
"""Who rated, in files that do not name the judge."""


class _Rated(AskedRow):
    generations: list[str | None] | None
    ratings: list[float | None] | None = Field(validation_alias=AliasChoices("ratings", "rating"))
    models: list[OptionalName] | None = Field(
        default=None, validation_alias=AliasChoices("generation_models", "generation_model")
    )
    model_name: str | None = Field(default=None, validation_alias=AliasChoices("model_name", "labelling_model"))


def read_distilabel(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - its tasks ask models
    """The annotation table of all pairs of generations, in a file or below a folder.

    Raises:
        DataError: nothing there, malformed rows, lists of different lengths, or no row with two generations.
    """
    files = source.files_with(_is_rated, holding="instruction, generations and ratings")
    lists = [outputs for file in files for outputs in _outputs(file)]
    rows = [row for outputs in lists for row in rating_rows([rated for rated in outputs if rated is not None])]
    if lists and not rows:
        raise DataError(f"{source.path}: not one of {counted(len(lists), 'row')} has two generations to compare")
    return annotation_table(rows, _notes(lists), where=source.where)


def _notes(lists: Sequence[Sequence[RatedOutput | None]]) -> list[str]:
    n_missing = sum(rated is None for outputs in lists for rated in outputs)
    n_short = sum(sum(rated is not None for rated in outputs) < 2 for outputs in lists)
    notes = [f"{counted(n_missing, 'generation')} missing (null), which no pair is made of"] if n_missing else []
    short = f"{counted(n_short, 'row')} of {len(lists)} left out: fewer than two generations to compare"
    return notes + ([short] if n_short else [])


def _outputs(file: Path) -> Iterator[list[RatedOutput | None]]:
    """The rated generations of each row; None for one that is missing."""
    for number, rated in enumerate(stream_records(file, _Rated), start=1):
        generations = rated.generations or []
        n_outputs = len(generations)
        ratings = rated.ratings or [None] * n_outputs
        models = rated.models or [None] * n_outputs
        for field, values in (("ratings", ratings), ("generation_models", models)):
            if len(values) != n_outputs:
                raise DataError(
                    f"{file}: row {number}, field `{field}`: expected {n_outputs} entries as in `generations`, "
                    f"got {len(values)}"
                )
        judge = rated.model_name or JUDGE
        yield [
            None
            if output is None
            else RatedOutput(
                rated.instruction, output, rating, model or "", judge, "llm", "distilabel", rated.columns,
                input=rated.input or "", history=rated.history,
            )
            for output, rating, model in zip(generations, ratings, models, strict=True)
        ]  # fmt: skip


def _is_rated(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    names = set(row)
    is_asked, is_rated = bool(names & {"instruction", "input"}), bool(names & {"ratings", "rating"})
    is_listed = "generations" in names and (row["generations"] is None or isinstance(row["generations"], list))
    return is_asked and is_rated and is_listed and not has_pair(names)


FORMAT = AnnotationFormat(
    name="distilabel",
    holds="distilabel's rated generations: instruction, generations, ratings, generation_models",
    recognises=lambda source: any(_is_rated(source.path, row) for row in source.first_rows),
    read=read_distilabel,
)
