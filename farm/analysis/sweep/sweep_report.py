"""What a sweep ends with: standings.csv, comparison.json, the report and its pictures, all from artifacts alone."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from farm.analysis.sweep.answer import answer
from farm.analysis.sweep.best_of_n import BestOfNRun, best_of_n_section
from farm.analysis.sweep.costs import COSTS_PNG, cost_section, cost_table, draw_costs
from farm.analysis.sweep.json_file import write_comparison
from farm.analysis.sweep.pictures import CURVES_PNG, draw_arms, draw_over_optimisation
from farm.analysis.sweep.report import ARMS_PNG, all_judges_section, arms_section, controls_section, rankings_section
from farm.analysis.sweep.result import SweepResult
from farm.disk import write_whole
from farm.pipeline.results import MeasuredRun
from farm.reports.csv_file import frame_csv
from farm.reports.page import Bullets, Page, Picture, Section, write_page


def write_report(result: SweepResult, folder: Path, measured: Mapping[str, float]) -> list[Path]:
    """Write the tables, the pictures and the report into `folder`; returns the paths, the report's first.

    Args:
        result: of the sweep.
        folder: where the files go.
        measured: further numbers for comparison.json: wall_seconds and peak_memory_mb of a sweep.
    """
    write_standings(result.runs, folder / "standings.csv")
    write_whole(folder / "costs.csv", frame_csv(cost_table(result.costs)))
    written = ["standings.csv", "costs.csv"]
    if result.comparison is not None:
        write_comparison(result.comparison, folder / "comparison.json", measured=measured)
        written.append("comparison.json")
    if not result.points.empty:
        write_whole(folder / "over_optimisation.csv", frame_csv(result.points))
        written.append("over_optimisation.csv")
    pictures = [name for name, draw in PICTURES.items() if draw(result, folder / name) is not None]
    pages = write_page(sweep_page(result, pictures), folder)
    return [*pages, *(folder / name for name in [*written, *pictures])]


def write_standings(runs: Sequence[MeasuredRun], path: Path) -> None:
    """One row per run and evaluation annotator, ordered by name."""
    rows = [asdict(standing) for run in runs for standing in run.standings]
    order = ["method", "annotator_train", "annotator_eval", "seed"]
    write_whole(path, frame_csv(pd.DataFrame(rows).sort_values(order, kind="stable")))


def sweep_page(result: SweepResult, pictures: Collection[str]) -> Page:
    """The report: the answer first.

    Args:
        result: of the sweep.
        pictures: the names of the PNGs that were drawn.
    """
    sections = [Section(title="The answer", blocks=(Bullets(lines=answer(result)),))]
    if result.comparison is not None:
        sections += [arms_section(result.comparison, pictures), rankings_section(result.comparison)]
    else:
        # One arm alone: nothing to correlate, but a sweep has a table all the same.
        sections.append(all_judges_section(result.verdicts))
    if result.comparison is not None and result.qualities:
        sections.append(controls_section(result.qualities, result.margins))
    best_of_n = best_of_n_section(
        BestOfNRun(run.method, run.annotator_train, run.best_of_n)
        for run in result.runs
        if run.best_of_n and run.method not in result.label_free
    )
    sections += [] if best_of_n is None else [best_of_n]
    sections.append(cost_section(result.costs, pictures))
    if CURVES_PNG in pictures:
        picture = Picture(file=CURVES_PNG, description="Proxy reward and true utility as optimisation goes on")
        sections.append(Section(title="Over-optimisation", blocks=(picture,)))
    return Page(title="Methods compared", sections=tuple(sections))


def draw_comparison(result: SweepResult, path: Path | None) -> Figure | None:
    """Win rates in the two arms; None if the sweep has not two."""
    return None if result.comparison is None else draw_arms(result.comparison, path)


def draw_win_rates_against_costs(result: SweepResult, path: Path | None) -> Figure | None:
    """A panel for each of the two arms that has runs; None if neither has."""
    settings = result.settings
    trained = {row.labels for row in result.costs if row.win_rate.win_rate is not None}
    arms = {labels: f"{labels} labels" for labels in (settings.crowd, settings.simulated) if labels in trained}
    return draw_costs(result.costs, result.label_free, arms, path) if arms else None


def draw_curves(result: SweepResult, path: Path | None) -> Figure | None:
    """Proxy reward and true utility as optimisation goes on; None if no reward was optimised."""
    return None if result.points.empty else draw_over_optimisation(result.points, path)


PICTURES: Mapping[str, Callable[[SweepResult, Path | None], Figure | None]] = {
    ARMS_PNG: draw_comparison,
    COSTS_PNG: draw_win_rates_against_costs,
    CURVES_PNG: draw_curves,
}
"""By their files' names; each draws, and writes where a path is given, unless there is nothing to draw."""
