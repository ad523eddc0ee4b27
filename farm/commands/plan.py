"""`farm plan`: how many comparisons, annotators and seeds order two methods, in labels and in money."""

from collections.abc import Sequence

from farm.analysis.planning.files import write_plan
from farm.analysis.planning.plan import make_plan
from farm.analysis.planning.report import plan_page
from farm.data.files.column_mapping import mapping_of
from farm.labels.read import read_annotations
from farm.labels.row_filter import row_filters
from farm.options.plan import plan_settings
from farm.plain_text import say
from farm.reports.page import terminal


def plan(arguments: Sequence[str]) -> int:
    """Write and print the plan; returns the exit code."""
    settings = plan_settings(arguments)
    human_file, file = settings.humans, settings.simulated
    of_humans, of_simulated = mapping_of(settings.columns, [human_file, file])
    humans = simulated = None
    if human_file is not None:
        where = row_filters(settings.where, "human")
        humans = read_annotations(human_file, assumed_kind="human", columns=of_humans, where=where)
    if file is not None:
        where = row_filters(settings.simulated_where, "llm")
        simulated = read_annotations(file, assumed_kind="llm", columns=of_simulated, where=where)
    designs = make_plan(settings, humans, simulated)
    files = write_plan(designs, settings.output)
    print(terminal(plan_page(designs)))
    for file in files:
        say(f"  {file}")
    return 0
