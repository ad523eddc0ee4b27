"""`farm plan`: how many comparisons, annotators and seeds order two methods, in labels and in money."""

from collections.abc import Sequence

from farm.analysis.planning.files import write_plan
from farm.analysis.planning.plan import make_plan
from farm.analysis.planning.report import plan_page
from farm.labels.read import read_annotations
from farm.options.plan import plan_settings
from farm.reports.page import terminal


def plan(arguments: Sequence[str]) -> int:
    """Write and print the plan; returns the exit code."""
    settings = plan_settings(arguments)
    humans = None if settings.humans is None else read_annotations(settings.humans, assumed_kind="human")
    simulated = None if settings.simulated is None else read_annotations(settings.simulated, assumed_kind="llm")
    designs = make_plan(settings, humans, simulated)
    files = write_plan(designs, settings.output)
    print(terminal(plan_page(designs)))
    for file in files:
        print(f"  {file}")
    return 0
