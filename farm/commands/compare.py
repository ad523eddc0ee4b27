"""`farm compare`: the two arms of the measured runs, or simulated annotators against humans."""

import sys
from collections.abc import Sequence
from pathlib import Path

from farm.analysis.humans.comparison import compare_with_humans
from farm.analysis.humans.files import write_comparison
from farm.analysis.humans.report import human_page
from farm.analysis.humans.sources import BothSources, checked_sources, read_source
from farm.analysis.sweep.answer import answer_text
from farm.analysis.sweep.result import sweep_result
from farm.analysis.sweep.sweep_report import write_report
from farm.data.files.column_mapping import mapping_of
from farm.errors import UserError
from farm.options.compare import CompareSettings, compare_settings
from farm.pipeline.results import readable_runs
from farm.plain_text import say
from farm.reports.page import terminal
from farm.store.artifacts import Store


def compare(arguments: Sequence[str]) -> int:
    """Write and print the comparison; returns the exit code."""
    settings = compare_settings(arguments)
    folder = settings.output or settings.root / "compare"
    if settings.humans is not None or settings.simulated is not None:
        return _compare_with_humans(settings, folder)
    mapping_of(settings.columns, [])  # refuses names of columns where no file was given
    store = Store(settings.root, is_read_only=True)
    read = readable_runs(store, store.readable("standings"))
    if read.skipped:
        print(read.note(), file=sys.stderr)
    runs = [
        run
        for run in read.runs
        if (run.standings[0].dataset, run.standings[0].model) == (settings.dataset, settings.model)
    ]
    if not runs:
        raise UserError(
            f"no finished run on dataset={settings.dataset} from model={settings.model} under {settings.root}; "
            "make some first, e.g. farm run experiment=pocket"
        )
    result = sweep_result(runs, settings.report)
    print(answer_text(result, write_report(result, folder, measured={})))
    return 0


def _compare_with_humans(settings: CompareSettings, folder: Path) -> int:
    sources = _sources(settings)
    comparison = compare_with_humans(sources.humans, sources.simulated, settings.ranking)
    files = write_comparison(comparison, folder)
    print(terminal(human_page(comparison, frozenset())))
    for file in files:
        say(f"  {file}")
    if comparison.refusal:
        raise UserError(f"models are not ranked: {comparison.refusal}. What can be said without is in {folder}")
    return 0


def _sources(settings: CompareSettings) -> BothSources:
    s = settings
    humans = simulated = None
    of_humans, of_simulated = mapping_of(s.columns, [s.humans, s.simulated])
    if s.humans is not None:
        humans = read_source(
            s.humans,
            "humans",
            column=s.humans_column,
            format=s.humans_format,
            annotator=None,
            columns=of_humans,
            where=s.filters("humans", is_alone=s.simulated is None),
        )
    if s.simulated is not None:
        simulated = read_source(
            s.simulated,
            "simulated",
            column=s.simulated_column,
            format=s.simulated_format,
            annotator=s.annotator,
            columns=of_simulated,
            where=s.filters("simulated", is_alone=s.humans is None),
        )
    are_same = s.humans is not None and s.simulated is not None and s.humans.resolve() == s.simulated.resolve()
    return checked_sources(humans, simulated, are_same=are_same)
