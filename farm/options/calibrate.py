"""What `farm calibrate` and `farm.calibrate` are asked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from farm.analysis.calibration.fit_and_check import FitSettings
from farm.annotators.annotator import Annotator
from farm.annotators.recorded import RecordedAnnotator
from farm.calls.settings import CallSettings
from farm.config.checks import FieldError, check_name
from farm.config.compose import compose_one
from farm.config.conf_dirs import CONF_DIR, choices, user_conf_dir
from farm.config.objects import ConfigError, Problem, build
from farm.config.suggestions import did_you_mean
from farm.data.files.column_mapping import ColumnMapping
from farm.labels.row_filter import check_condition


@dataclass(frozen=True, kw_only=True)
class CalibrateSettings:
    """conf/calibrate.yaml"""

    humans: Path
    """Table or folder with human labels."""
    judge: str
    """Table or folder with a judge's verdicts, or the name of an annotator."""
    columns: ColumnMapping
    """Columns of tables in a layout of one's own."""
    annotator: str | None
    """The judge in the table, where it holds several."""
    where: str | None
    """A condition on the columns of the human labels."""
    judge_where: str | None
    """The same for the judge's recorded verdicts."""
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

    def __post_init__(self) -> None:
        check_condition("where", self.where)
        check_condition("judge_where", self.judge_where)

    @property
    def config_path(self) -> Path:
        return (self.annotator_dir or user_conf_dir() / "annotator") / f"{self.name}.yaml"


@dataclass(frozen=True, kw_only=True)
class AllSettings:
    """What is calibrated, and how."""

    command: CalibrateSettings
    """What, on what, and where it goes."""
    fit: FitSettings
    """How."""


def calibrate_settings(overrides: Sequence[str], *, judge_is_table: bool = False) -> AllSettings:
    """The settings of conf/calibrate.yaml with these overrides.

    Args:
        overrides: in Hydra's grammar.
        judge_is_table: `judge` says where a table that is in memory comes from; otherwise it is the path of a table or,
            where there is no such file, the name of an annotator, who is then asked.

    Raises:
        ConfigError: with every problem.
    """
    if judge_is_table:
        return compose_one("calibrate", overrides, settings_of)
    try:
        judge = compose_one("calibrate", overrides, dict)["judge"]
    except ConfigError:
        judge = None  # the line is wrong; composed again below, it says everything that is
    if isinstance(judge, str) and judge != "???" and not Path(judge).exists():
        names = choices("annotator")
        if judge not in names:
            raise ConfigError([Problem("judge", _unknown_judge(judge, names))])
        overrides = [*overrides, f"annotator@live={judge}"]
    return compose_one("calibrate", overrides, settings_of)


def settings_of(config: Mapping[str, object]) -> AllSettings:
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
    return AllSettings(command=command, fit=fit)


def _name_problems(command: CalibrateSettings) -> list[Problem]:
    problems = []
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", command.name):
        problems.append(
            Problem("name", f"expected letters, digits, _, - and . (it names a file), got {command.name[:60]!r}")
        )
        return problems
    try:
        check_name("name", command.name)
    except FieldError as error:
        return [Problem(key, reason) for key, reason in error.reasons.items()]
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


def _unknown_judge(judge: str, names: Sequence[str]) -> str:
    if "/" in judge or Path(judge).suffix:
        return f"no file or folder {judge}"
    return f"no file or folder of that name, and no annotator {judge!r}; {did_you_mean(judge, names)}"
