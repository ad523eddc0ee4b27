"""The SQLite file behind a call cache: its tables, how it is opened, and what to say when it cannot be used."""

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from farm.errors import UserError

SCHEMA_VERSION = 2
BUSY_SECONDS = 60.0
"""How long a process waits for another one's short write."""
_REPLIES = """
CREATE TABLE IF NOT EXISTS replies (
  key BLOB PRIMARY KEY,
  made_at REAL NOT NULL,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  request BLOB NOT NULL,
  reply TEXT NOT NULL,
  n_prompt_tokens INTEGER NOT NULL,
  n_cached_prompt_tokens INTEGER NOT NULL,
  n_completion_tokens INTEGER NOT NULL,
  cost_usd REAL,
  latency_seconds REAL NOT NULL
)
"""
_SINCE_VERSION_2 = (
    "ALTER TABLE replies ADD COLUMN boot TEXT",
    "ALTER TABLE replies ADD COLUMN booted_at REAL",
    "CREATE TABLE owners (owner TEXT PRIMARY KEY, place TEXT NOT NULL, pid INTEGER NOT NULL, beat INTEGER NOT NULL)",
    "CREATE TABLE claims (key BLOB PRIMARY KEY, owner TEXT NOT NULL)",
    "CREATE INDEX claims_by_owner ON claims (owner)",
)


class CacheError(UserError):
    """The cache file cannot be used; the message names it."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection with this cache's settings; for the caller's thread, closed by anyone."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
    # Survives a killed process; only a power cut may lose the last commits, and even that damages nothing.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def prepare(path: Path) -> None:
    """Create the file if it does not exist, and bring one of an older version to this one.

    Raises:
        CacheError: it is no cache, is damaged, was written by a newer version, or cannot be written.
    """
    with naming(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CacheError(f"{path}: cannot create the folder of the call cache: {error.strerror}") from error
        with closing(connect(path)) as connection:
            version = _version(connection)
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if version > SCHEMA_VERSION:
                raise CacheError(
                    f"{path}: a call cache of version {version}, but this program knows versions up to "
                    f"{SCHEMA_VERSION}; update it, or set calls.cache to another file"
                )
            if tables and "replies" not in tables:
                raise CacheError(f"{path}: an SQLite file, but no call cache; set calls.cache to another file")
            if version < SCHEMA_VERSION:
                _use_write_ahead_log(connection)
                with connection:
                    connection.execute("BEGIN IMMEDIATE")
                    _bring_up(connection)


def _bring_up(connection: sqlite3.Connection) -> None:
    """Create what the file's version lacks; another process may just have done so."""
    version = _version(connection)
    if version < 1:
        connection.execute(_REPLIES)
        connection.execute("CREATE INDEX IF NOT EXISTS by_model ON replies (endpoint, model, made_at)")
    if version < SCHEMA_VERSION:
        for statement in _SINCE_VERSION_2:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the journal, waiting for others that create the same file: SQLite does not keep its timeout here."""
    patience = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > patience:
                raise
            time.sleep(random.uniform(0.001, 0.02))


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ones that name the file and say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        reason = str(error)
        if "malformed" in reason:
            advice = f"it is damaged: move it away, save what is readable with `sqlite3 {path} .recover`, and run again"
        elif "not a database" in reason:
            advice = (
                "it is another kind of file, or a cache whose beginning is damaged: move it away, or set calls.cache"
            )
        elif "full" in reason:
            advice = "make room and run again; everything committed before is safe"
        elif "locked" in reason:
            advice = f"another process has held it for {BUSY_SECONDS:.0f} s; wait for it, or use another calls.cache"
        else:
            advice = "check that it can be read and written, or set calls.cache to another file"
        raise CacheError(f"{path}: the call cache cannot be used ({reason}); {advice}") from error
