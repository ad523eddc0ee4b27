"""`farm calibrate`: fit the noise of a crowd to human labels, on top of a judge's verdicts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from farm.analysis.calibration.data import (
    CalibrationData,
    HumanLabels,
    calibration_data,
    human_labels,
    recorded_verdicts,
)
from farm.analysis.calibration.fit_and_check import Calibration, FitSettings, calibrate_crowd, n_steps
from farm.analysis.calibration.picture import draw_calibration
from farm.analysis.calibration.report import CALIBRATION_PNG, calibration_json, calibration_page
from farm.analysis.calibration.yaml_file import AnnotatorBase, RecordedBase, annotator_yaml
from farm.annotators.annotator import Annotator
from farm.annotators.recorded import RecordedAnnotator
from farm.calls.lazy import lazy_calls
from farm.calls.settings import CallSettings
from farm.compose import compose_one
from farm.conf_dirs import CONF_DIR, DEFAULT_DIR, choices, user_conf_dir
from farm.config import ConfigError, Problem, build
from farm.labels.read import notes_of, read_annotations
from farm.progress import progress
from farm.records import Annotation
from farm.reports.json_file import write_json
from farm.reports.page import terminal, write_page
from farm.suggestions import did_you_mean


@dataclass(frozen=True, kw_only=True)
class CalibrateSettings:
    """conf/calibrate.yaml"""

    humans: Path
    """Table or folder with human labels."""
    judge: str
    """Table or folder with a judge's verdicts, or the name of an annotator."""
    annotator: str | None
    """The judge in the table, where it holds several."""
    name: str
    """Name of the fitted annotator."""
    base: str | None
    """The annotator that the written file puts the noise on; None for the judge itself."""
    annotator_dir: Path | None
    """Folder of the written file; None for annotator/ in the user's own settings folder."""
    overwrite: bool
    """Whether the file may be replaced."""
    output: Path
    """Folder of the report."""
    live: Annotator | None
    """The annotator that `judge` names."""
    calls: CallSettings
    """How judge models are asked."""

    @property
    def config_path(self) -> Path:
        return (self.annotator_dir or user_conf_dir() / "annotator") / f"{self.name}.yaml"


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """Everything on the command line."""

    command: CalibrateSettings
    fit: FitSettings


def calibrate(arguments: Sequence[str]) -> int:
    """Fit, check, write and print; returns the exit code."""
    settings = _composed(arguments)
    command = settings.command
    table = read_annotations(command.humans, assumed_kind="human")
    people = human_labels(table)
    notes = notes_of(table)
    data = _judged(command, people, p_limit=settings.fit.p_limit, seed=settings.fit.seed, notes=notes)
    with progress("calibrating", total=n_steps(settings.fit), unit="steps") as bar:
        found = calibrate_crowd(data, settings.fit, bar=bar)
    _write(found, command)
    return 0


def _composed(arguments: Sequence[str]) -> _Settings:
    """The settings; where `judge` names an annotator, that one is chosen as the live judge."""
    try:
        judge = compose_one("calibrate", arguments, dict)["judge"]
    except ConfigError:
        judge = None  # the line is wrong; composed again below, it says everything that is
    if isinstance(judge, str) and judge != "???" and not Path(judge).exists():
        names = choices("annotator")
        if judge not in names:
            raise ConfigError([Problem("judge", _unknown_judge(judge, names))])
        arguments = [*arguments, f"annotator@live={judge}"]
    return compose_one("calibrate", arguments, settings_of)


def settings_of(config: Mapping[str, object]) -> _Settings:
    problems: list[Problem] = []
    fields = CalibrateSettings.__dataclass_fields__
    command: CalibrateSettings | None = None
    fit: FitSettings | None = None
    try:
        command = build(CalibrateSettings, {name: config.get(name) for name in fields})
    except ConfigError as error:
        problems += error.problems
    try:
        fit = build(FitSettings, {name: config.get(name) for name in FitSettings.__dataclass_fields__})
    except ConfigError as error:
        # A value out of range names its field in the message.
        problems += [p if p.where else Problem(*p.message.split(": ", 1)) for p in error.problems]
    if command is not None:
        problems += _name_problems(command)
    if problems or command is None or fit is None:
        raise ConfigError(problems)
    return _Settings(command=command, fit=fit)


