"""Unpaired preferences, as KTO learns from (farm/data/layouts/unpaired.py): one completion a row, desirable or not.

Nothing is compared in such a file, so only the prompts that have a desirable and an undesirable completion say which of
two is better: each such pair is a row here, the rest is counted.
"""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd
from pydantic import AliasChoices, Field

from farm.data.files.rows import DataError, stream_records
from farm.data.layouts.outputs import OutputRow
from farm.data.layouts.pairs import Answer, ChosenPair
from farm.data.layouts.unpaired import LABEL_COLUMNS, IsDesirable, is_unpaired
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.chosen_rejected import pair_row

ANNOTATOR = "kto_labels"


class _Labelled(OutputRow):
    label: IsDesirable = Field(validation_alias=AliasChoices(*LABEL_COLUMNS))


def read_kto(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:
    """The annotation table of the pairs that follow from unpaired labels.

    Args:
        source: a file or a folder.
        assumed_kind: who labelled; human unless said otherwise.

    Raises:
        DataError: nothing there, malformed rows, or no prompt with completions of both kinds.
    """
    files = source.files_with(lambda _, row: is_unpaired(row), holding="prompt, completion and label (true or false)")
    by_prompt: dict[str, dict[bool, list[_Labelled]]] = {}
    n_labels = 0
    for file in files:
        for row in stream_records(file, _Labelled):
            n_labels += 1
            by_prompt.setdefault(row.text_key, {True: [], False: []})[row.label].append(row)
    pairs = [sides for sides in by_prompt.values() if sides[True] and sides[False]]
    if not pairs:
        raise DataError(
            f"{source.path}: {n_labels} unpaired labels (prompt, completion, label) on {len(by_prompt)} prompts, none "
            "of which has a desirable and an undesirable completion; nothing is compared here, and they can only be "
            "trained on (farm run dataset.preference_file=FILE annotator=recorded method=kto)"
        )
    n_used = sum(len(completions) for sides in pairs for completions in sides.values())
    note = f"{n_labels} unpaired labels: {n_used} are on prompts with completions of both kinds and make pairs"
    return annotation_table(_rows(pairs, assumed_kind or "human"), [note], where=source.where)


def _rows(pairs: Sequence[Mapping[bool, Sequence[_Labelled]]], kind: Kind) -> Iterator[AnnotationRow]:
    for sides in pairs:
        for good in sides[True]:
            for bad in sides[False]:
                pair = ChosenPair(asked=good.asked, chosen=_answer(good), rejected=_answer(bad))
                yield pair_row(pair, dataset="kto", annotator=ANNOTATOR, kind=kind).read_from(good.columns, bad.columns)


def _answer(row: _Labelled) -> Answer:
    return Answer(row.output, model=row.generator or "")


FORMAT = AnnotationFormat(
    name="kto",
    holds="unpaired preferences as KTO's: prompt, completion, label (true or false), or LLaMA-Factory's kto_tag",
    recognises=lambda source: any(is_unpaired(row) for row in source.first_rows),
    read=read_kto,
)
