"""Ratings of single outputs, as pairs: HelpSteer, UltraFeedback, or a table of one's own with one rating a row.

Outputs to one instruction that the same annotator rated are compared two by two: the higher rating wins, equal ratings
are a tie, a missing one leaves the pair unparsed.

- HelpSteer (Wang et al. 2023; 2024): `prompt`, `response`, `helpfulness` 0 to 4, ...; compared by helpfulness.
- UltraFeedback (Cui et al. 2024): `instruction`, `completions` with a rating per aspect; compared by the mean over the
  aspects, because `overall_score` of some completions says 10 where the critique says 1. Its binarised copy, `chosen`
  and `rejected` with `score_chosen` and `score_rejected`, is read too.
- One's own: `instruction` (or `prompt`), `output` (or `response`), `rating` (or `score`), and if known `model` and
  `annotator`.

Nothing was shown side by side: the hash of the texts decides which output is output_1.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import AliasChoices, BeforeValidator, Field

from farm.data.files.rows import FileRow, Name, OptionalName, Row, read_records
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source, first_row
from farm.labels.annotation_table import annotation_table
from farm.labels.formats.preference_data.preference_pairs import pairs_table
from farm.labels.formats.ratings.rated_outputs import RatedOutput, rating_rows
from farm.labels.identifiers import hashed_name

_INSTRUCTIONS, _OUTPUTS = {"instruction", "prompt"}, {"output", "response"}
_RATINGS = {"helpfulness", "rating", "score"}


def _number(value: object) -> object:
    """UltraFeedback writes ratings as text, "N/A" where there is none."""
    if isinstance(value, str):
        return float(value) if value.strip().replace(".", "", 1).isdigit() else None
    return value


def _listed(value: object) -> object:
    return value.tolist() if isinstance(value, np.ndarray) else value


class _Rated(FileRow):
    instruction: str = Field(validation_alias=AliasChoices("instruction", "prompt"))
    output: str = Field(validation_alias=AliasChoices("output", "response"))
    rating: float | None = Field(validation_alias=AliasChoices("rating", "helpfulness", "score"))
    model: OptionalName = Field(default="", validation_alias=AliasChoices("model", "generator"))
    annotator: OptionalName = None


class _Aspect(FileRow):
    rating: Annotated[float | None, BeforeValidator(_number)] = Field(validation_alias="Rating")


class _Completion(FileRow):
    model: Name = ""
    response: str
    annotations: dict[str, _Aspect | None]
    """A column of Parquet has every aspect in every row, null where there is none."""

    @property
    def mean_rating(self) -> float | None:
        aspects = [aspect for aspect in self.annotations.values() if aspect is not None]
        ratings = [aspect.rating for aspect in aspects if aspect.rating is not None]
        return sum(ratings) / len(ratings) if ratings else None


class _Completions(FileRow):
    instruction: str
    source: str | None = ""
    completions: Annotated[list[_Completion], BeforeValidator(_listed)]


def read_ratings(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:
    """The annotation table of all pairs of rated outputs, in a file or below a folder.

    Args:
        source: a file or a folder.
        assumed_kind: who rated, where the format does not say (HelpSteer: human, UltraFeedback: llm); human unless
            said otherwise.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_rated, holding="rated outputs (HelpSteer, UltraFeedback, or one rating a row)")
    binarised = [file for file in files if _is_binarised(first_row(file))]
    if binarised:
        return pairs_table(
            binarised,
            "llm",
            annotator=lambda _: "ultrafeedback",
            dataset=lambda _: "ultrafeedback",
            where=source.where,
        )
    groups: dict[tuple[str, str], list[RatedOutput]] = {}
    for file in files:
        for output in _outputs(file, assumed_kind or "human"):
            groups.setdefault((output.instruction, output.annotator), []).append(output)
    rows = [row for group in groups.values() for row in rating_rows(group)]
    return annotation_table(rows, _notes(list(groups.values()), rows), where=source.where)


def _is_rated(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    names = set(row)
    is_single = bool(names & _INSTRUCTIONS) and bool(names & _OUTPUTS) and bool(names & _RATINGS)
    is_many = {"instruction", "completions"} <= names
    return is_single or is_many or _is_binarised(row)


def _is_binarised(row: Row) -> bool:
    return {"prompt", "chosen", "rejected", "score_chosen", "score_rejected"} <= set(row)


def _outputs(file: Path, kind: Kind) -> Iterator[RatedOutput]:
    names = set(first_row(file))
    if "completions" in names:
        for row in read_records(file, _Completions):
            for rated in row.completions:
                yield RatedOutput(
                    row.instruction, rated.response, rated.mean_rating, rated.model, "ultrafeedback", "llm",
                    f"ultrafeedback/{row.source or ''}", row.columns,
                )  # fmt: skip
    else:
        is_helpsteer = {"helpfulness", "correctness", "coherence"} <= names
        dataset = "helpsteer" if is_helpsteer else file.name.split(".")[0]
        kind = "human" if is_helpsteer else kind
        for rating in read_records(file, _Rated):
            name = rating.annotator or dataset
            annotator = hashed_name(f"{dataset}_human", name) if rating.annotator and kind == "human" else name
            yield RatedOutput(
                rating.instruction, rating.output, rating.rating, rating.model or "", annotator, kind, dataset,
                rating.columns,
            )  # fmt: skip


def _notes(groups: Sequence[Sequence[RatedOutput]], rows: Sequence[AnnotationRow]) -> list[str]:
    n_alone = sum(len(group) == 1 for group in groups)
    n_unrated = sum(row.preference is None for row in rows)
    notes = [f"{n_alone} outputs are the only one to their instruction and make no pair"] if n_alone else []
    return notes + ([f"{n_unrated} pairs have an output without a rating and are unparsed"] if n_unrated else [])


FORMAT = AnnotationFormat(
    name="ratings",
    holds="rated outputs: HelpSteer, UltraFeedback, or instruction, output and rating, one a row",
    recognises=lambda source: any(_is_rated(source.path, row) for row in source.first_rows),
    read=read_ratings,
)
