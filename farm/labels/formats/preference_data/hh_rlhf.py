"""Anthropic's HH-RLHF (Bai et al. 2022): `chosen` and `rejected` dialogues as text; a file, or a folder of them.

The prompt is what the two have in common up to the last assistant turn that begins in both
(farm/data/layouts/pairs.py). Nobody is named and no order was recorded, so the hash of the texts decides which answer
becomes output_1. The same dialogues as messages are read by `preference_pairs`.
"""

from pathlib import Path

import pandas as pd

from farm.data.files.rows import Row
from farm.data.layouts.pairs import has_pair
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.formats.preference_data.preference_pairs import pairs_table

ANNOTATOR = "hh_crowdworker"
HUMAN = "\n\nHuman:"


def read_hh_rlhf(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - people chose
    """The annotation table of all files of dialogues.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_original, holding="files with the dialogues `chosen` and `rejected`")
    return pairs_table(files, "human", annotator=lambda _: ANNOTATOR, dataset=_dataset, where=source.where)


def _dataset(file: Path) -> str:
    return f"hh_rlhf/{file.parent.name}/{file.name.split('.')[0]}"


def _is_original(path: Path, row: Row) -> bool:  # noqa: ARG001 - the first row tells
    return has_pair(row) and str(row.get("chosen")).startswith(HUMAN)


FORMAT = AnnotationFormat(
    name="hh_rlhf",
    holds="HH-RLHF: files with the columns `chosen` and `rejected`, dialogues as text",
    recognises=lambda source: any(_is_original(source.path, row) for row in source.first_rows),
    read=read_hh_rlhf,
)
