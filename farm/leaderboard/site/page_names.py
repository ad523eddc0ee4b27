"""Names of the site's files, made of foreign names: letters, digits and a hash, so that no name leaves its folder,
hides another one's page or means something to a shell."""

import hashlib
import re

from farm.leaderboard.board import BoardRow, BoardTable

MAX_WORDS = 40
"""Characters of a name that its file's name has too."""


def page_name(*parts: str) -> str:
    """A file's name without its ending; names that differ anywhere get others."""
    digest = hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    words = re.sub(r"[^a-z0-9]+", "-", " ".join(parts).lower())[:MAX_WORDS].strip("-")
    return f"{words}-{digest}" if words else digest


def table_name(table: BoardTable) -> str:
    """Of the page of one ranking."""
    return page_name(table.track, table.annotator)


def row_name(table: BoardTable, row: BoardRow) -> str:
    """Of the page of one model in one ranking."""
    return page_name(row.name, row.feedback, row.base, table.track, table.annotator, *row.keys)


def entry_name(key: str, annotator: str) -> str:
    """Of the files that hold an entry's answers."""
    return page_name(key, annotator)
