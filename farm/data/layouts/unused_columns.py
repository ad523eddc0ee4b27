"""Columns beside a pair that no layout reads and that may be part of what was asked: none is lost in silence."""

import re

from farm.data.files.rows import Row
from farm.data.layouts.asked import ASKED_COLUMNS, cell, is_system
from farm.data.layouts.pairs import ANSWER_COLUMNS
from farm.wording import listed

_OFTEN_ASKED = {
    *("context", "contexts", "passage", "passages", "document", "documents", "article", "background", "knowledge"),
    *("persona", "tools", "functions", "image", "images", "source_text", "source_document", "text", "post"),
}
"""What such columns are called; other ones are known by their sentences, which differ between the rows."""
_NEVER_ASKED = {
    *("chosen", "rejected", "id", "ids", "source", "dataset", "category", "topic", "tags", "language", "url", "split"),
    *("model", "models", "annotator", "worker", "label", "labels", "date", "time", "timestamp", "raw", "status"),
    *("critique", "feedback", "rationale", "explanation", "reason", "comment", "comments", "generations", "order"),
}
"""Words in the names of columns that say something about a row or its answers."""
_MIN_WORDS = 3


class UnusedColumns:
    """Collects, row by row, the columns that are not used."""

    def __init__(self) -> None:
        self._first_text: dict[str, str] = {}
        self._names: set[str] = set()

    def add(self, row: Row) -> None:
        """Take in one more row of pairs."""
        used = [value for name, value in row.items() if _is_used(name)]
        for name in row.keys() - self._names:
            # Where columns are named by a setting, the row has a cell under our name and under the file's.
            if not _is_used(name) and self._is_lost(name, row) and not any(row[name] is value for value in used):
                self._names.add(name)

    @property
    def notes(self) -> list[str]:
        """A sentence with their names, if there are any."""
        if not self._names:
            return []
        names = sorted(self._names)
        return [
            f"columns not used: {listed(names)}; where one was part of the prompt, its text is missing there "
            "(columns.input=NAME reads a column of text as the input)"
        ]

    def _is_lost(self, name: str, row: Row) -> bool:
        value = cell(row, name)
        if value is None:
            return False
        if name.lower() in _OFTEN_ASKED:
            return not isinstance(value, bool | int | float) and bool(str(value).strip())
        if not isinstance(value, str) or len(value.split()) < _MIN_WORDS:
            return False
        if _NEVER_ASKED & set(re.findall(r"[a-z0-9]+", name.lower())):
            return False
        return self._first_text.setdefault(name, value) != value


def _is_used(name: str) -> bool:
    return name in ASKED_COLUMNS or name in ANSWER_COLUMNS or is_system(name)
