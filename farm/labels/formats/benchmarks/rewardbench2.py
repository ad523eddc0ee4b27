"""RewardBench 2 (Malik et al. 2025, arXiv 2506.01937): right and wrong completions of a prompt, mostly one to three.

`prompt`, `chosen` (the right completions), `rejected` (the wrong ones), `models` (of all of them, in this order),
`subset`, `id`. Every right completion is preferred to every wrong one, by the annotator `rewardbench2_gold`; between
two right ones (subset Ties) nothing is said. The benchmark counts a prompt as solved only if every right completion is
above all wrong ones (best of 4): `farm score pairs=PATH` says so beside the accuracy over pairs.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from pydantic import Field

from farm.data.files.rows import FileRow, Row, stream_records
from farm.labels.annotation_row import AnnotationRow, Name
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.chosen_rejected import chosen_row

GOLD = "rewardbench2_gold"


class _Prompt(FileRow):
    id: Name
    prompt: str
    chosen: list[str] = Field(min_length=1)
    rejected: list[str] = Field(min_length=1)
    models: list[str | None] | None = None
    subset: str

    @property
    def writers(self) -> list[str]:
        """Who wrote each completion, the right ones first; empty names where the file does not say it of all."""
        n_completions = len(self.chosen) + len(self.rejected)
        models = self.models or []
        return [model or "" for model in models] if len(models) == n_completions else [""] * n_completions


def read_rewardbench2(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - gold labels
    """The annotation table of a file, or of all below a folder.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_prompt, holding="prompt, chosen and rejected as lists, subset and id")
    return annotation_table(
        (row for file in files for prompt in stream_records(file, _Prompt) for row in _rows(prompt)), where=source.where
    )


def _rows(prompt: _Prompt) -> Iterator[AnnotationRow]:
    writers, n_chosen = prompt.writers, len(prompt.chosen)
    for place, chosen in enumerate(prompt.chosen):
        for other, rejected in enumerate(prompt.rejected):
            yield chosen_row(
                item_id=f"rewardbench2-{prompt.subset}-{prompt.id}-{place + 1}-{n_chosen + other + 1}",
                instruction=prompt.prompt,
                chosen=chosen,
                rejected=rejected,
                dataset=f"rewardbench2/{prompt.subset}",
                annotator=GOLD,
                kind="human",
                chosen_model=writers[place],
                rejected_model=writers[n_chosen + other],
            ).read_from(prompt.columns)


def _is_prompt(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    sides = row.get("chosen"), row.get("rejected")
    # A list of messages is one answer, and no list of completions.
    is_listed = all(isinstance(side, list) and all(isinstance(text, str | None) for text in side) for side in sides)
    return {"id", "prompt", "subset"} <= set(row) and is_listed and bool({"num_correct", "models"} & set(row))


FORMAT = AnnotationFormat(
    name="rewardbench2",
    holds="RewardBench 2: prompt, chosen and rejected as lists of completions, models, subset, id",
    recognises=lambda source: any(_is_prompt(source.path, row) for row in source.first_rows),
    read=read_rewardbench2,
)
