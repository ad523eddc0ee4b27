"""Pairs that were never shown in an order: a chosen and a rejected output, and nothing else."""

from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import Kind
from farm.records import content_key


def chosen_row(
    *,
    instruction: str,
    chosen: str,
    rejected: str,
    dataset: str,
    annotator: str,
    kind: Kind,
    item_id: str = "",
    chosen_model: str = "",
    rejected_model: str = "",
) -> AnnotationRow:
    """The verdict as a row, each output on a side that the hash of the texts decides.

    Were the chosen output always output_1, "always the first" would be the perfect annotator. The side depends on the
    texts alone, not on which of them was chosen.
    """
    chosen_is_1 = content_key(instruction, chosen) <= content_key(instruction, rejected)
    return AnnotationRow(
        item_id=item_id,
        dataset=dataset,
        instruction=instruction,
        model_1=chosen_model if chosen_is_1 else rejected_model,
        model_2=rejected_model if chosen_is_1 else chosen_model,
        output_1=chosen if chosen_is_1 else rejected,
        output_2=rejected if chosen_is_1 else chosen,
        annotator=annotator,
        annotator_kind=kind,
        preference=1.0 if chosen_is_1 else 2.0,
        raw_label=f"chosen={1 if chosen_is_1 else 2}",
    )
