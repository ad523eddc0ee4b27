"""RewardBench (Lambert et al. 2024, arXiv 2403.13787): a chosen and a rejected completion, with the models.

`prompt`, `chosen`, `chosen_model`, `rejected`, `rejected_model`, `subset`, `id`. The labels are those of the annotator
`rewardbench_gold`; the hash of the texts decides which completion is output_1.
"""

from pathlib import Path

import pandas as pd

from farm.data.files.rows import FileRow, OptionalName, Row, stream_records
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.chosen_rejected import chosen_row

GOLD = "rewardbench_gold"
_NEEDED = {"prompt", "chosen", "chosen_model", "rejected", "rejected_model", "subset", "id"}


class _Pair(FileRow):
    prompt: str
    chosen: str
    chosen_model: OptionalName
    rejected: str
    rejected_model: OptionalName
    subset: str


def read_rewardbench(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - gold labels
    """The annotation table of a file, or of all below a folder.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_pair, holding=", ".join(sorted(_NEEDED)))
    rows = (
        chosen_row(
            instruction=pair.prompt,
            chosen=pair.chosen,
            rejected=pair.rejected,
            dataset=f"rewardbench/{pair.subset}",
            annotator=GOLD,
            kind="human",
            chosen_model=pair.chosen_model or "",
            rejected_model=pair.rejected_model or "",
        ).read_from(pair.columns)
        for file in files
        for pair in stream_records(file, _Pair)
    )
    return annotation_table(rows, where=source.where)


def _is_pair(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    return set(row) >= _NEEDED and isinstance(row["chosen"], str)


FORMAT = AnnotationFormat(
    name="rewardbench",
    holds="RewardBench: prompt, chosen, chosen_model, rejected, rejected_model, subset",
    recognises=lambda source: any(_is_pair(source.path, row) for row in source.first_rows),
    read=read_rewardbench,
)
