"""The texts behind an entry's verdicts: what was asked, what the model and the reference answered, what judges said."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from farm.errors import UserError
from farm.leaderboard.answers import EntryAnswer, Judgement
from farm.leaderboard.entries import Entry
from farm.leaderboard.submissions import KIND, read_answers
from farm.pipeline.judging.standings import comparisons_with_reference
from farm.records import Annotation, Outcome, Output
from farm.store.ancestry import artifacts_by_key, manifest_of, parents_of
from farm.store.artifacts import Artifact, Store
from farm.store.tables import read_table


def answers_of(store: Store, entry: Entry, *, by_key: Mapping[str, Artifact] | None = None) -> Iterator[EntryAnswer]:
    """The entry's answers, in the order of the track's instructions.

    Args:
        store: the root that the entry comes from.
        entry: a run's or a submission's.
        by_key: all artifacts of the root, if they have been listed already.

    Raises:
        UserError: the root has not got them.
    """
    by_key = artifacts_by_key(store) if by_key is None else by_key
    if entry.key not in by_key:
        raise UserError(f"{entry.name}: its artifact {entry.key} is not under {store.root}; give the root it came from")
    artifact = by_key[entry.key]
    if artifact.kind == KIND:
        yield from read_answers(artifact)
    else:
        yield from _of_run(by_key, artifact, entry)


def _of_run(by_key: Mapping[str, Artifact], artifact: Artifact, entry: Entry) -> Iterator[EntryAnswer]:
    parents = parents_of(by_key, artifact)
    outputs = read_table(parents["outputs"].file("outputs.parquet"), Output)
    reference = read_table(parents["dataset"].file("evaluation.parquet"), Output)[: len(outputs)]
    said: dict[str, list[Annotation]] = defaultdict(list)
    for annotation in read_table(artifact.file(f"annotations_{entry.annotator}.parquet"), Annotation):
        said[annotation.comparison_key].append(annotation)
    scores = {
        outcome.instruction_key: outcome.score
        for outcome in read_table(artifact.file("outcomes.parquet"), Outcome)
        if outcome.annotator_eval == entry.annotator
    }
    graded = is_graded(artifact, entry.annotator)
    compared = comparisons_with_reference(reference, outputs)
    for against, output, comparison in zip(reference, outputs, compared, strict=True):
        yield EntryAnswer(
            key=entry.key,
            annotator=entry.annotator,
            instruction_key=output.instruction_key,
            instruction=output.instruction,
            input=output.input,
            output=output.output,
            reference=against.output,
            is_finished=output.is_finished,
            score=scores.get(output.instruction_key),
            judgements=_judgements(said[comparison.key], graded=graded),
        )


def is_graded(standings: Artifact, annotator: str) -> bool:
    """Whether the run counted this annotator's verdicts by their grades (`counts_grades`)."""
    return annotator in manifest_of(standings)["component"].get("graded", ())


def _judgements(annotations: Sequence[Annotation], *, graded: bool) -> tuple[Judgement, ...]:
    """The reference is output_1 of every comparison."""
    return tuple(
        Judgement(
            judge=annotation.judge,
            preference=_preference(annotation, graded=graded),
            first_shown=annotation.first_shown or None,
            reply=annotation.raw_reply,
            unparsed_reason=annotation.unparsed_reason,
        )
        for annotation in annotations
    )


def _preference(annotation: Annotation, *, graded: bool) -> float | None:
    if annotation.preference is None:
        return None
    if graded and annotation.p_first is not None:
        return 2.0 - annotation.p_first
    return annotation.preference.value
