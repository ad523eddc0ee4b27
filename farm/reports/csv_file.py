"""CSV files that people read: text from outside is text in a spreadsheet too, and no formula.

Only reports are written so. Files that hold data, and are read back, keep every text as it is.
"""

import csv
import io
import math
import re
from collections.abc import Sequence

import pandas as pd

from farm.plain_text import one_line

_FORMULA = re.compile(r"[=+\-@\uff1d\uff0b\uff0d\uff20]")
"""What a spreadsheet takes for the beginning of a formula, in half and in full width."""
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def csv_text(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table as CSV.

    Args:
        header: names of columns; they may come from outside too.
        rows: floats are written by repr (the shortest text that reads back to the same number), None and NaN as an
            empty cell.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([csv_cell(name) for name in header])
    writer.writerows([[csv_cell(cell) for cell in row] for row in rows])
    return out.getvalue()


def frame_csv(frame: pd.DataFrame) -> str:
    """A data frame as CSV, without its index."""
    texts = frame.select_dtypes(include=["object", "string"]).columns
    shown = frame.assign(**{name: frame[name].map(csv_cell) for name in texts}).rename(columns=csv_cell)
    return shown.to_csv(index=False, lineterminator="\n")


def csv_cell(value: object) -> object:
    """The value, empty if it is missing; a text that would be run gets an apostrophe before it."""
    if isinstance(value, str):
        text = one_line(value)
        return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
    return "" if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)) else value
