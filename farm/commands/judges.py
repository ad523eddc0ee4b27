"""`farm judges`: how good judges are: against human labels, against baselines, under attack."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from farm.analysis.judges.attacks import Attack
from farm.analysis.judges.labelled_set import ReadSet, read_labelled
from farm.analysis.judges.measure import MeasureSettings, measure, total_verdicts
from farm.analysis.judges.picture import draw_judges
from farm.analysis.judges.report import JUDGES_PNG, MEANINGS, JudgeReport, judges_page, write_judges
from farm.annotators.annotator import Annotator
from farm.annotators.noise.noise import Noise
from farm.annotators.noised import replace_noise
from farm.calls.dry_run import dry_calls
from farm.calls.lazy import lazy_calls
from farm.calls.settings import CallSettings
from farm.commands.annotate_report import cost_lines, dry_run_lines
from farm.compose import Config, compose_one
from farm.config import ConfigError, Problem, build
from farm.judges.baselines import BaselineRule
from farm.progress import progress
from farm.reports.page import terminal
from farm.stats.bootstrap import Resampling

MAX_PRINTED = 20
"""Judges whose tables are printed; of more, the files are named only."""


@dataclass(frozen=True, kw_only=True)
class JudgesSettings:
    """conf/judges.yaml"""

    input: Path
    """Recorded labels."""
    humans: Path | None
    """Whose human labels are used instead."""
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

    def __post_init__(self) -> None:
        try:
            re.compile(self.same_judge)
        except re.error as error:
            raise ValueError(f"same_judge: {self.same_judge!r} is no regular expression: {error}") from error
        least = {"repetitions": 1, "attacked_items": 0, "n_resamples": 1, "max_items": 1}
        for name, low in least.items():
            value = vars(self)[name]
            if value is not None and value < low:
                raise ValueError(f"{name}: expected at least {low}, got {value}")


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """The node of one annotator."""

    annotator: Annotator
    """Who is asked."""
    noise: Mapping[str, Noise] | None
    """Stages by name in place of its own noise; None for its own."""


def judges(arguments: Sequence[str]) -> int:
    """Write and print the report; returns the exit code: 1 if no verdict of any judge could be read."""
    settings = compose_one("judges", arguments, _settings)
    annotators = _annotators(settings, arguments)
    read = read_labelled(settings.input, settings.humans, same_judge=settings.same_judge, max_items=settings.max_items)
    measured = MeasureSettings(
        annotators=tuple(annotators),
        baselines=settings.baselines,
        attacks={name: attack for name, attack in settings.attacks.items() if attack is not None},
        n_attacked=settings.attacked_items,
        n_repetitions=settings.repetitions,
        seed=settings.seed,
        resampling=Resampling(seed=settings.seed, n_resamples=settings.n_resamples),
    )
    if settings.dry_run:
        return _dry_run(settings, read, measured)
    total = total_verdicts(read.items, measured)
    # A report must be whole: a budget that is spent ends the run, and what was answered stays in the cache.
    with (
        lazy_calls(settings.calls, needs_all=True) as calls,
        progress("asking judges", total=total, unit="verdicts") as bar,
    ):
        report = measure(read, measured, source=str(settings.input), calls=calls, advance=bar.advance)
        costs = None if calls.session is None else calls.session.report()
    draw_judges(report, settings.output / JUDGES_PNG)
    _print(report, write_judges(report, settings.output))
    for line in cost_lines(costs, settings.calls.human, total):
        print(f"  {line}")
    if report.failure:
        print(f"farm: {report.failure}", file=sys.stderr)
    return 1 if report.failure else 0


def _settings(config: Config) -> JudgesSettings:
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


def _annotators(settings: JudgesSettings, arguments: Sequence[str]) -> list[Annotator]:
    """The annotators by name, each with the same command line.

    Raises:
        ConfigError: with every problem of every annotator.
    """
    made: list[Annotator] = []
    problems: list[Problem] = []
    for name in settings.annotators:
        try:
            chosen = compose_one("judges", [*arguments, f"annotator={name}"], _chosen)
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


def _chosen(config: Config) -> _Chosen:
    if config.get("annotator") is None:
        raise ConfigError([])  # no such choice, which is among the problems already
    return build(_Chosen, {"annotator": config["annotator"], "noise": config.get("noise")})


def _dry_run(settings: JudgesSettings, read: ReadSet, measured: MeasureSettings) -> int:
    """Ask everything of calls that only count."""
    total = total_verdicts(read.items, measured)
    with dry_calls(settings.calls) as calls, progress("counting calls", total=total, unit="verdicts") as bar:
        measure(read, measured, source=str(settings.input), calls=calls, advance=bar.advance)
        counted = calls.report()
    print(f"dry run: {len(measured.annotators)} annotators on {len(read.items.item_ids):,} items, {total:,} verdicts")
    for line in dry_run_lines(counted, settings.calls.human, total):
        print(f"  {line}")
    print("  nothing was sent and nothing was written")
    return 0


def _print(report: JudgeReport, files: Sequence[Path]) -> None:
    """The page without what the figures mean; of many judges only the first two sections."""
    page = judges_page(report)
    sections = [section for section in page.sections if section.title != MEANINGS]
    if len(report.judges) > MAX_PRINTED:
        sections = sections[:2]
    print(terminal(replace(page, sections=tuple(sections))))
    for path in files:
        print(f"  {path}")
    if report.humans is not None:
        for judge in report.judges:
            if judge.figures.agreement.value is None:
                print(f"farm: {judge.name}: {judge.figures.agreement.reason}", file=sys.stderr)
