"""A file of outputs on disk, to be looked up by instruction while another file is read row by row."""

import sqlite3
import tempfile
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from farm.data.layouts.outputs import OutputRow

_UTF_8 = ("utf-8", "surrogatepass")
"""JSON can hold halves of surrogate pairs."""


class Found(NamedTuple):
    """What an index holds for an instruction."""

    output: str
    generator: str


class Unused(NamedTuple):
    """Outputs that nobody asked for."""

    n: int
    example: str
    """The first one's instruction."""


class OutputIndex:
    """Outputs by instruction; of several to the same instruction the k-th to be added is the k-th to be found."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="farm-join-")
        self._database = sqlite3.connect(Path(self._folder.name) / "outputs.sqlite", isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE outputs (key TEXT, nth INTEGER, instruction BLOB, output BLOB, generator BLOB, "
            "is_used INTEGER DEFAULT 0, PRIMARY KEY (key, nth)) WITHOUT ROWID; BEGIN;"
        )
        self._n_added: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
        self._folder.cleanup()

    def add(self, row: OutputRow) -> None:
        """Take in one more output."""
        key = row.text_key
        self._database.execute(
            "INSERT INTO outputs (key, nth, instruction, output, generator) VALUES (?, ?, ?, ?, ?)",
            (key, self._n_added[key], _packed(row.instruction), _packed(row.output), _packed(row.generator or "")),
        )
        self._n_added[key] += 1

    def find(self, key: str, nth: int) -> Found | None:
        """The output to an instruction, if there is one; from then on it counts as used."""
        rows = self._database.execute(
            "UPDATE outputs SET is_used = 1 WHERE key = ? AND nth = ? RETURNING output, generator", (key, nth)
        ).fetchall()
        return Found(*(text.decode(*_UTF_8) for text in rows[0])) if rows else None

    def unused(self) -> Unused:
        """What has never been found."""
        n, example = self._database.execute(
            "SELECT count(*), min(instruction) FROM outputs WHERE NOT is_used"
        ).fetchone()
        return Unused(n, (example or b"").decode(*_UTF_8))


def _packed(text: str) -> bytes:
    return text.encode(*_UTF_8)
