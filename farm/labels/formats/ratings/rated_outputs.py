"""Outputs that were rated one by one, as pairs: the higher rating wins, equal ratings are a tie."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from farm.conversation import Messages
from farm.data.files.rows import Row
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import Kind
from farm.records import content_key


class RatedOutput(NamedTuple):
    """An output and what one annotator gave it."""

    instruction: str
    output: str
    rating: float | None
    """On the source's own scale, higher is better; None if there is none, which leaves its pairs unparsed."""
    model: str
    """Who wrote the output; empty if unknown."""
    annotator: str
    kind: Kind
    dataset: str
    columns: Row
    """The row of the file that says so."""
    input: str = ""
    history: Messages = ()
    """What was said before the instruction."""


def rating_rows(outputs: Sequence[RatedOutput], *, item: str = "") -> Iterator[AnnotationRow]:
    """Every pair of outputs that one annotator rated on one instruction.

    Nothing was shown side by side: the hash of the texts decides which output is output_1.

    Args:
        outputs: in the order of their file.
        item: what the pairs are called, with the places of their two outputs behind it; empty: the hash of the texts.
    """
    keys = [content_key(rated.instruction, rated.output, rated.model) for rated in outputs]
    for place, other in itertools.combinations(range(len(outputs)), 2):
        first, second = (place, other) if keys[place] <= keys[other] else (other, place)
        name = f"{item}-{place + 1}-{other + 1}" if item else ""
        yield _row(outputs[first], outputs[second], name)


def _row(first: RatedOutput, second: RatedOutput, item_id: str) -> AnnotationRow:
    preference = None
    if first.rating is not None and second.rating is not None:
        preference = 1.5 - 0.5 * ((first.rating > second.rating) - (first.rating < second.rating))
    return AnnotationRow(
        item_id=item_id,
        dataset=first.dataset,
        instruction=first.instruction,
        input=first.input,
        history=first.history,
        model_1=first.model,
        model_2=second.model,
        output_1=first.output,
        output_2=second.output,
        annotator=first.annotator,
        annotator_kind=first.kind,
        preference=preference,
        raw_label=" ".join("none" if rated.rating is None else f"{rated.rating:g}" for rated in (first, second)),
        score_1=first.rating,
        score_2=second.rating,
    ).read_from(first.columns, second.columns)
