"""`farm.calibrate`: a simulated crowd whose noise is fitted to labels by people."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from farm.analysis.calibration.data import CalibrationData
from farm.analysis.calibration.files import write_annotator, write_calibration
from farm.analysis.calibration.fit_and_check import Calibration, calibrate_crowd, n_steps
from farm.analysis.calibration.picture import draw_calibration
from farm.analysis.calibration.report import calibration_page
from farm.analysis.calibration.verdicts import with_asked_verdicts, with_recorded_verdicts
from farm.analysis.calibration.yaml_file import AnnotatorBase, RecordedBase
from farm.annotators.annotator import Annotator
from farm.annotators.noised import NoisedAnnotator
from farm.annotators.recorded import RecordedAnnotator
from farm.annotators.tally import Tally
from farm.api.reading import Labels, LabelSource, origin_of, read_labels
from farm.api.settings import Setting, only_for_files, overrides_of
from farm.api.shown import html_of, png, text_of
from farm.calls.lazy import lazy_calls
from farm.errors import UserError
from farm.labels.row_filter import row_filters
from farm.options.calibrate import AllSettings, calibrate_settings
from farm.progress import progress
from farm.reports.page import terminal


@dataclass(frozen=True, kw_only=True, eq=False)
class CalibrationReport:
    """A fitted crowd, and how well it does on labels that it has not seen."""

    name: str
    """Of the fitted annotator."""
    details: Calibration
    """Everything that was computed."""
    clean: Annotator | None
    """Whose verdicts the noise is put on; None for recorded verdicts that are in no file."""
    base: AnnotatorBase | RecordedBase | None
    """The same, as a YAML file says it."""

    @property
    def annotator(self) -> Annotator:
        """The fitted annotator: `farm.annotate(pairs, annotator=result.annotator)`.

        Raises:
            farm.errors.UserError: the verdicts are in no file, and nobody can be asked about other pairs.
        """
        if self.clean is None:
            raise UserError("the judge's verdicts are in no file, so they cannot be replayed; give a path or a name")
        return NoisedAnnotator(name=self.name, arm=self.name, clean=self.clean, noise=(self.details.stage,))

    @property
    def text(self) -> str:
        """The report that `farm calibrate` prints."""
        return terminal(calibration_page(self.details, self.name))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out."""
        return self.details.notes

    def to_frame(self) -> pd.DataFrame:
        """One row a fitted parameter: name, value, low and high of its 95% interval, and why one is missing."""
        return pd.DataFrame(
            [
                {
                    "parameter": row.name,
                    "value": row.value,
                    "low": row.low,
                    "high": row.high,
                    "reason": row.reason,
                }
                for row in self.details.parameters
            ]
        )

    def draw(self, path: str | Path | None = None) -> Figure:
        """Real against simulated figures, and the held-out scores; written to `path` if one is given."""
        return draw_calibration(self.details, self.name, png(path))

    def write(self, folder: str | Path) -> list[Path]:
        """Write calibration.json, calibration.md, calibration.png, and NAME.yaml; returns the files.

        NAME.yaml in annotator/ of a settings folder of one's own is `annotator=NAME` everywhere.
        """
        where = Path(folder)
        config = where / f"{self.name}.yaml"
        files = write_calibration(self.details, self.name, where, config="" if self.base is None else str(config))
        if self.base is None:
            return files
        write_annotator(self.details, self.name, self.base, config)
        return [*files, config]

    def __repr__(self) -> str:
        return text_of(self._title(), self.to_frame().drop(columns="reason"))

    def _repr_html_(self) -> str:
        return html_of(self._title(), self.to_frame(), self.notes)

    def _title(self) -> str:
        fitted = self.details
        return (
            f"{self.name}: {fitted.judge} with the noise of {len(fitted.annotators)} people, "
            f"{fitted.n_labels:,} labels on {fitted.n_items:,} pairs"
        )


def calibrate(
    humans: LabelSource, *, judge: str | Path | pd.DataFrame | Labels, name: str = "calibrated", **settings: Setting
) -> CalibrationReport:
    """Fit the noise of a crowd to labels by people, on top of a judge's clean verdicts.

    Args:
        humans: labels by people.
        judge: the name of an annotator, which is asked; or recorded verdicts on the same pairs.
        name: of the fitted annotator.
        settings: those of `farm calibrate`: annotator (which judge of a table), n_folds, lapses and so on.

    Raises:
        farm.errors.UserError: too few labels, no such judge, or unknown settings.

    Example:
        >>> import farm
        >>> import pandas as pd
        >>> pairs = pd.DataFrame({
        ...     "instruction": [f"Name {n} fruits." for n in range(40)],
        ...     "output_1": ["Plum, pear, fig."] * 40, "output_2": ["Plum."] * 40,
        ...     "annotator": [f"w{1 + n % 2}" for n in range(40)], "preference": [1, 1, 1, 2] * 10,
        ... })
        >>> people = farm.read(pairs, kind="human")
        >>> crowd = farm.calibrate(people, judge="longest", n_folds=2, n_simulations=2, n_resamples=20)
        >>> farm.annotate(pairs[["instruction", "output_1", "output_2"]], annotator=crowd.annotator).annotators
        ('calibrated',)
    """
    only_for_files(settings, ("output", "overwrite", "annotator_dir", "base", "columns"))
    is_table = not isinstance(judge, str) or Path(judge).exists()
    named = str(origin_of(judge)) if is_table else str(judge)
    given: dict[str, Setting] = {"humans": origin_of(humans), "judge": named, "name": name, "overwrite": True}
    options = calibrate_settings(overrides_of({**settings, **given}), judge_is_table=is_table)
    table = read_labels(humans, kind="human", where=row_filters(options.command.where, "human"))
    of_judge = row_filters(options.command.judge_where, "llm")
    verdicts = read_labels(judge, kind="llm", where=of_judge) if is_table else None
    data = _data(table, verdicts, options)
    with progress("calibrating", total=n_steps(options.fit), unit="steps") as bar:
        fitted = calibrate_crowd(data, options.fit, bar=bar)
    clean: Annotator | None = options.command.live
    base: AnnotatorBase | RecordedBase | None = None if verdicts is not None else AnnotatorBase(name=str(judge))
    if verdicts is not None and verdicts.source.exists():
        clean = RecordedAnnotator(name=fitted.judge, arm=name, file=verdicts.source, annotator_in_file=fitted.judge)
        base = RecordedBase(file=verdicts.source, annotator=fitted.judge, columns=verdicts.columns)
    return CalibrationReport(name=name, details=fitted, clean=clean, base=base)


def _data(humans: Labels, verdicts: Labels | None, options: AllSettings) -> CalibrationData:
    command, fit = options.command, options.fit
    if verdicts is not None:
        return with_recorded_verdicts(
            humans.frame, verdicts.frame, source=command.judge, annotator=command.annotator, p_limit=fit.p_limit
        )
    assert command.live is not None
    with lazy_calls(command.calls, needs_all=True) as calls:
        return with_asked_verdicts(
            humans.frame,
            command.live,
            name=command.judge,
            seed=fit.seed,
            calls=calls,
            p_limit=fit.p_limit,
            tally=Tally(),
        )
