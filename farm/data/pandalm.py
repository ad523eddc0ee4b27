"""PandaLM's human test set (Wang et al. 2023), as published: 999 pairs from five models, three humans, two judges.

A folder with `testset-v1.json` (pairs and the labels `annotator1..3`) and, where present, one file per judge with its
`*_result`, joined by `idx`. Labels are 0 = tie, 1, 2; one judge file writes them as text, with "Tie" and with "garbage"
for replies that could not be parsed. Six pairs have a JSON boolean as a response, where the model answered "True".
"""

from pathlib import Path

import pandas as pd
from pydantic import Field, StrictBool, StrictInt, StrictStr

from farm.data.annotation_row import AnnotationRow, annotation_frame
from farm.data.files import DataError, FileRow, read_records

TESTSET = "testset-v1.json"
JUDGES = {"gpt-3.5-turbo": "gpt-3.5-turbo-testset-v1.json", "pandalm-7b": "pandalm-7b-testset-v1.json"}
DATASET = "pandalm_testset_v1"

_PREFERENCES = {"0": 1.5, "tie": 1.5, "1": 1.0, "2": 2.0, "garbage": None}


class _Pair(FileRow):
    idx: int
    cmp_key: str = Field(pattern=r"^[^_]+_[^_]+$")
    instruction: str
    input: str
    response1: StrictStr | StrictBool
    response2: StrictStr | StrictBool
    annotator1: int = Field(ge=0, le=2)
    annotator2: int = Field(ge=0, le=2)
    annotator3: int = Field(ge=0, le=2)


class _JudgeLabel(FileRow):
    idx: int
    gpt_result: StrictStr | StrictInt | None = None
    pandalm_result: StrictStr | StrictInt | None = None

    @property
    def raw_label(self) -> str:
        return str(self.pandalm_result if self.gpt_result is None else self.gpt_result)


def read_pandalm(folder: Path) -> pd.DataFrame:
    """The annotation table of the test set: three humans and the judges whose files are there.

    Args:
        folder: holds `testset-v1.json`.

    Returns:
        Columns `ANNOTATION_COLUMNS`; annotators `pandalm_human_1..3` (human), `gpt-3.5-turbo`, `pandalm-7b` (llm).

    Raises:
        DataError: a file is missing or malformed, or a judge's `idx` do not match the pairs.
    """
    pairs = read_records(folder / TESTSET, _Pair)
    rows = [
        _row(pair, annotator=f"pandalm_human_{number}", kind="human", raw_label=str(label))
        for number in (1, 2, 3)
        for pair, label in zip(pairs, (_human_label(pair, number) for pair in pairs), strict=True)
    ]
    for judge, file_name in JUDGES.items():
        if not (folder / file_name).is_file():
            continue
        labels = {label.idx: label.raw_label for label in read_records(folder / file_name, _JudgeLabel)}
        if labels.keys() != {pair.idx for pair in pairs}:
            n_different = len(labels.keys() ^ {pair.idx for pair in pairs})
            raise DataError(
                f"{folder / file_name}: expected the idx of {TESTSET}, {n_different} idx are in only one of them"
            )
        unknown = sorted({label for label in labels.values() if label.lower() not in _PREFERENCES})
        if unknown:
            raise DataError(f"{folder / file_name}: expected results among {sorted(_PREFERENCES)}, got {unknown}")
        rows += [_row(pair, annotator=judge, kind="llm", raw_label=labels[pair.idx]) for pair in pairs]
    return annotation_frame(rows)


def _human_label(pair: _Pair, number: int) -> int:
    return {1: pair.annotator1, 2: pair.annotator2, 3: pair.annotator3}[number]


def _row(pair: _Pair, *, annotator: str, kind: str, raw_label: str) -> AnnotationRow:
    model_1, model_2 = pair.cmp_key.split("_")
    return AnnotationRow.model_validate(
        {
            "item_id": f"pandalm-{pair.idx:04d}",
            "dataset": DATASET,
            "instruction": pair.instruction,
            "input": pair.input,
            "model_1": model_1,
            "model_2": model_2,
            # str(True) is what the model wrote before somebody's JSON writer took it for a boolean.
            "output_1": str(pair.response1),
            "output_2": str(pair.response2),
            "annotator": annotator,
            "annotator_kind": kind,
            "preference": _PREFERENCES[raw_label.lower()],
            "raw_label": raw_label,
        }
    )
