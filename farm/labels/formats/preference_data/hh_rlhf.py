"""Anthropic's HH-RLHF (Bai et al. 2022): `chosen` and `rejected` dialogues; a file, or a folder of them.

Dialogues are text with "Human:" and "Assistant:" turns, or lists of messages (`role`, `content`). The instruction is
what the two have in common up to the last assistant turn that begins in both; the outputs are what follows. Pairs of
the same shape with a `prompt` and bare answers (TRL's columns) are read too. Nobody is named and no order was recorded,
so the hash of the texts decides which dialogue becomes output_1.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
from pydantic import BeforeValidator

from farm.data.files.rows import FileRow, Row, read_records
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source, first_row
from farm.labels.annotation_table import annotation_table, workers_apart
from farm.labels.chosen_rejected import chosen_row

ANNOTATOR = "hh_crowdworker"
HUMAN, TURN = "\n\nHuman:", "\n\nAssistant:"

_SPEAKERS = {"user": "Human", "human": "Human", "assistant": "Assistant", "system": "System"}


def _dialogue(value: object) -> object:
    """A list of messages (Parquet gives an array) as text with turns."""
    messages = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(messages, list) or not all(isinstance(message, Mapping) for message in messages):
        return value
    return "".join(
        f"\n\n{_SPEAKERS.get(str(message.get('role')), str(message.get('role')))}: {message.get('content')}"
        for message in messages
    )


class _Row(FileRow):
    prompt: Annotated[str | None, BeforeValidator(_dialogue)] = None
    chosen: Annotated[str, BeforeValidator(_dialogue)]
    rejected: Annotated[str, BeforeValidator(_dialogue)]


class _Split(NamedTuple):
    """Two dialogues taken apart where they part."""

    instruction: str
    chosen: str
    rejected: str


def read_hh_rlhf(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:
    """The annotation table of all files with `chosen` and `rejected`.

    Args:
        source: a file or a folder.
        assumed_kind: who chose, in pairs that are not Anthropic's own dialogues as text; human unless said otherwise.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_pair, holding="files with the columns `chosen` and `rejected`")
    rows: list[AnnotationRow] = []
    n_same = n_apart = 0
    for file in files:
        is_original = str(first_row(file).get("chosen")).startswith(HUMAN)
        for pair in read_records(file, _Row):
            split = _split(pair)
            n_same += split.chosen == split.rejected
            n_apart += not split.instruction
            rows.append(
                chosen_row(
                    instruction=split.instruction,
                    chosen=split.chosen,
                    rejected=split.rejected,
                    dataset=_dataset(file),
                    annotator=ANNOTATOR if is_original else f"{file.name.split('.')[0]}_labels",
                    kind="human" if is_original else assumed_kind or "human",
                )
            )
    rows, notes = workers_apart(rows, annotator=ANNOTATOR)
    notes += [f"{n_same} pairs have the same text twice; their labels say nothing"] if n_same else []
    notes += [f"{n_apart} pairs have no turn in common; their instruction is empty"] if n_apart else []
    return annotation_table(rows, notes)


def _split(pair: _Row) -> _Split:
    chosen, rejected = pair.chosen, pair.rejected
    common = os.path.commonprefix([chosen, rejected])  # noqa: RUF071 - character by character is meant
    at = common.rfind(TURN)
    end = at + len(TURN) if at >= 0 else 0
    if end == 0 and pair.prompt is not None:
        return _Split(pair.prompt, *(answer.removeprefix(pair.prompt).strip() for answer in (chosen, rejected)))
    return _Split(chosen[:end], chosen[end:].strip(), rejected[end:].strip())


def _dataset(file: Path) -> str:
    return f"hh_rlhf/{file.parent.name}/{file.name.split('.')[0]}"


def _is_pair(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    return {"chosen", "rejected"} <= set(row)


FORMAT = AnnotationFormat(
    name="hh_rlhf",
    holds="HH-RLHF: files with the columns `chosen` and `rejected`, dialogues as text or messages",
    recognises=lambda source: any(_is_pair(source.path, row) for row in source.first_rows),
    read=read_hh_rlhf,
)
