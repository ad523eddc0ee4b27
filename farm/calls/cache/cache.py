"""What was asked and answered, in one SQLite file that many processes share.

A reply is stored under the sha256 of everything that determines it: endpoint, model, messages, decoding, labels and
sample index. Failures and refusals are never stored. One thread writes, in group commits of a few milliseconds, so a
killed process loses at most what was in flight; the write-ahead log lets others read and write meanwhile.
"""

import functools
import hashlib
import json
import queue
import random
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, cast

from farm.calls.request import Decoding, Reply, Request, TokenLogprob
from farm.errors import UserError

SCHEMA_VERSION = 1
BUSY_SECONDS = 60.0
"""How long a process waits for another one's short write."""
GROUP_SECONDS = 0.005
"""Replies that arrive so close together are committed together."""
KEYS_PER_SELECT = 500
_SCHEMA = """
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
_INSERT = "INSERT OR IGNORE INTO replies VALUES (?,?,?,?,?,?,?,?,?,?,?)"
_REPLY_COLUMNS = "reply, n_prompt_tokens, n_cached_prompt_tokens, n_completion_tokens, cost_usd, latency_seconds"
_ReplyRow = tuple[str, int, int, int, float | None, float]


class CacheError(UserError):
    """The cache file cannot be used; the message names it."""


class Entry(NamedTuple):
    """One answered request on its way into the cache."""

    key: bytes
    endpoint: str
    request: Request
    reply: Reply


def key_of(request: Request, endpoint: str) -> bytes:
    """sha256 of everything that determines the reply.

    Args:
        endpoint: the resolved address, or a local checkpoint's digest; two servers may give one name to two models.
    """
    # A local checkpoint is its files, which the digest stands for, wherever they lie.
    model = request.slot.model if request.slot.kind == "endpoint" else ""
    frame = _frame(endpoint, model, request.decoding, request.labels)
    text = json.dumps([request.messages, request.sample], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{frame}\n{text}".encode("utf-8", "surrogatepass")).digest()


class CallCache:
    """An open cache file. Reading is safe from any thread; writing happens in a thread of its own."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            CacheError: it is no cache, is damaged, or was written by a newer version.
        """
        self.path = path.expanduser()
        self._problem: CacheError | None = None
        self._queue: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._written = threading.Condition()
        self._waiting: dict[bytes, Reply] = {}
        prepare(self.path)
        self._reader = connect(self.path)
        self._reading = threading.Lock()
        self._writer = threading.Thread(target=self._write_all, name="call cache", daemon=True)
        self._writer.start()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Reply]:
        """The stored replies among these keys, also those put but not yet committed.

        Raises:
            CacheError: the file is damaged.
        """
        with self._written:
            found = {key: self._waiting[key]._replace(is_from_cache=True) for key in keys if key in self._waiting}
        keys = [key for key in keys if key not in found] if found else keys
        with naming(self.path), self._reading:
            for start in range(0, len(keys), KEYS_PER_SELECT):
                some = keys[start : start + KEYS_PER_SELECT]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, {_REPLY_COLUMNS} FROM replies WHERE key IN ({marks})"
                found.update((row[0], _reply(row[1:])) for row in self._reader.execute(query, some))
        return found

    def put(self, entry: Entry) -> None:
        """Have a reply written within a few milliseconds.

        Raises:
            CacheError: an earlier write failed (disk full, file damaged).
        """
        if self._problem is not None:
            raise self._problem
        with self._written:
            self._waiting[entry.key] = entry.reply
        self._queue.put(entry)

    def flush(self) -> None:
        """Wait until everything put so far is committed.

        Raises:
            CacheError: a write failed.
        """
        with self._written:
            self._written.wait_for(lambda: not self._waiting or self._problem is not None)
        if self._problem is not None:
            raise self._problem

    def close(self) -> None:
        """Commit what is waiting and close the file."""
        self._queue.put(None)
        self._writer.join()
        self._reader.close()
        if self._problem is not None:
            raise self._problem

    def _write_all(self) -> None:
        try:
            with naming(self.path), closing(connect(self.path)) as connection:
                is_open = True
                while is_open:
                    entries = [self._queue.get()]
                    time.sleep(GROUP_SECONDS)
                    while not self._queue.empty():
                        entries.append(self._queue.get())
                    is_open = None not in entries
                    written = [entry for entry in entries if entry is not None]
                    with connection:
                        connection.executemany(_INSERT, map(_row, written))
                    with self._written:
                        for entry in written:
                            self._waiting.pop(entry.key, None)
                        self._written.notify_all()
        except CacheError as error:
            with self._written:
                self._problem = error
                self._written.notify_all()


def connect(path: Path) -> sqlite3.Connection:
    """A connection with this cache's settings; for the caller's thread, closed by anyone."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
    # Survives a killed process; only a power cut may lose the last commits, and even that damages nothing.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def prepare(path: Path) -> None:
    """Create the file if it does not exist, and check that it is a cache of this version.

    Raises:
        CacheError: it is not, or cannot be written.
    """
    with naming(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CacheError(f"{path}: cannot create the folder of the call cache: {error.strerror}") from error
        with closing(connect(path)) as connection:
            version: int = connection.execute("PRAGMA user_version").fetchone()[0]
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
                    connection.execute(_SCHEMA)
                    connection.execute("CREATE INDEX IF NOT EXISTS by_model ON replies (endpoint, model, made_at)")
                    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


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


@functools.lru_cache(maxsize=256)
def _frame(endpoint: str, model: str, decoding: Decoding, labels: tuple[str, ...]) -> str:
    return json.dumps(
        {"endpoint": endpoint, "model": model, "decoding": vars(decoding), "labels": labels}, sort_keys=True
    )


def _row(entry: Entry) -> tuple[object, ...]:
    request, reply = entry.request, entry.reply
    asked = {
        "messages": request.messages,
        "decoding": vars(request.decoding),
        "labels": request.labels,
        "sample": request.sample,
    }
    # JSON's \u escapes keep lone surrogates, which SQLite's UTF-8 would refuse.
    said = {"text": reply.text, "top_logprobs": reply.top_logprobs, "label_logprobs": reply.label_logprobs}
    return (
        entry.key,
        time.time(),
        entry.endpoint,
        request.slot.model,
        zlib.compress(json.dumps(asked, sort_keys=True).encode(), 1),
        json.dumps({name: value for name, value in said.items() if value}, sort_keys=True),
        reply.n_prompt_tokens,
        reply.n_cached_prompt_tokens,
        reply.n_completion_tokens,
        reply.cost_usd,
        reply.latency_seconds,
    )


def _reply(row: Sequence[object]) -> Reply:
    said, n_prompt, n_cached, n_completion, cost_usd, latency = cast(_ReplyRow, row)
    content = json.loads(said)
    return Reply(
        text=content.get("text", ""),
        top_logprobs=tuple(
            tuple(TokenLogprob(token, logprob) for token, logprob in place) for place in content.get("top_logprobs", ())
        ),
        label_logprobs=tuple(content.get("label_logprobs", ())),
        n_prompt_tokens=n_prompt,
        n_cached_prompt_tokens=n_cached,
        n_completion_tokens=n_completion,
        cost_usd=cost_usd,
        latency_seconds=latency,
        is_from_cache=True,
    )
