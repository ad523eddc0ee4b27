"""`farm calibrate`: fit the noise of a crowd to human labels, on top of a judge's verdicts."""

from collections.abc import Sequence
from pathlib import Path

from farm.analysis.calibration.data import CalibrationData
from farm.analysis.calibration.files import write_annotator, write_calibration
from farm.analysis.calibration.fit_and_check import Calibration, calibrate_crowd, n_steps
from farm.analysis.calibration.report import calibration_page
from farm.analysis.calibration.verdicts import with_asked_verdicts, with_recorded_verdicts
from farm.analysis.calibration.yaml_file import AnnotatorBase, RecordedBase
from farm.annotators.tally import Tally
from farm.calls.lazy import lazy_calls
from farm.commands.shortfall import TOO_FEW_VERDICTS, TooFewVerdictsError, warn_of_shortfall
from farm.config.conf_dirs import DEFAULT_DIR, user_conf_dir
from farm.data.files.column_mapping import OWN_NAMES, mapping_of
from farm.errors import UserError
from farm.labels.read import read_annotations
from farm.labels.row_filter import row_filters
from farm.options.calibrate import AllSettings, CalibrateSettings, calibrate_settings
from farm.plain_text import say
from farm.progress import progress
from farm.reports.page import terminal


def calibrate(arguments: Sequence[str]) -> int:
    """Fit, check, write and print; returns the exit code: 3 if too few verdicts of the judge could be read."""
    settings = calibrate_settings(arguments)
    tally = Tally()
    try:
        return _calibrated(settings, tally)
    except UserError as error:
        if warn_of_shortfall({settings.command.judge: tally}, settings.command.calls.max_unparsed):
            raise TooFewVerdictsError(str(error)) from error
        raise


def _calibrated(settings: AllSettings, tally: Tally) -> int:
    """The same, with the verdicts that are asked for counted in `tally`."""
    data = _data(settings, tally)
    with progress("calibrating", total=n_steps(settings.fit), unit="steps") as bar:
        calibration = calibrate_crowd(data, settings.fit, bar=bar)
    command = settings.command
    path = command.config_path
    files = write_calibration(calibration, command.name, command.output, config=str(path))
    write_annotator(calibration, command.name, _base(command, calibration), path)
    is_short = warn_of_shortfall({command.judge: tally}, command.calls.max_unparsed)
    print(terminal(calibration_page(calibration, command.name)))
    for file in files:
        say(f"  {file}")
    say(f"  {path}: use it with annotator={command.name}{_where_found(path)}")
    return TOO_FEW_VERDICTS if is_short else 0


def _data(settings: AllSettings, tally: Tally) -> CalibrationData:
    command, fit = settings.command, settings.fit
    table_path = Path(command.judge) if command.live is None else None
    of_humans, of_table = mapping_of(command.columns, [command.humans, table_path])
    where = row_filters(command.where, "human")
    humans = read_annotations(command.humans, assumed_kind="human", columns=of_humans, where=where)
    if command.live is None:
        where = row_filters(command.judge_where, "llm")
        table = read_annotations(Path(command.judge), assumed_kind="llm", columns=of_table, where=where)
        return with_recorded_verdicts(
            humans, table, source=command.judge, annotator=command.annotator, p_limit=fit.p_limit
        )
    with lazy_calls(command.calls, needs_all=True) as calls:
        return with_asked_verdicts(
            humans, command.live, name=command.judge, seed=fit.seed, calls=calls, p_limit=fit.p_limit, tally=tally
        )


def _base(command: CalibrateSettings, calibration: Calibration) -> RecordedBase | AnnotatorBase:
    """What the fitted noise is put on."""
    if command.base is not None or command.live is not None:
        return AnnotatorBase(name=command.base or command.judge)
    table = Path(command.judge)
    columns = command.columns if command.columns and command.columns.fits(table) else OWN_NAMES
    return RecordedBase(file=table, annotator=calibration.judge, columns=columns)


def _where_found(path: Path) -> str:
    """What to say beside the annotator's name so that it is found; nothing in the folder that is looked into anyway."""
    folder = path.parent.parent
    if path.parent.name != "annotator":
        return f" once it is in {user_conf_dir() / 'annotator'}"
    return "" if folder == DEFAULT_DIR else f" conf_dir={folder}"
