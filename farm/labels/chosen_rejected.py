"""Pairs that were never shown in an order: a chosen and a rejected answer, and nothing else."""

from farm.data.layouts.pairs import Answer, ChosenPair
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import Kind
from farm.records import Instruction


def pair_row(pair: ChosenPair, *, dataset: str, annotator: str, kind: Kind, item_id: str = "") -> AnnotationRow:
    """The verdict as a row, each answer on a side that the hash of the texts decides.

    Two answers with the same rating are a tie. A difference of ratings stays in `score_1` and `score_2`: on a scale
    that is not known it is no probability.
    """
    first, second, chosen = pair.sides
    return AnnotationRow(
        item_id=item_id,
        dataset=dataset,
        instruction=pair.asked.instruction,
        input=pair.asked.input,
        output_1=first.text,
        output_2=second.text,
        model_1=first.model,
        model_2=second.model,
        annotator=annotator,
        annotator_kind=kind,
        preference=1.5 if pair.is_tie else float(chosen),
        raw_label=f"chosen={chosen}",
        score_1=first.rating,
        score_2=second.rating,
        history=pair.asked.history,
        turns_1=first.turns,
        turns_2=second.turns,
    ).read_from(pair.columns)


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
    """`pair_row` of two answers to a single-turn instruction."""
    pair = ChosenPair(
        asked=Instruction(instruction=instruction),
        chosen=Answer(chosen, model=chosen_model),
        rejected=Answer(rejected, model=rejected_model),
    )
    return pair_row(pair, dataset=dataset, annotator=annotator, kind=kind, item_id=item_id)
