"""What `farm evaluate` is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from farm.annotators.annotator import Annotator
from farm.calls.settings import CallSettings
from farm.config.checks import check_fields, check_name
from farm.config.compose import Config, compose_one
from farm.config.conf_dirs import choices
from farm.config.objects import ConfigError, Problem, build
from farm.data.files.column_mapping import ColumnMapping
from farm.leaderboard.tracks.track import Track

if TYPE_CHECKING:
    from farm.pipeline.policy_answers import Answering

SOURCES = ("outputs", "annotations", "policy", "server")
"""Where a model's answers, or verdicts on them, may come from."""


@dataclass(frozen=True, kw_only=True)
class EvaluateSettings:
    """conf/evaluate.yaml"""

    outputs: Path | None
    """A file of outputs."""
    annotations: Path | None
    """Recorded annotations."""
    policy: Path | None
    """A checkpoint's folder, or a policy's artifact."""
    server: str | None
    """The address of an OpenAI-compatible server."""
    model: str | None
    """The model that the server is asked for."""
    track: Track
    """What is answered, and who judges."""
    name: str | None
    """What the model is called; None: as the files say."""
    columns: ColumnMapping
    """Columns of files in a layout of one's own."""
    api_key_variable: str
    """The environment variable that holds the server's key."""
    temperature: float
    """Of answers that are drawn here."""
    max_tokens: int
    """At which such answers are cut."""
    allow_empty: bool
    """Take outputs that are empty."""
    replace: bool
    """Put the model in the place of one of its name."""
    root: Path | None
    """Where the artifacts are; None: nothing is added."""
    output: Path
    """Folder of evaluation.json."""
    seed: int
    """Keys all draws."""
    n_resamples: int
    """Of the bootstraps."""
    dry_run: bool
    """Say what it would take, and do nothing."""
    calls: CallSettings
    """How models are asked."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"n_resamples": 1, "max_tokens": 1, "temperature": 0})
        if self.name is not None:
            check_name("name", self.name)


def evaluate_settings(overrides: Sequence[str]) -> EvaluateSettings:
    """The settings of conf/evaluate.yaml with these overrides.

    Raises:
        ConfigError: with every problem.
    """
    return compose_one("evaluate", overrides, settings_of)


def settings_of(config: Config) -> EvaluateSettings:
    """The settings that a composed configuration describes.

    Raises:
        ConfigError: with every problem.
    """
    given = {name: config.get(name) for name in EvaluateSettings.__dataclass_fields__}
    problems = _source_problems(config)
    if given["track"] is None:
        raise ConfigError([*problems, Problem("track", f"say which, track=NAME: {', '.join(choices('track'))}")])
    try:
        settings = build(EvaluateSettings, given)
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from None
    if problems:
        raise ConfigError(problems)
    return settings


def chosen_annotator(settings: EvaluateSettings, overrides: Sequence[str]) -> Annotator:
    """Who judges outputs: annotator=NAME, or the track's.

    Raises:
        ConfigError: with every problem.
    """
    named = [override for override in overrides if override.startswith("annotator=")]
    if not named and settings.track.annotator is None:
        raise ConfigError([Problem("annotator", "the track names nobody who judges; say annotator=NAME")])
    line = list(overrides) if named else [*overrides, f"annotator={settings.track.annotator}"]
    return compose_one("evaluate", line, _annotator).annotator


def chosen_answering(settings: EvaluateSettings, overrides: Sequence[str]) -> "Answering":
    """How a policy answers.

    Raises:
        ConfigError: with every problem.
    """
    # Imported here: torch takes seconds, and nothing else needs it.
    from farm.pipeline.policy_answers import Answering

    local = settings.calls.local
    given = {
        "name": settings.name or (settings.policy.resolve().name if settings.policy is not None else ""),
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
        "dtype": local.dtype,
        "device": local.device,
        "threads": local.threads,
        "batch_size": local.batch_size,
    }
    return compose_one("evaluate", overrides, lambda config: build(Answering, {**given, "prompt": config["prompt"]}))


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """The node of the annotator."""

    annotator: Annotator
    """Who is asked."""


def _annotator(config: Config) -> _Chosen:
    return build(_Chosen, {"annotator": config["annotator"]})


def _source_problems(config: Config) -> list[Problem]:
    given = [name for name in SOURCES if config.get(name) is not None]
    if len(given) != 1:
        said = f"; given: {', '.join(given)}" if given else ""
        return [Problem("outputs", f"one of {', '.join(f'{name}=' for name in SOURCES)} says what is evaluated{said}")]
    if given == ["server"] and config.get("model") is None:
        return [Problem("model", "say which model the server is asked for, model=NAME")]
    if given != ["server"] and config.get("model") is not None:
        return [Problem("model", "goes with server=URL; what the model is called is name=NAME")]
    return []
