"""What a recorded number says: its hard and its soft verdict; and a row of an annotation table as the records of it.

Every reader of recorded labels goes through here, so that one number means the same verdict everywhere.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from farm.conversation import Messages, messages_of_text
from farm.records import Annotation, Comparison, Preference
from farm.stats.bootstrap import FloatArray

Cells = Mapping[Hashable, object]
"""A row of an annotation table, by the names of its columns."""

NO_VERDICT = "the file holds no verdict on this pair"
"""Why an annotation of a row without a preference has none."""


class RecordedVerdict(NamedTuple):
    """What a number from 1 to 2 says of a pair."""

    preference: Preference | None
    """The side of 1.5 that it lies on; None if there is no number."""
    p_first: float | None
    """Probability that output_1 is better, if the number lies between 1, 1.5 and 2; None if it is a hard verdict."""


def verdict_of_number(value: float | None) -> RecordedVerdict:
    """The verdict that a recorded preference stands for.

    Args:
        value: 1 (output_1 is better) to 2 (output_2 is), 1.5 a tie; None or NaN if there is no verdict.
    """
    if value is None or value != value:
        return RecordedVerdict(None, None)
    hard = Preference.of_number(value)
    return RecordedVerdict(hard, None if value == hard.value else 2.0 - value)


def class_notes(preferences: Sequence[float] | FloatArray) -> list[str]:
    """How figures of equal and unequal labels read grades, in a sentence with counts; nothing if no label is graded.

    Args:
        preferences: from 1 to 2, NaN where there is no verdict.
    """
    given = np.asarray(preferences, dtype=np.float64)
    given = given[np.isfinite(given)]
    n_graded = int((~np.isin(given, [verdict.value for verdict in Preference])).sum())
    if not n_graded:
        return []
    return [
        f"{n_graded} of {len(given)} labels are graded: here each counts as the side of 1.5 that it lies on, below as "
        "the first output, above as the second"
    ]


def comparison_of_row(row: Cells) -> Comparison:
    """The pair of outputs that a row is about, in the order of its columns."""
    return Comparison(
        instruction=str(row["instruction"]),
        input=str(row["input"]),
        output_1=str(row["output_1"]),
        output_2=str(row["output_2"]),
        generator_1=str(row["model_1"]),
        generator_2=str(row["model_2"]),
        dataset=str(row["dataset"]),
        history=messages_in(row, "history"),
    )


def messages_in(row: Cells, name: str) -> Messages:
    """The messages of a column that holds them as JSON text; none where the table has no such column."""
    text = row.get(name)
    return messages_of_text(text) if isinstance(text, str) else ()


def annotation_of_row(row: Cells) -> Annotation:
    """The verdict of a row: FIRST means its output_1.

    The clean verdict is that of the column `clean_preference` where there is one (`farm annotate` writes both), the
    soft one that of `p_first` or else of a clean preference between 1, 1.5 and 2. `first_shown` is 0 where no order is
    recorded.
    """
    given = verdict_of_number(_number(row["preference"]))
    clean = verdict_of_number(_number(row["clean_preference"])) if "clean_preference" in row else given
    p_first = _number(row.get("p_first"))
    shown = _number(row.get("first_shown"))
    return Annotation(
        comparison_key=comparison_of_row(row).key,
        annotator=str(row["annotator"]),
        judge=str(row["annotator"]),
        first_shown=0 if shown is None else int(shown),
        clean_preference=clean.preference,
        preference=given.preference,
        is_noised=clean.preference is not given.preference,
        p_first=None if clean.preference is None else clean.p_first if p_first is None else p_first,
        raw_reply=str(row["raw_label"]),
        unparsed_reason="" if given.preference else NO_VERDICT,
    )


def turned_annotation(annotation: Annotation, comparison: Comparison) -> Annotation:
    """The same verdict on the pair with output_1 and output_2 exchanged.

    Args:
        annotation: a verdict on the pair in the other order.
        comparison: the pair in the order that the result is about.
    """
    return replace(
        annotation,
        comparison_key=comparison.key,
        first_shown={0: 0, 1: 2, 2: 1}[annotation.first_shown],
        clean_preference=annotation.clean_preference.swapped if annotation.clean_preference else None,
        preference=annotation.preference.swapped if annotation.preference else None,
        p_first=None if annotation.p_first is None else 1.0 - annotation.p_first,
    )


def _number(value: object) -> float | None:
    """A cell of a column of numbers; None for nothing, NaN and pandas' NA."""
    text = str(value)
    return None if text in ("None", "nan", "<NA>") else float(text)
