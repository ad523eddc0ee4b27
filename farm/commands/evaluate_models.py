"""What `farm evaluate` measures: recorded models, or one whose outputs are judged first."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from farm.annotators.tally import Tally
from farm.calls.request import Calls, Decoding, ModelSlot
from farm.calls.tokens import CHARACTERS_PER_TOKEN
from farm.commands.shortfall import warn_of_shortfall
from farm.data.files.table_files import DataError
from farm.leaderboard.evaluation.answers_of_track import Answered, answered, read_answers_of_track
from farm.leaderboard.evaluation.evaluated import Evaluated, evaluated_recording
from farm.leaderboard.evaluation.judged import evaluated_outputs, labels_of
from farm.leaderboard.evaluation.openchat_results import read_results, result_files
from farm.leaderboard.evaluation.recorded import RecordedModel, read_recorded
from farm.leaderboard.evaluation.recorded_rows import rows_shown
from farm.leaderboard.evaluation.server_answers import ask_server
from farm.leaderboard.tracks.items import TrackItems, has_items, track_items
from farm.leaderboard.tracks.track import Track
from farm.options.evaluate import EvaluateSettings, chosen_annotator, chosen_answering
from farm.records import instructions_of
from farm.store.artifacts import Store
from farm.wording import listed

MAX_NAME = 200
"""Characters; some of AlpacaEval's working titles have eighty."""


class Models(NamedTuple):
    """What was measured."""

    models: list[Evaluated]
    asked: Mapping[str, str]
    """The reference's output by key of the track's instructions; empty if they are not known."""
    notes: tuple[str, ...]
    """About all of them."""
    is_on_track: bool
    """Whether they were compared with the track's reference, so that they can stand in its table."""
    is_short: bool
    """Whether too few verdicts could be read."""


def recorded_models(settings: EvaluateSettings) -> Models:
    """The models of recorded annotations.

    Raises:
        DataError: what is recorded does not fit together, or the track.
    """
    track, path = settings.track, settings.annotations
    assert path is not None
    left_out: list[str] = []
    if files := result_files(path):
        recorded = [read_results(file) for file in files]
    else:
        recorded, left_out = read_recorded(
            path,
            annotator=track.recorded_annotator,
            reference_name=track.reference_name,
            name=settings.name,
        )
    if settings.name is not None:
        if len(recorded) > 1:
            there = listed([repr(model.name) for model in recorded], 5)
            raise DataError(f"{path}: name={settings.name} names one model, and there are {len(recorded)}: {there}")
        recorded = [replace(recorded[0], name=settings.name)]
    nameless = [model for model in recorded if not model.name]
    if nameless:
        rows = rows_shown([verdict.row for verdict in nameless[0].verdicts])
        raise DataError(
            f"{nameless[0].path}: {rows}, field `generator_2`: nothing says which model this is, and no folder "
            + ("<model>/<annotator>; give name=NAME" if len(recorded) == 1 else "does; fill it in, or leave them out")
        )
    for model in recorded:
        _check_name(model.path, model.name)
    asked: dict[str, str] = {}
    if has_items(track):
        items = track_items(track)
        recorded = [_on_track(model, items) for model in recorded]
        asked = items.texts
    reference = recorded[0].reference_name
    is_on_track = track.reference_name is None or reference in ("", track.reference_name)
    notes = [*left_out, *([] if is_on_track else [_other_reference(track, reference)])]
    return Models(
        models=[evaluated_recording(model, track, name=model.name) for model in recorded],
        asked=asked,
        notes=tuple(notes),
        is_on_track=is_on_track,
        is_short=False,
    )


