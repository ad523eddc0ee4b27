"""`farm judges`: how good judges are: against human labels, against baselines, under attack."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from farm.analysis.judges.files import write_report
from farm.analysis.judges.labelled_set import ReadSet, read_labelled
from farm.analysis.judges.measure import MeasureSettings, measure, total_verdicts
from farm.analysis.judges.report import MEANINGS, JudgeReport, judges_page
from farm.calls.dry_run import dry_calls
from farm.calls.lazy import lazy_calls
from farm.calls.spending.cost_report import cost_lines, dry_run_lines
from farm.commands.shortfall import TOO_FEW_VERDICTS, warn_of_shortfall
from farm.options.judges import JudgesSettings, judges_settings, named_annotators
from farm.plain_text import say
from farm.progress import progress
from farm.reports.page import terminal

MAX_PRINTED = 20
"""Judges whose tables are printed; of more, the files are named only."""


def judges(arguments: Sequence[str]) -> int:
    """Write and print the report; returns the exit code: 3 if too few verdicts of a judge could be read."""
    settings = judges_settings(arguments)
    annotators = named_annotators(settings, arguments)
    read = read_labelled(
        settings.input,
        settings.humans,
        same_judge=settings.same_judge,
        max_items=settings.max_items,
        columns=settings.columns,
        where=settings.input_filters,
        humans_where=settings.human_filters,
    )
    measured = settings.measuring(annotators)
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
    files = write_report(report, settings.output)
    is_short = warn_of_shortfall(report.tallies, settings.calls.max_unparsed)
    if report.failure and not is_short:
        say(f"farm: warning: {report.failure}", is_error=True)
    _print(report, files)
    for line in cost_lines(costs, settings.calls.human, total):
        say(f"  {line}")
    return TOO_FEW_VERDICTS if is_short or report.failure else 0


def _dry_run(settings: JudgesSettings, read: ReadSet, measured: MeasureSettings) -> int:
    """Ask everything of calls that only count."""
    total = total_verdicts(read.items, measured)
    with dry_calls(settings.calls) as calls, progress("counting calls", total=total, unit="verdicts") as bar:
        measure(read, measured, source=str(settings.input), calls=calls, advance=bar.advance)
        counted = calls.report()
    say(f"dry run: {len(measured.annotators)} annotators on {len(read.items.item_ids):,} items, {total:,} verdicts")
    for line in dry_run_lines(counted, settings.calls.human, total):
        say(f"  {line}")
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
        say(f"  {path}")
    if report.humans is not None:
        for judge in report.judges:
            if judge.figures.agreement.value is None:
                say(f"farm: {judge.name}: {judge.figures.agreement.reason}", is_error=True)
