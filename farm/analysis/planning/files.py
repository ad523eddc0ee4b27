"""The files of a plan: plan.md, plan.html, plan.json and plan.png."""

import dataclasses
from pathlib import Path

from farm.analysis.planning.picture import draw_plan
from farm.analysis.planning.report import PLAN_PNG, Plan, plan_page
from farm.reports.json_file import write_json
from farm.reports.page import write_page


def write_plan(plan: Plan, folder: Path) -> list[Path]:
    """Write the files into `folder`; returns them."""
    write_json(dataclasses.asdict(plan), folder / "plan.json")
    draw_plan(plan, folder / PLAN_PNG)
    pages = write_page(plan_page(plan, [PLAN_PNG]), folder, "plan")
    return [*pages, folder / "plan.json", folder / PLAN_PNG]
