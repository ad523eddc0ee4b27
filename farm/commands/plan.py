"""`farm plan`: how many comparisons, annotators and seeds order two methods, in labels and in money."""

from collections.abc import Sequence

from farm.analysis.planning.files import write_plan
from farm.analysis.planning.plan import make_plan
from farm.analysis.planning.report import plan_page
from farm.data.files.column_mapping import mapping_of
from farm.labels.read import read_annotations
from farm.options.plan import plan_settings
from farm.reports.page import terminal


def plan(arguments: Sequence[str]) -> int:
    """Write and print the plan; returns the exit code."""
    settings = plan_settings(arguments)
    human_file, file = settings.humans, settings.simulated
    of_humans, of_simulated = mapping_of(settings.columns, [human_file, file])
    humans = None if human_file is None else read_annotations(human_file, assumed_kind="human", columns=of_humans)
    simulated = None if file is None else read_annotations(file, assumed_kind="llm", columns=of_simulated)
    designs = make_plan(settings, humans, simulated)
    files = write_plan(designs, settings.output)
    print(terminal(plan_page(designs)))
    for file in files:
        print(f"  {file}")
    return 0
