"""What `farm annotate` and `farm.annotate` are asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from farm.annotators.annotator import Annotator
from farm.annotators.labelling import Labelling
from farm.annotators.noise.noise import Noise
from farm.annotators.noised import replace_noise
from farm.annotators.recorded import RecordedAnnotator
from farm.calls.settings import CallSettings
from farm.config.compose import Config, compose_one
from farm.config.objects import ConfigError, Problem, build
from farm.data.files.column_mapping import ColumnMapping
from farm.data.files.table_files import DataError, writable_format_of

BOTH_ENDINGS = (".parquet", ".json")
"""Written if `output` has no ending."""


@dataclass(frozen=True, kw_only=True)
class AnnotateSettings:
    """conf/annotate.yaml"""

    input: tuple[Path, ...]
    """One file of comparisons, or two of outputs."""
    columns: ColumnMapping
    """Columns of files in a layout of one's own."""
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

    @property
    def labelling(self) -> Labelling:
        """Who labels, and how."""
        return Labelling(
            annotator=self.annotator,
            seed=self.seed,
            chunk_rows=self.chunk_rows,
            chunks_in_flight=self.chunks_in_flight,
        )


def annotate_settings(overrides: Sequence[str], *, has_files: bool) -> AnnotateSettings:
    """The settings of conf/annotate.yaml with these overrides.

    Args:
        overrides: in Hydra's grammar.
        has_files: whether input and output have to be files; otherwise the comparisons are in memory.

    Raises:
        ConfigError: with every problem.
    """
    return compose_one("annotate", overrides, partial(settings_of, has_files=has_files))


def settings_of(config: Config, *, has_files: bool = True) -> AnnotateSettings:
    """The settings that a composed configuration describes.

    Args:
        config: the composed configuration.
        has_files: whether input and output have to be files.

    Raises:
        ConfigError: with every problem.
    """
    inputs = _several(config.get("input"))
    outputs = [path for given in _several(config.get("output")) for path in _with_ending(given)]
    problems = []
    if has_files and not 1 <= len(inputs) <= 2:
        problems.append(
            Problem("input", "give a file of comparisons, input=PATH, or two of outputs, 'input=[PATH,PATH]'")
        )
    if has_files and not outputs and not config.get("dry_run"):
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
        writable_format_of(Path(path))
    except DataError as error:
        return Problem("output", str(error))
    if any(isinstance(given, str) and Path(given).resolve() == Path(path).resolve() for given in inputs):
        return Problem("output", f"{path} is the input; annotations go to a file of their own")
    return None
