"""PandaLM's human test set (Wang et al. 2023), as published: 999 pairs from five models, three humans, two judges.

A folder with `testset-v1.json` (pairs and the labels `annotator1`, `annotator2`, ...) and, where present, one file per
judge, `<judge>-testset-v1.json`, with its `..._result`, joined by `idx`. Labels are 0 = tie, 1, 2; one judge file has
them as text, with "Tie", and with "garbage" for replies that could not be parsed. Some pairs have a JSON boolean as a
response, where the model answered "True". The two models stand in `cmp_key` with a "_" between them.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from farm.data.files.rows import DataError, FileRow, read_records
from farm.labels.annotation_row import AnnotationRow, Written
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table

TESTSET = "testset-v1.json"
DATASET = "pandalm_testset_v1"

_PREFERENCES = {"0": 1.5, "tie": 1.5, "1": 1.0, "2": 2.0, "garbage": None}


def _known(label: str) -> str:
    if label.lower() not in _PREFERENCES:
        raise ValueError("0 (tie), 1, 2, Tie or garbage (unparsed)")
    return label


def _as_text(value: object) -> object:
    is_whole = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
    return str(int(value)) if is_whole else value  # type: ignore[call-overload]


_Label = Annotated[str, BeforeValidator(_as_text), AfterValidator(_known)]


class _Pair(FileRow):
    idx: int
    cmp_key: str = Field(pattern=r"^.+_.+$")
    instruction: str
    input: str = ""
    response1: Written
    response2: Written
    labels: dict[str, _Label] = Field(min_length=1)
    """By the number of the human."""

    @model_validator(mode="before")
    @classmethod
    def _collect_labels(cls, row: Mapping[str, object]) -> dict[str, object]:
        is_label = re.compile(r"annotator\d+").fullmatch
        labels = {name: value for name, value in row.items() if is_label(name) and value is not None}
        return {**row, "labels": labels}


class _JudgeLabel(FileRow):
    idx: int
    result: _Label | None

    @model_validator(mode="before")
    @classmethod
    def _find_result(cls, row: Mapping[str, object]) -> dict[str, object]:
        found = [value for name, value in row.items() if name.endswith("_result")]
        if len(found) != 1:
            raise ValueError("exactly one field with a name like gpt_result")
        return {**row, "result": found[0]}


def read_pandalm(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - known from the files
    """The annotation table of the test set: its humans, and the judges whose files are beside it.

    Args:
        source: the folder with `testset-v1.json` (or with `data/` that has it), or the file itself.

    Returns:
        Annotators `pandalm_human_1..` (human) and the judges by their file names (llm).

    Raises:
        DataError: a file is missing or malformed, or a judge's `idx` do not match the pairs.
    """
    path = _testset(source.path)
    pairs = read_records(path, _Pair)
    models = _models(path, pairs)
    humans = sorted({name for pair in pairs for name in pair.labels}, key=lambda name: (len(name), name))
    rows = [
        _row(pair, models, f"pandalm_human_{name.removeprefix('annotator')}", "human", pair.labels[name])
        for name in humans
        for pair in pairs
        if name in pair.labels
    ]
    for file in sorted(path.parent.glob(f"*-{TESTSET}")):
        labels = _judge_labels(file, path, pairs)
        judge = file.name.removesuffix(f"-{TESTSET}")
        rows += [_row(pair, models, judge, "llm", labels[pair.idx]) for pair in pairs]
    n_unparsed = sum(row.preference is None for row in rows)
    notes = [f"{n_unparsed} of {len(rows)} verdicts are unparsed"] if n_unparsed else []
    return annotation_table(rows, notes, where=source.where)


def _testset(path: Path) -> Path:
    return next((file for file in (path / TESTSET, path / "data" / TESTSET) if file.is_file()), path)


def _models(path: Path, pairs: Sequence[_Pair]) -> dict[str, tuple[str, str]]:
    """The two models of each cmp_key; of several ways to part it, the one whose names are in the most keys.

    Raises:
        DataError: two ways to part a key are as likely.
    """
    keys = {pair.cmp_key for pair in pairs}
    ways = {
        key: [(key[:at], key[at + 1 :]) for at, c in enumerate(key) if c == "_" and 0 < at < len(key) - 1]
        for key in keys
    }
    uses = Counter(name for parted in ways.values() for way in parted for name in way)
    models = {}
    for key, parted in ways.items():
        most = max(uses[first] + uses[second] for first, second in parted)
        likely = [(first, second) for first, second in parted if uses[first] + uses[second] == most]
        if len(likely) > 1:
            raise DataError(
                f"{path}: cmp_key {key!r} holds more than one '_', and nothing tells which of them stands between the "
                f"two models: {' or '.join(' and '.join(way) for way in likely)}"
            )
        models[key] = likely[0]
    return models


def _judge_labels(file: Path, testset: Path, pairs: Sequence[_Pair]) -> dict[int, str | None]:
    labels = {label.idx: label.result for label in read_records(file, _JudgeLabel)}
    n_different = len(labels.keys() ^ {pair.idx for pair in pairs})
    if n_different:
        raise DataError(f"{file}: expected the idx of {testset.name}, {n_different} idx are in only one of them")
    return labels


def _row(
    pair: _Pair, models: Mapping[str, tuple[str, str]], annotator: str, kind: Kind, label: str | None
) -> AnnotationRow:
    model_1, model_2 = models[pair.cmp_key]
    return AnnotationRow(
        item_id=f"pandalm-{pair.idx:04d}",
        dataset=DATASET,
        instruction=pair.instruction,
        input=pair.input,
        model_1=model_1,
        model_2=model_2,
        output_1=pair.response1,
        output_2=pair.response2,
        annotator=annotator,
        annotator_kind=kind,
        preference=None if label is None else _PREFERENCES[label.lower()],
        raw_label=label,
    ).read_from(pair.columns)


def _is_pandalm(source: Source) -> bool:
    if source.path.is_file():
        return source.path.name == TESTSET or {"cmp_key", "annotator1"} <= set(source.first_rows[0])
    return _testset(source.path) != source.path


FORMAT = AnnotationFormat(
    name="pandalm",
    holds=f"PandaLM's human test set: {TESTSET}, or the folder with it",
    recognises=_is_pandalm,
    read=read_pandalm,
)
