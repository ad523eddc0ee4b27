"""How a result looks in a notebook: a heading, a table, notes. What comes from files is text there and nothing else."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import pandas as pd

from farm.plain_text import one_line

MOST_ROWS = 20
"""Rows of a table that a notebook shows."""
MOST_NOTES = 5


def html_of(title: str, frame: pd.DataFrame, notes: Sequence[str] = ()) -> str:
    """A heading, the first rows of a table and the first notes as HTML."""
    left = f"<p>{len(frame) - MOST_ROWS:,} more rows: to_frame()</p>" if len(frame) > MOST_ROWS else ""
    table = _plain(frame.head(MOST_ROWS)).to_html(index=False, border=0, escape=True, na_rep="-", float_format=_rounded)
    said = "".join(f"<li>{escape(one_line(note))}</li>" for note in notes[:MOST_NOTES])
    more = f"<li>and {len(notes) - MOST_NOTES} more: notes</li>" if len(notes) > MOST_NOTES else ""
    listed = f"<ul>{said}{more}</ul>" if said else ""
    return f"<div><p><b>{escape(one_line(title))}</b></p>{table}{left}{listed}</div>"


def text_of(title: str, frame: pd.DataFrame) -> str:
    """The same as plain text."""
    left = f"\n... {len(frame) - MOST_ROWS:,} more rows" if len(frame) > MOST_ROWS else ""
    table = _plain(frame.head(MOST_ROWS)).to_string(index=False, na_rep="-", float_format=_rounded)
    return f"{one_line(title)}\n{table}{left}"


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    texts = frame.select_dtypes(include=["object", "string"]).columns
    shown = frame.assign(**{name: frame[name].map(_plain_value) for name in texts})
    return shown.rename(columns=one_line)


def _plain_value(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


def _rounded(value: float) -> str:
    return f"{value:.3f}"


def png(path: str | Path | None) -> Path | None:
    """Where a picture is to be written."""
    return None if path is None else Path(path)
