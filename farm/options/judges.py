"""What `farm judges` and `farm.judge` are asked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from farm.analysis.judges.attacks import Attack
from farm.analysis.judges.measure import MeasureSettings
from farm.annotators.annotator import Annotator
from farm.annotators.noise.noise import Noise
from farm.annotators.noised import replace_noise
from farm.calls.settings import CallSettings
from farm.config.compose import Config, compose_one
from farm.config.objects import ConfigError, Problem, build
from farm.data.files.column_mapping import ColumnMapping
from farm.judges.baselines import BaselineRule
from farm.labels.row_filter import RowFilter, check_condition, row_filters
from farm.stats.bootstrap import Resampling


@dataclass(frozen=True, kw_only=True)
class JudgesSettings:
    """conf/judges.yaml"""

    input: Path
    """Recorded labels."""
    humans: Path | None
    """Whose human labels are used instead."""
    columns: ColumnMapping
    """Columns of tables in a layout of one's own."""
    where: str | None
    """A condition on the columns of the human labels, or of the judges' where there are no others."""
    judges_where: str | None
    """The same for the recorded verdicts of judges."""
    output: Path
    """Folder of the report."""
    annotators: tuple[str, ...]
    """Names in conf/annotator."""
    each_judge: bool
    """Ask every judge of their panels too."""
    baselines: tuple[BaselineRule, ...]
    """What a judge has to beat."""
    same_judge: str
    """What the end of a recorded name says that is no part of the judge's."""
    max_items: int | None
    """Items used; None for all."""
    repetitions: int
    """Verdicts per item and order."""
    attacks: Mapping[str, Attack | None]
    """By name; None leaves one out."""
    attacked_items: int
    """Items that attacks are made of."""
    seed: int
    """Keys all draws."""
    n_resamples: int
    """Of the bootstraps."""
    dry_run: bool
    """Say what it would take, and do nothing."""
    calls: CallSettings
    """How judge models are asked."""

    @property
    def human_filters(self) -> tuple[RowFilter, ...]:
        """What leaves the human labels that count."""
        return row_filters(self.where, "human")

    @property
    def input_filters(self) -> tuple[RowFilter, ...]:
        """What leaves the rows of the input that count; its human labels are of no use where others are given."""
        own = () if self.humans is not None else self.human_filters
        return (*own, *row_filters(self.judges_where, "llm"))

    def measuring(self, annotators: Sequence[Annotator]) -> MeasureSettings:
        """What is measured, and how, when these annotators are asked."""
        return MeasureSettings(
            annotators=tuple(annotators),
            baselines=self.baselines,
            attacks={name: attack for name, attack in self.attacks.items() if attack is not None},
            n_attacked=self.attacked_items,
            n_repetitions=self.repetitions,
            seed=self.seed,
            resampling=Resampling(seed=self.seed, n_resamples=self.n_resamples),
        )

    def __post_init__(self) -> None:
        check_condition("where", self.where)
        check_condition("judges_where", self.judges_where)
        try:
            re.compile(self.same_judge)
        except re.error as error:
            raise ValueError(f"same_judge: {self.same_judge!r} is no regular expression: {error}") from error
        least = {"repetitions": 1, "attacked_items": 0, "n_resamples": 1, "max_items": 1}
        for name, low in least.items():
            value = vars(self)[name]
            if value is not None and value < low:
                raise ValueError(f"{name}: expected at least {low}, got {value}")


def judges_settings(overrides: Sequence[str]) -> JudgesSettings:
    """The settings of conf/judges.yaml with these overrides.

    Raises:
        ConfigError: with every problem.
    """
    return compose_one("judges", overrides, settings_of)


def settings_of(config: Config) -> JudgesSettings:
    given = {name: config.get(name) for name in JudgesSettings.__dataclass_fields__}
    problems = []
    if given["input"] is None:
        problems.append(Problem("input", "is required: a table or folder of labels, input=PATH"))
        given["input"] = "missing"
    if config.get("annotator") is not None:
        problems.append(Problem("annotator", "here several can be asked: say annotators=[NAME]"))
    try:
        settings = build(JudgesSettings, given)
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from None
    if problems:
        raise ConfigError(problems)
    return settings


def named_annotators(settings: JudgesSettings, overrides: Sequence[str]) -> list[Annotator]:
    """The annotators by name, each with the same overrides, and every judge of their panels if the settings say so.

    Raises:
        ConfigError: with every problem of every annotator.
    """
    made: list[Annotator] = []
    problems: list[Problem] = []
    for name in settings.annotators:
        try:
            chosen = compose_one("judges", [*overrides, f"annotator={name}"], _chosen)
        except ConfigError as error:
            problems += [
                Problem("annotators" if problem.where == "annotator" else problem.where, problem.message)
                for problem in error.problems
            ]
            continue
        annotator = replace_noise(chosen.annotator, chosen.noise)
        made += [annotator, *(annotator.each_judge() if settings.each_judge else [])]
    if problems:
        raise ConfigError(problems)
    return made


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """The node of one annotator."""

    annotator: Annotator
    """Who is asked."""
    noise: Mapping[str, Noise] | None
    """Stages by name in place of its own noise; None for its own."""


def _chosen(config: Config) -> _Chosen:
    if config.get("annotator") is None:
        raise ConfigError([])  # no such choice, which is among the problems already
    return build(_Chosen, {"annotator": config["annotator"], "noise": config.get("noise")})