def judged_model(settings: EvaluateSettings, overrides: Sequence[str], calls: Calls, store: Store | None) -> Models:
    """A model whose outputs are judged by the track's annotator, and made first by a policy or a server.

    Raises:
        UserError: the outputs do not fit the track, or an instruction was not answered.
    """
    annotator = chosen_annotator(settings, overrides)
    items = track_items(settings.track)
    answers, answering_usd = _answers(settings, overrides, items, calls, store)
    name = settings.name or answers.generator
    if not name:
        raise DataError(f"{settings.outputs}: nothing says which model this is: no column `generator`; give name=NAME")
    _check_name(settings.outputs or settings.policy, name)
    labels = labels_of(answers, settings.track, annotator, seed=settings.seed, calls=calls)
    model = evaluated_outputs(
        answers, labels, settings.track, annotator, name=name, origin=_origin(settings), answering_usd=answering_usd
    )
    tally = Tally()
    for annotations in labels:
        tally.add(annotations)
    return Models(
        models=[model],
        asked=items.texts,
        notes=(),
        is_on_track=True,
        is_short=warn_of_shortfall({annotator.name: tally}, settings.calls.max_unparsed),
    )


class _Answers(NamedTuple):
    answered: Answered
    cost_usd: float | None


def _answers(
    settings: EvaluateSettings, overrides: Sequence[str], items: TrackItems, calls: Calls, store: Store | None
) -> _Answers:
    places = range(len(items.references))
    if settings.outputs is not None:
        read = read_answers_of_track(settings.outputs, items, settings.columns, allow_empty=settings.allow_empty)
        return _Answers(read, 0.0)
    if settings.server is not None:
        assert settings.model is not None
        slot = ModelSlot(
            model=settings.model,
            kind="endpoint",
            base_url=settings.server,
            api_key_variable=settings.api_key_variable,
            address_from="server=",
        )
        decoding = Decoding(temperature=settings.temperature, max_tokens=settings.max_tokens)
        return _Answers(*ask_server(items, slot, decoding, calls))
    assert settings.policy is not None
    if settings.dry_run:
        made_up = "x" * int(settings.max_tokens * CHARACTERS_PER_TOKEN / 2)
        return _Answers(answered([replace(each, output=made_up) for each in items.references], places, items), 0.0)
    # Imported here: torch takes seconds, and recorded annotations need none.
    from farm.pipeline.policy_answers import policy_at, policy_outputs

    policy = policy_at(settings.policy, settings.root, settings.temperature)
    answering = chosen_answering(settings, overrides)
    outputs = policy_outputs(policy, answering, instructions_of(items.references), seed=settings.seed, store=store)
    return _Answers(answered(outputs, places, items), 0.0)


def _check_name(path: Path | None, name: str) -> None:
    """Raise DataError for a name that no table can show."""
    if len(name) > MAX_NAME:
        raise DataError(
            f"{path}: the model is called {name[:40]!r}..., {len(name):,} characters; give it a name of at most "
            f"{MAX_NAME}, name=NAME"
        )


def _origin(settings: EvaluateSettings) -> str:
    given: Mapping[str, object] = {
        "outputs": settings.outputs,
        "policy": settings.policy,
        "server": settings.server,
    }
    return next(name for name, value in given.items() if value is not None)


def _on_track(model: RecordedModel, items: TrackItems) -> RecordedModel:
    """The model's verdicts with the instructions as the track asks them; raises DataError for those of no track's."""
    verdicts, strange = [], list[int]()
    for verdict in model.verdicts:
        place = items.place_of(verdict.instruction)
        if place is None:
            strange.append(verdict.row)
            continue
        asked = items.references[place]
        instruction = replace(
            verdict.instruction, instruction=asked.instruction, input=asked.input, history=asked.history
        )
        verdicts.append(replace(verdict, instruction=instruction))
    if strange:
        rows = listed([str(row) for row in strange], 5)
        raise DataError(
            f"{model.path}: rows {rows}, field `instruction`: none of the track's {len(items.references):,} "
            "instructions"
        )
    return replace(model, verdicts=verdicts)


def _other_reference(track: Track, reference: str) -> str:
    return (
        f"compared with {reference}, and the reference of track {track.name} is {track.reference_name}: these are no "
        "figures of this track, and were not added to its leaderboard"
    )
