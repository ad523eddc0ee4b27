"""`farm annotate`: an annotator labels a file of comparisons, or of two models' outputs."""

import time
from collections.abc import Sequence
from pathlib import Path

from farm.annotators.labelling import ask_about_all, labelled_rows
from farm.annotators.tally import Tally
from farm.calls.dry_run import dry_calls
from farm.calls.lazy import lazy_calls
from farm.calls.spending.cost_report import cost_lines, dry_run_lines
from farm.commands.shortfall import TOO_FEW_VERDICTS, warn_of_shortfall
from farm.data.annotated_rows import annotated_schema, open_writers
from farm.data.comparison_files import open_comparisons
from farm.data.comparisons import Comparisons
from farm.options.annotate import AnnotateSettings, annotate_settings
from farm.plain_text import say


def annotate(arguments: Sequence[str]) -> int:
    """Label the input; returns the exit code: 1 if a budget left rows without an answer, 3 if too few got a verdict."""
    settings = annotate_settings(arguments, has_files=True)
    start = time.monotonic()
    with open_comparisons(settings.input, settings.columns) as source:
        for note in source.notes:
            say(f"note: {note}", is_error=True)
        if settings.dry_run:
            return _dry_run(settings, source)
        tally = Tally()
        with (
            lazy_calls(settings.calls, needs_all=False) as calls,
            open_writers(settings.output, annotated_schema(source.schema)) as writers,
        ):
            for rows in labelled_rows(source, settings.labelling, calls, tally):
                for writer in writers:
                    writer.write(rows)
            report = None if calls.session is None else calls.session.report()
            stop = None if calls.session is None else calls.session.budget_stop()
    is_short = warn_of_shortfall({settings.annotator.name: tally}, settings.calls.max_unparsed)
    say(f"{settings.annotator.name}: {tally.n:,} comparisons from {_names(settings.input)}")
    for line in [*tally.lines(), *cost_lines(report, settings.calls.human, tally.n)]:
        say(f"  {line}")
    say(f"  {time.monotonic() - start:.1f} s, written to {_names(settings.output)}")
    if stop:
        say(f"farm: {stop}; rows that were not asked about have no preference", is_error=True)
    return TOO_FEW_VERDICTS if is_short else 1 if stop else 0


def _dry_run(settings: AnnotateSettings, source: Comparisons) -> int:
    """Ask everything of calls that only count."""
    with dry_calls(settings.calls) as calls:
        ask_about_all(source, settings.labelling, calls)
        report = calls.report()
    say(f"dry run: {settings.annotator.name} on {source.n_rows:,} comparisons from {_names(settings.input)}")
    for line in dry_run_lines(report, settings.calls.human, source.n_rows):
        say(f"  {line}")
    print("  nothing was sent and nothing was written")
    return 0


def _names(paths: Sequence[Path]) -> str:
    return " and ".join(str(path) for path in paths)
