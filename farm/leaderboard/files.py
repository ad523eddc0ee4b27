"""All files of a leaderboard's folder, made in memory, so that they are written whole or not at all."""

from collections.abc import Mapping
from pathlib import Path

from farm.disk import write_all_whole
from farm.errors import UserError
from farm.leaderboard.board import Board
from farm.leaderboard.pages.csv_tables import SEEDS_CSV, STANDINGS_CSV, seeds_csv, standings_csv
from farm.leaderboard.pages.json_file import BOARD_FILE, leaderboard_json
from farm.leaderboard.pages.markdown_page import FIRST_LINES, PAGE, markdown_page
from farm.leaderboard.stored import ENTRIES_FILE, Stored, stored_files

PUBLISHED = "human"
"""The folder that may lie beside the tables: published figures, which no artifact holds."""


def shown_files(stored: Stored, board: Board) -> dict[str, str]:
    """What people and programs read, by name; computed from what is stored alone."""
    return {
        PAGE: markdown_page(board),
        STANDINGS_CSV: standings_csv(board),
        SEEDS_CSV: seeds_csv(stored.data),
        BOARD_FILE: leaderboard_json(board, stored.settings),
    }


def refuse_foreign(folder: Path) -> None:
    """Raise UserError if the folder holds a page that is no leaderboard's: it is not overwritten."""
    page = folder / PAGE
    if page.is_file() and not (folder / ENTRIES_FILE).is_file():
        with page.open("rb") as stream:
            beginning = stream.read(len(FIRST_LINES)).decode(errors="replace")
        if beginning != FIRST_LINES:
            raise UserError(f"{page} is not a leaderboard's; nothing was written: choose another folder, output=DIR")


def write_leaderboard(stored: Stored, board: Board, folder: Path) -> list[Path]:
    """Write all files, or none; returns their paths, the page first."""
    files: Mapping[str, str | bytes] = {**shown_files(stored, board), **stored_files(stored)}
    write_all_whole({folder / name: content for name, content in files.items()})
    return [folder / name for name in files]
