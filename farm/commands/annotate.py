"""`farm annotate`: an annotator labels a file of comparisons, or of two models' outputs."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from farm.annotators.annotator import Annotator
from farm.annotators.noise.noise import Noise
from farm.annotators.noised import replace_noise
from farm.annotators.recorded import RecordedAnnotator
from farm.annotators.tally import Tally
from farm.annotators.threads import overlapped
from farm.calls.dry_run import dry_calls
from farm.calls.lazy import LazyCalls, lazy_calls
from farm.calls.settings import CallSettings
from farm.commands.annotate_report import AnnotateMeter, cost_lines, dry_run_lines
from farm.compose import compose_one
from farm.config import ConfigError, Problem, build
from farm.data.annotated_rows import annotated, annotated_schema, open_writers
from farm.data.comparison_files import open_comparisons
from farm.data.comparisons import ComparedRow, Comparisons
from farm.data.files.rows import DataError, format_of
from farm.progress import progress
from farm.records import Annotation

TICK_SECONDS = 0.5
BOTH_ENDINGS = (".parquet", ".json")
"""Written if `output` has no ending."""


@dataclass(frozen=True, kw_only=True)
class AnnotateSettings:
    """conf/annotate.yaml"""

    input: tuple[Path, ...]
    """One file of comparisons, or two of outputs."""
    output: tuple[Path, ...]
    """Files to write, by their endings."""
    annotator: Annotator
    """Who labels."""
    seed: int
    """Keys all draws."""
    noise: Mapping[str, Noise] | None
    """Stages by name in place of the annotator's own noise; None for its own."""
    dry_run: bool
    """Say what it would take, and do nothing."""
    chunk_rows: int
    """Comparisons that are worked on as one piece."""
    chunks_in_flight: int
    """Pieces worked on at the same time."""
    calls: CallSettings
    """How judge models are asked."""

    def __post_init__(self) -> None:
        for name in ("chunk_rows", "chunks_in_flight"):
            if vars(self)[name] < 1:
                raise ValueError(f"{name}: expected at least 1, got {vars(self)[name]}")


def annotate(arguments: Sequence[str]) -> int:
    """Label the input; returns the exit code: 1 if a budget left rows without an answer, or none has a verdict."""
    settings = compose_one("annotate", arguments, settings_of)
    start = time.monotonic()
    with open_comparisons(settings.input) as source:
        for note in source.notes:
            print(f"note: {note}", file=sys.stderr)
        if settings.dry_run:
            return _dry_run(settings, source)
        with lazy_calls(settings.calls, needs_all=False) as calls:
            tally = _label(settings, source, calls)
            print(f"{settings.annotator.name}: {tally.n:,} comparisons from {_names(settings.input)}")
            report = None if calls.session is None else calls.session.report()
            for line in [*tally.lines(), *cost_lines(report, settings.calls.human, tally.n)]:
                print(f"  {line}")
            print(f"  {time.monotonic() - start:.1f} s, written to {_names(settings.output)}")
            stop = None if calls.session is None else calls.session.budget_stop()
    if stop:
        print(f"farm: {stop}; rows that were not asked about have no preference", file=sys.stderr)
    elif tally.failure:
        print(f"farm: {tally.failure}", file=sys.stderr)
    return 1 if stop or tally.failure else 0