def _name_problems(command: CalibrateSettings) -> list[Problem]:
    problems = []
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", command.name):
        problems.append(
            Problem("name", f"expected letters, digits, _, - and . (it names a file), got {command.name!r}")
        )
    if (CONF_DIR / "annotator" / f"{command.name}.yaml").exists():
        problems.append(Problem("name", f"farm comes with an annotator {command.name!r}; choose another name"))
    elif command.config_path.exists() and not command.overwrite:
        problems.append(
            Problem("name", f"{command.config_path} exists; choose another name, or overwrite=true to replace it")
        )
    names = choices("annotator")
    if command.base is not None and command.base not in names:
        problems.append(Problem("base", f"no annotator {command.base!r}; {did_you_mean(command.base, names)}"))
    base = command.base or (command.judge if command.live is not None else None)
    if base == command.name:
        problems.append(Problem("name", f"the file would build on itself (annotator {base}); choose another name"))
    if isinstance(command.live, RecordedAnnotator):
        problems.append(Problem("judge", "to replay a table of verdicts, give the table itself: judge=PATH"))
    if command.live is not None and command.annotator is not None:
        problems.append(Problem("annotator", f"narrows a table of verdicts, but judge={command.judge} is an annotator"))
    return problems


def _judged(
    command: CalibrateSettings, people: HumanLabels, *, p_limit: float, seed: int, notes: Sequence[str]
) -> CalibrationData:
    """The human labels with the verdicts of the judge that the settings name."""
    verdicts: Sequence[Annotation | None]
    if command.live is None:
        table = read_annotations(Path(command.judge), assumed_kind="llm")
        notes = list(dict.fromkeys([*notes, *notes_of(table)]))
        verdicts = recorded_verdicts(people, table, command.annotator)
        judge = next((verdict.judge for verdict in verdicts if verdict is not None), command.judge)
    else:
        judge = command.judge
        with lazy_calls(command.calls, needs_all=True) as calls:
            verdicts = command.live.annotate(people.comparisons, (), seed, with_noise=False, calls=calls)
    return calibration_data(people, verdicts, judge=judge, p_limit=p_limit, notes=notes)


def _write(found: Calibration, command: CalibrateSettings) -> None:
    base: RecordedBase | AnnotatorBase
    if command.base is not None or command.live is not None:
        base = AnnotatorBase(name=command.base or command.judge)
    else:
        base = RecordedBase(file=Path(command.judge), annotator=found.judge)
    path = command.config_path
    path.parent.mkdir(parents=True, exist_ok=True)
    command.output.mkdir(parents=True, exist_ok=True)
    write_json(calibration_json(found, name=command.name, config=str(path)), command.output / "calibration.json")
    draw_calibration(found, command.name, command.output / CALIBRATION_PNG)
    page = calibration_page(found, command.name, [CALIBRATION_PNG])
    pages = write_page(page, command.output, "calibration")
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(annotator_yaml(found, command.name, base), "utf-8")
    draft.replace(path)
    print(terminal(page))
    for written in (*pages, command.output / "calibration.json", command.output / CALIBRATION_PNG):
        print(f"  {written}")
    print(f"  {path}: use it with annotator={command.name}{_where_found(path)}")


def _where_found(path: Path) -> str:
    """What to say beside the annotator's name so that it is found; nothing in the folder that is looked into anyway."""
    folder = path.parent.parent
    if path.parent.name != "annotator":
        return f" once it is in {user_conf_dir() / 'annotator'}"
    return "" if folder == DEFAULT_DIR else f" conf_dir={folder}"


def _unknown_judge(judge: str, names: Sequence[str]) -> str:
    if "/" in judge or Path(judge).suffix:
        return f"no file or folder {judge}"
    return f"no file or folder of that name, and no annotator {judge!r}; {did_you_mean(judge, names)}"
