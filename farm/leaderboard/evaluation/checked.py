"""Every integrity check on models that were evaluated together, beside those that are on their track already."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from farm.leaderboard.answers import EntryAnswer
from farm.leaderboard.board import Finding
from farm.leaderboard.evaluation.evaluated import Evaluated, figures_of
from farm.leaderboard.integrity.between_models import (
    Fingerprints,
    duplicate_outputs,
    fingerprints,
    reference_itself,
)
from farm.leaderboard.integrity.noted import as_note
from farm.leaderboard.integrity.outputs import output_findings
from farm.leaderboard.integrity.verdicts import (
    coverage,
    other_annotator,
    other_reference,
    other_scale,
    unparsed_bounds,
    usual_instructions,
    usual_references,
)
from farm.leaderboard.tracks.track import Track


def checked(
    models: Sequence[Evaluated],
    track: Track,
    *,
    asked: Mapping[str, str],
    there: Mapping[str, Sequence[EntryAnswer]],
    rates: Mapping[str, float],
) -> list[Evaluated]:
    """The models with what the checks found; every finding is among the notes of the entry too.

    Args:
        models: of one track and annotator.
        track: theirs.
        asked: the reference's output by key of the track's instructions; empty if they are not known, and then counts
            what most models have.
        there: answers of the models that are on the track already, by name; those of `models` take their place.
        rates: win rates of the models of the table that are there already, by name.
    """
    by_name = {**there, **{model.entry.name: model.answers for model in models}}
    prints = {name: _prints(name, answers) for name, answers in by_name.items()}
    keys = [[answer.instruction_key for answer in answers] for answers in by_name.values()]
    usual = (set(asked), "the track's instructions") if asked else (usual_instructions(keys), "the usual instructions")
    texts = asked or usual_references([_references(answers) for answers in by_name.values()])
    known = {**rates, **{m.entry.name: rate for m in models if (rate := figures_of(m.verdicts).win_rate) is not None}}
    found = []
    for model in models:
        name = model.entry.name
        findings = [
            *output_findings(
                [answer.output for answer in model.answers],
                [answer.reference for answer in model.answers],
                is_finished=[answer.is_finished for answer in model.answers],
            ),
            *duplicate_outputs(prints[name], [other for key, other in prints.items() if key != name]),
            *(coverage([a.instruction_key for a in model.answers], usual[0], usual[1]) if usual[0] else []),
            *_of_verdicts(model, track, texts, {key: rate for key, rate in known.items() if key != name}),
        ]
        notes = (*model.entry.notes, *map(as_note, findings))
        found.append(replace(model, findings=findings, entry=replace(model.entry, notes=notes)))
    return found


def _of_verdicts(
    model: Evaluated, track: Track, texts: Mapping[str, str], others: Mapping[str, float]
) -> list[Finding]:
    n_rows = len(model.verdicts)
    is_recorded = model.entry.origin == "annotations"
    found = [
        reference_itself([a.output for a in model.answers], [a.reference for a in model.answers]),
        other_reference(_references(model.answers), texts),
        other_annotator(model.entry.annotator, track.recorded_annotator, n_rows) if is_recorded else None,
        other_scale(is_graded=model.is_graded, is_expected=track.is_graded, n_labels=track.n_labels, n_rows=n_rows)
        if is_recorded
        else None,
        unparsed_bounds([verdict.score for verdict in model.verdicts], others),
    ]
    return [finding for finding in found if finding is not None]


def _prints(name: str, answers: Sequence[EntryAnswer]) -> Fingerprints:
    return fingerprints(name, [a.instruction_key for a in answers], [a.output for a in answers])


def _references(answers: Sequence[EntryAnswer]) -> dict[str, str]:
    return {answer.instruction_key: answer.reference for answer in answers}