def settings_of(config: Mapping[str, object]) -> AnnotateSettings:
    """The settings that a composed configuration describes.

    Raises:
        ConfigError: with every problem.
    """
    inputs = _several(config.get("input"))
    outputs = [path for given in _several(config.get("output")) for path in _with_ending(given)]
    problems = []
    if not 1 <= len(inputs) <= 2:
        problems.append(
            Problem("input", "give a file of comparisons, input=PATH, or two of outputs, 'input=[PATH,PATH]'")
        )
    if not outputs and not config.get("dry_run"):
        problems.append(Problem("output", "say where the annotations go, output=PATH, or dry_run=true"))
    problems += [problem for path in outputs if (problem := _output_problem(path, inputs))]
    given = {name: config.get(name) for name in AnnotateSettings.__dataclass_fields__}
    try:
        settings = build(AnnotateSettings, {**given, "input": inputs, "output": outputs})
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from None
    if isinstance(settings.annotator, RecordedAnnotator) and settings.annotator.file is None:
        problems.append(Problem("annotator.file", "give the file whose verdicts are replayed, annotator.file=PATH"))
    if problems:
        raise ConfigError(problems)
    return replace(settings, annotator=replace_noise(settings.annotator, settings.noise))


def _label(settings: AnnotateSettings, source: Comparisons, calls: LazyCalls) -> Tally:
    """Annotate and write chunk by chunk; only what is in flight is in memory."""
    tally = Tally()
    with (
        open_writers(settings.output, annotated_schema(source.schema)) as writers,
        progress(f"annotating with {settings.annotator.name}", total=source.n_rows, unit="comparisons") as bar,
    ):
        meter = AnnotateMeter(bar, calls, tally)
        for chunk, annotations in _annotated_chunks(settings, source, meter):
            rows = [
                annotated(compared.row, annotation) for compared, annotation in zip(chunk, annotations, strict=True)
            ]
            for writer in writers:
                writer.write(rows)
            tally.add(annotations)
            meter.tick()
    return tally


def _annotated_chunks(
    settings: AnnotateSettings, source: Comparisons, meter: AnnotateMeter
) -> Iterator[tuple[Sequence[ComparedRow], list[Annotation]]]:
    def work(chunk: Sequence[ComparedRow]) -> list[Annotation]:
        comparisons = [compared.comparison for compared in chunk]
        return settings.annotator.annotate(comparisons, (), settings.seed, with_noise=True, calls=meter)

    return overlapped(
        work,
        meter.started(source.chunks(settings.chunk_rows)),
        n_in_flight=settings.chunks_in_flight,
        while_waiting=meter.tick,
        tick_seconds=TICK_SECONDS,
    )


def _dry_run(settings: AnnotateSettings, source: Comparisons) -> int:
    """Ask everything of calls that only count."""
    label = f"counting the calls of {settings.annotator.name}"
    with dry_calls(settings.calls) as calls:
        with progress(label, total=source.n_rows, unit="comparisons") as bar:
            for chunk in source.chunks(settings.chunk_rows):
                comparisons = [compared.comparison for compared in chunk]
                settings.annotator.annotate(comparisons, (), settings.seed, with_noise=False, calls=calls)
                bar.advance(len(chunk))
        report = calls.report()
    print(f"dry run: {settings.annotator.name} on {source.n_rows:,} comparisons from {_names(settings.input)}")
    for line in dry_run_lines(report, settings.calls.human, source.n_rows):
        print(f"  {line}")
    print("  nothing was sent and nothing was written")
    return 0


def _several(value: object) -> list[object]:
    """One path, a list of paths, or none (`input=` says nothing)."""
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def _with_ending(path: object) -> list[object]:
    if isinstance(path, str) and not Path(path).suffix and not Path(path).is_dir():
        return [path + ending for ending in BOTH_ENDINGS]
    return [path]


def _output_problem(path: object, inputs: Sequence[object]) -> Problem | None:
    if not isinstance(path, str):
        return None  # the settings' types say so
    if Path(path).is_dir():
        return Problem("output", f"{path} is a folder; give the name of a file in it")
    try:
        format_of(Path(path))
    except DataError as error:
        return Problem("output", str(error))
    if any(isinstance(given, str) and Path(given).resolve() == Path(path).resolve() for given in inputs):
        return Problem("output", f"{path} is the input; annotations go to a file of their own")
    return None


def _names(paths: Sequence[Path]) -> str:
    return " and ".join(str(path) for path in paths)
