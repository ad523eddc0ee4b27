"""`farm evaluate`: a model's figures on a track, and its place on the leaderboard."""

from collections.abc import Mapping, Sequence

from farm.calls.dry_run import dry_calls
from farm.calls.lazy import LazyCalls, lazy_calls
from farm.calls.spending.cost_report import cost_lines, dry_run_lines
from farm.commands.evaluate_models import Models, judged_model, recorded_models
from farm.commands.shortfall import TOO_FEW_VERDICTS
from farm.errors import UserError
from farm.leaderboard.evaluation.checked import checked
from farm.leaderboard.evaluation.estimated_difficulty import NOT_KNOWN, estimated_difficulty
from farm.leaderboard.evaluation.evaluated import Evaluated, figures_of
from farm.leaderboard.evaluation.length import Published, length_controlled, read_published
from farm.leaderboard.evaluation.standing_there import Table, answers_there, run_standings, table_of
from farm.leaderboard.evaluation.storing import refuse_other_track, refuse_taken, store_all, stored_submissions
from farm.leaderboard.evaluation.summary import Measured, details, evaluation_json, notes_of, ranks, table_lines
from farm.leaderboard.submissions import Submission
from farm.options.evaluate import EvaluateSettings, evaluate_settings
from farm.plain_text import say
from farm.reports.json_file import write_json
from farm.stats.bootstrap import Resampling
from farm.store.artifacts import Store

FILE = "evaluation.json"


def evaluate(arguments: Sequence[str]) -> int:
    """Measure, add and print; returns the exit code: 3 if too few verdicts could be read."""
    settings = evaluate_settings(arguments)
    published = read_published(settings.track)
    if settings.annotations is not None:
        return _finish(settings, recorded_models(settings), published, Store(settings.root) if settings.root else None)
    if settings.dry_run:
        return _dry_run(settings, arguments)
    store = Store(settings.root) if settings.root is not None else None
    # What is judged must be whole: a budget that is spent ends the run, and what was answered stays in the cache.
    with lazy_calls(settings.calls, needs_all=True) as calls:
        models = judged_model(settings, arguments, calls, store)
        costs = _cost_lines(calls, settings, models)
    code = _finish(settings, models, published, store)
    for line in costs:
        say(f"  {line}")
    return code


def _finish(settings: EvaluateSettings, found: Models, published: Published, store: Store | None) -> int:
    """Check, add, write and print."""
    submissions = [] if store is None else stored_submissions(store)
    table = table_of(
        submissions,
        [] if store is None else run_standings(store),
        settings.track.name,
        found.models[0].entry.annotator,
    )
    names = {model.entry.name for model in found.models}
    there = {} if store is None else answers_there(store, table, names)
    rates = {name: rate for name, rate in table.rates.items() if name not in names}
    models = checked(found.models, settings.track, asked=found.asked, there=there, rates=rates)
    refusal = None if store is None else _refusal(settings, models, submissions, store)
    is_added = store is not None and found.is_on_track and refusal is None
    estimated = {} if published.difficulty else estimated_difficulty(models, submissions if found.is_on_track else [])
    measured = _measured(models, settings, published, table, estimated, is_added=is_added)
    if store is not None and is_added:
        store_all(store, models, submissions)
    is_blind = not (estimated or published.difficulty) and any(each.length_controlled.value for each in measured)
    notes = [*found.notes, *([NOT_KNOWN] if is_blind else [])]
    write_json(evaluation_json(measured, track=settings.track.name, notes=notes), settings.output / FILE)
    _print(settings, measured, notes)
    if refusal is not None and found.is_on_track:
        raise refusal
    return TOO_FEW_VERDICTS if found.is_short else 0


def _refusal(
    settings: EvaluateSettings, models: Sequence[Evaluated], submissions: Sequence[Submission], store: Store
) -> UserError | None:
    """Why the models cannot be added to the leaderboard: their figures are theirs all the same."""
    try:
        refuse_other_track(models, submissions)
        refuse_taken(store, models, submissions, is_replacing=settings.replace)
    except UserError as error:
        return error
    return None


def _measured(
    models: Sequence[Evaluated],
    settings: EvaluateSettings,
    published: Published,
    table: Table,
    estimated: Mapping[str, float],
    *,
    is_added: bool,
) -> list[Measured]:
    resampling = Resampling(seed=settings.seed, n_resamples=settings.n_resamples)
    figures = [figures_of(model.verdicts) for model in models]
    own = {model.entry.name: each.win_rate for model, each in zip(models, figures, strict=True)}
    rates: Mapping[str, float | None] = {**table.rates, **own} if is_added else {}
    places = ranks(rates)
    return [
        Measured(
            model=model,
            figures=each,
            length_controlled=length_controlled(model, published, resampling, estimated),
            rank=places.get(model.entry.name),
        )
        for model, each in zip(models, figures, strict=True)
    ]


def _dry_run(settings: EvaluateSettings, arguments: Sequence[str]) -> int:
    """Ask everything of calls that only count; a policy's answers are made up."""
    with dry_calls(settings.calls) as calls:
        found = judged_model(settings, arguments, calls, None)
        counted = calls.report()
    n_verdicts = _n_labels(found)
    say(f"dry run: {n_verdicts:,} verdicts on track {settings.track.name}")
    for line in dry_run_lines(counted, settings.calls.human, n_verdicts):
        say(f"  {line}")
    print("  nothing was sent and nothing was written")
    return 0


def _cost_lines(calls: LazyCalls, settings: EvaluateSettings, found: Models) -> list[str]:
    report = None if calls.session is None else calls.session.report()
    return cost_lines(report, settings.calls.human, _n_labels(found))


def _n_labels(found: Models) -> int:
    return sum(len(answer.judgements) for model in found.models for answer in model.answers)


def _print(settings: EvaluateSettings, measured: Sequence[Measured], notes: Sequence[str]) -> None:
    for line in [*table_lines(measured), *details(measured)]:
        say(line)
    for note in [*notes, *(note for each in measured for note in notes_of(each))]:
        say(f"note: {note}", is_error=True)
    say(f"  {settings.output / FILE}")
