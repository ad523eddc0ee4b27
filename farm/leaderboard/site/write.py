"""The static site of a leaderboard: pages that open from disk or from any server, without network or build step."""

import shutil
from collections import defaultdict
from pathlib import Path

from farm.leaderboard.board import Board
from farm.leaderboard.site.environment import FOLDER, page_templates
from farm.leaderboard.site.folder import whole_folder
from farm.leaderboard.site.inputs import Beside, RunRecord
from farm.leaderboard.site.page_names import page_name, table_name
from farm.leaderboard.site.ranking.ranking_pages import model_file, write_ranking
from farm.leaderboard.site.ranking.three_benchmarks import averages
from farm.leaderboard.site.runs.curve_page import curve_plots
from farm.leaderboard.site.runs.run_page import shown_stages, time_text
from farm.leaderboard.site.site_folder import Link, SiteFolder

ASSETS = (
    "static/site.css", "static/table.js", "static/plots.js", "static/texts.js", "static/model.js", "static/compare.js",
    "vendor/datatables/dataTables.min.js", "vendor/datatables/LICENSE.txt", "vendor/THIRD_PARTY_NOTICES.txt",
)  # fmt: skip
CURVES = Link(file="curves.html", text="Over-optimisation")


def write_site(board: Board, directory: Path, beside: Beside) -> Path:
    """Write the site; a folder that holds a site already is replaced as a whole.

    Args:
        board: what is shown; its first table is the first page.
        directory: where; nothing, an empty folder or a site made before.
        beside: answers, runs and curves, as far as they are known.

    Returns:
        The first page.

    Raises:
        UserError: the directory holds something else.
        ValueError: the board has no table.
    """
    if not board.tables:
        raise ValueError("a site of no table")
    tables = [
        Link(
            file="index.html" if index == 0 else f"{table_name(table)}.html",
            text=f"{table.title}, judged by {table.annotator}",
        )
        for index, table in enumerate(board.tables)
    ]
    runs = {run.key: f"runs/{page_name(run.key)}.html" for run in beside.runs}
    curves = [CURVES] if any(curve.points for curve in beside.curves) else []
    with whole_folder(directory) as folder:
        site = SiteFolder(path=folder, templates=page_templates(), navigation=[*tables, *curves])
        _copy_assets(folder)
        three = averages(board)
        for table, link in zip(board.tables, tables, strict=True):
            trusted = [
                other_link
                for other, other_link in zip(board.tables, tables, strict=True)
                if other is not table and other.track == table.track and other.trust
            ]
            write_ranking(site, table, link.file, answers=beside.answers, runs=runs, averages=three, trusted=trusted)
        for link in curves:
            site.write(link.file, "curves.html", plots=curve_plots(beside.curves))
        models = _models_by_key(board)
        for run in beside.runs:
            _write_run(site, run, runs[run.key], models.get(run.key, []))
    return directory / "index.html"


def _copy_assets(folder: Path) -> None:
    (folder / "assets").mkdir()
    for name in ASSETS:
        shutil.copyfile(FOLDER / name, folder / "assets" / Path(name).name)


def _models_by_key(board: Board) -> dict[str, list[tuple[str, str]]]:
    """Name in a ranking and page of every row that an entry stands behind."""
    models: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for table in board.tables:
        for row in table.rows:
            for key in row.keys:
                models[key].append((f"{row.name}, {table.title}, judged by {table.annotator}", model_file(table, row)))
    return models


def _write_run(site: SiteFolder, run: RunRecord, file: str, models: list[tuple[str, str]]) -> None:
    seconds = time_text(sum(stage.cost.seconds for stage in run.stages))
    site.write(file, "run.html", run=run, stages=shown_stages(run), models=models, seconds=seconds)
