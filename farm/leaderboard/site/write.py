"""The static site of a leaderboard: pages that open from disk or from any server, without network or build step."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment

from farm.disk import write_whole
from farm.leaderboard.board import Board, BoardTable
from farm.leaderboard.site.environment import FOLDER, page_templates
from farm.leaderboard.site.folder import whole_folder
from farm.leaderboard.site.inputs import Beside
from farm.leaderboard.site.page_names import table_name
from farm.leaderboard.site.table_page import table_view

ASSETS = ("static/site.css", "static/table.js", "static/plots.js", "vendor/datatables/dataTables.min.js")


@dataclass(frozen=True, kw_only=True)
class Link:
    """An entry of the navigation."""

    file: str
    """Relative to the site's folder."""
    text: str


def write_site(board: Board, directory: Path, beside: Beside) -> Path:  # noqa: ARG001
    """Write the site; a folder that holds a site already is replaced as a whole.

    Args:
        board: what is shown.
        directory: where; nothing, an empty folder or a site made before.
        beside: answers, runs and curves, as far as they are known.

    Returns:
        The first page.

    Raises:
        UserError: the directory holds something else.
    """
    templates = page_templates()
    with whole_folder(directory) as folder:
        _copy_assets(folder)
        navigation = [Link(file=file, text=text) for file, text in zip(*_pages(board), strict=True)]
        for table, link in zip(board.tables, navigation, strict=True):
            _write_table(templates, folder, table, link, navigation)
    return directory / "index.html"


def _copy_assets(folder: Path) -> None:
    (folder / "assets").mkdir()
    for name in ASSETS:
        shutil.copyfile(FOLDER / name, folder / "assets" / Path(name).name)


def _pages(board: Board) -> tuple[list[str], list[str]]:
    files = ["index.html" if i == 0 else f"{table_name(table)}.html" for i, table in enumerate(board.tables)]
    return files, [f"{table.title}, {table.annotator}" for table in board.tables]


def _write_table(templates: Environment, folder: Path, table: BoardTable, link: Link, navigation: list[Link]) -> None:
    view = table_view(table, [""] * len(table.rows))
    page = templates.get_template("table.html").render(
        vars(view), up="", here=link.file, navigation=navigation, compare=""
    )
    write_whole(folder / link.file, page)
