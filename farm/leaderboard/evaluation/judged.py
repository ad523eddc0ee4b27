"""Outputs judged against a track's reference by its annotator."""

from collections.abc import Sequence

from farm.annotators.annotator import Annotator
from farm.calls.request import Calls
from farm.leaderboard.answers import EntryAnswer, Judgement
from farm.leaderboard.collection.style import style_of
from farm.leaderboard.entries import AnswerStyle, Entry, EntryVerdict
from farm.leaderboard.evaluation.answers_of_track import Answered
from farm.leaderboard.evaluation.evaluated import Evaluated, track_notes
from farm.leaderboard.tracks.tokens import token_counter
from farm.leaderboard.tracks.track import Track
from farm.pipeline.judging.standings import comparisons_with_reference, counts_grades, judge_outputs, outcomes_of
from farm.records import Annotation, Outcome, Output


def labels_of(
    answered: Answered, track: Track, annotator: Annotator, *, seed: int, calls: Calls
) -> list[list[Annotation]]:
    """`track.n_labels` annotations per output, (n_labels, n_outputs), as `farm run` judges its policies."""
    compared = comparisons_with_reference(answered.references, answered.outputs)
    return judge_outputs(annotator, compared, n_labels=track.n_labels, seed=seed, calls=calls)


def evaluated_outputs(
    answered: Answered,
    labels: Sequence[Sequence[Annotation]],
    track: Track,
    annotator: Annotator,
    *,
    name: str,
    origin: str,
    answering_usd: float | None,
) -> Evaluated:
    """A judged model on a track.

    Args:
        answered: its outputs beside the reference's.
        labels: (n_labels, n_outputs) of them.
        track: what they answer.
        annotator: who judged.
        name: what the model is called.
        origin: how it came (`Entry.origin`).
        answering_usd: what answering cost; None if it is not known.
    """
    is_graded = counts_grades(annotator)
    tokens = token_counter(track)

    def style(text: str) -> AnswerStyle:
        return style_of(text, n_tokens=None if tokens is None else tokens(text))

    outcomes = outcomes_of(annotator.name, answered.outputs, labels, None, is_graded=is_graded)
    costs = [annotation.cost_usd for annotations in labels for annotation in annotations]
    known = [cost for cost in [*costs, answering_usd] if cost is not None]
    references = {reference.generator for reference in answered.references}
    return Evaluated(
        entry=Entry(
            key="",
            track=track.name,
            annotator=annotator.name,
            name=name,
            origin=origin,
            cost_usd=sum(known) if len(known) == len(costs) + 1 else None,
        ),
        track=track_notes(track, ", ".join(sorted(references - {""}))),
        verdicts=[
            _verdict(outcome, style(output.output), style(reference.output), is_graded=is_graded)
            for outcome, output, reference in zip(outcomes, answered.outputs, answered.references, strict=True)
        ],
        answers=[
            _answer(annotator.name, outcome, output, reference, [annotations[place] for annotations in labels])
            for place, (outcome, output, reference) in enumerate(
                zip(outcomes, answered.outputs, answered.references, strict=True)
            )
        ],
    )


def _verdict(outcome: Outcome, style: AnswerStyle, reference: AnswerStyle, *, is_graded: bool) -> EntryVerdict:
    return EntryVerdict(
        key="",
        annotator=outcome.annotator_eval,
        instruction_key=outcome.instruction_key,
        score=outcome.score,
        n_wins=outcome.n_wins,
        n_ties=outcome.n_ties,
        n_losses=outcome.n_losses,
        n_unparsed=outcome.n_unparsed,
        is_graded=is_graded,
        style=style,
        reference_style=reference,
    )


def _answer(
    annotator: str, outcome: Outcome, output: Output, reference: Output, annotations: Sequence[Annotation]
) -> EntryAnswer:
    return EntryAnswer(
        key="",
        annotator=annotator,
        instruction_key=outcome.instruction_key,
        instruction=output.instruction,
        input=output.input,
        output=output.output,
        reference=reference.output,
        is_finished=output.is_finished,
        score=outcome.score,
        judgements=tuple(_judgement(annotation) for annotation in annotations),
    )


def _judgement(annotation: Annotation) -> Judgement:
    hard = None if annotation.preference is None else annotation.preference.value
    graded = 2.0 - annotation.p_first if annotation.p_first is not None and hard is not None else hard
    return Judgement(
        judge=annotation.judge,
        preference=graded,
        first_shown=annotation.first_shown or None,
        reply=annotation.raw_reply,
        unparsed_reason=annotation.unparsed_reason,
    )
