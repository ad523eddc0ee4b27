"""What was asked and answered, in one SQLite file that many processes share.

A reply is stored under the sha256 of everything that determines it: endpoint, model, messages, decoding, labels and
sample index. Failures and refusals are never stored. One thread writes, in group commits of a few milliseconds, so a
killed process loses at most what was in flight; the write-ahead log lets others read and write meanwhile. A request is
claimed before it is sent (farm/calls/cache/claims.py), so that no two processes pay for it.
"""

import functools
import hashlib
import json
import queue
import sqlite3
import threading
import time
import zlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, cast

from farm.bounded.json_text import read_json
from farm.calls.cache.cache_file import CacheError, connect, naming, prepare
from farm.calls.cache.claims import Claimed, Claims, beat
from farm.calls.cache.moments import moment
from farm.calls.cache.owners import BEAT_SECONDS, this_owner
from farm.calls.request import Decoding, Reply, Request, TokenLogprob

GROUP_SECONDS = 0.005
"""Replies that arrive so close together are committed together."""
KEYS_PER_SELECT = 500
_INSERT = "INSERT OR IGNORE INTO replies VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
_REPLY_COLUMNS = "reply, n_prompt_tokens, n_cached_prompt_tokens, n_completion_tokens, cost_usd, latency_seconds"
_ReplyRow = tuple[str, int, int, int, float | None, float]


class Entry(NamedTuple):
    """One answered request on its way into the cache."""

    key: bytes
    endpoint: str
    request: Request
    reply: Reply


class _Release(NamedTuple):
    """A claim that is given up without a reply."""

    key: bytes


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
        self._queue: queue.SimpleQueue[Entry | _Release | None] = queue.SimpleQueue()
        self._written = threading.Condition()
        self._waiting: dict[bytes, Reply] = {}
        prepare(self.path)
        self._reader = connect(self.path)
        self._reading = threading.Lock()
        self._me = this_owner()
        self._claims = Claims(self.path, self._me, _stored)
        self._writer = threading.Thread(target=self._write_all, name="call cache", daemon=True)
        self._writer.start()

    @property
    def n_unwritten(self) -> int:
        """Replies that were put and are not yet committed."""
        return len(self._waiting)

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Reply]:
        """The stored replies among these keys, also those put but not yet committed.

        Raises:
            CacheError: the file is damaged.
        """
        with self._written:
            found = {key: self._waiting[key]._replace(is_from_cache=True) for key in keys if key in self._waiting}
        keys = [key for key in keys if key not in found] if found else keys
        with naming(self.path), self._reading:
            found.update(_stored(self._reader, keys))
        return found

    def claim(self, keys: Sequence[bytes], *, even_of: frozenset[bytes] = frozenset()) -> Claimed:
        """Claim a few requests before they are sent: what is in neither part of the answer is this process's to ask.

        Args:
            keys: of the requests.
            even_of: those of them that are claimed whoever holds them.

        Raises:
            CacheError: the file is damaged, or an earlier write failed.
        """
        if self._problem is not None:
            raise self._problem
        with self._written:
            waiting = {key: self._waiting[key]._replace(is_from_cache=True) for key in keys if key in self._waiting}
        claimed = self._claims.claim([key for key in keys if key not in waiting], even_of=even_of)
        return claimed._replace(replies=claimed.replies | waiting)

    def look(self, keys: Sequence[bytes]) -> Claimed:
        """What has become of requests that others are asking; those in neither part of the answer can be claimed now.

        Raises:
            CacheError: the file is damaged.
        """
        return self._claims.look(keys)

    def release(self, key: bytes) -> None:
        """Give up a claim, for there is no reply to keep."""
        self._queue.put(_Release(key))

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
        """Commit what is waiting, give up all claims and close the file.

        Raises:
            CacheError: a write failed; replies that were paid for are not stored.
        """
        self._queue.put(None)
        self._writer.join()
        self._reader.close()
        if self._problem is not None:
            raise self._problem
        self._claims.close()

    def _write_all(self) -> None:
        try:
            with naming(self.path), closing(connect(self.path)) as connection:
                self._write_until_closed(connection)
        except Exception as error:  # whatever it is, who waits for this thread has to hear of it
            is_said = isinstance(error, CacheError)
            problem = error if is_said else CacheError(f"{self.path}: a reply cannot be stored ({error!r})")
            with self._written:
                self._problem = cast(CacheError, problem)
                self._written.notify_all()

    def _write_until_closed(self, connection: sqlite3.Connection) -> None:
        is_open, beaten_at = True, time.monotonic()
        while is_open:
            changes = self._next_changes()
            is_open = None not in changes
            written = [change for change in changes if isinstance(change, Entry)]
            done = [(change.key, self._me.owner) for change in changes if change is not None]
            is_due = self._claims.has_any and time.monotonic() - beaten_at >= BEAT_SECONDS
            if not done and not is_due:
                continue
            with connection:
                connection.executemany(_INSERT, map(_row, written))
                if self._claims.has_any:
                    connection.executemany("DELETE FROM claims WHERE key = ? AND owner = ?", done)
                if is_due:
                    beat(connection, self._me)
                    beaten_at = time.monotonic()
            with self._written:
                for entry in written:
                    self._waiting.pop(entry.key, None)
                self._written.notify_all()

    def _next_changes(self) -> list[Entry | _Release | None]:
        """What has come in, grouped; nothing after a while, so that the owner can show that it lives."""
        try:
            changes = [self._queue.get(timeout=BEAT_SECONDS)]
        except queue.Empty:
            return []
        time.sleep(GROUP_SECONDS)
        while not self._queue.empty():
            changes.append(self._queue.get())
        return changes


def _stored(connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, Reply]:
    found: dict[bytes, Reply] = {}
    for start in range(0, len(keys), KEYS_PER_SELECT):
        some = keys[start : start + KEYS_PER_SELECT]
        marks = ",".join("?" * len(some))
        query = f"SELECT key, {_REPLY_COLUMNS} FROM replies WHERE key IN ({marks})"
        found.update((row[0], _reply(row[1:])) for row in connection.execute(query, list(some)))
    return found


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
    made = moment()
    said: dict[str, object] = {
        "text": reply.text,
        "is_cut": reply.is_cut,
        "left_out": reply.left_out,
        "top_logprobs": reply.top_logprobs,
        "label_logprobs": reply.label_logprobs,
    }
    return (
        entry.key,
        made.seconds,
        entry.endpoint,
        request.slot.model,
        zlib.compress(json.dumps(asked, sort_keys=True).encode(), 1),
        json.dumps({name: value for name, value in said.items() if value}, sort_keys=True),
        reply.n_prompt_tokens,
        reply.n_cached_prompt_tokens,
        reply.n_completion_tokens,
        reply.cost_usd,
        reply.latency_seconds,
        made.boot,
        made.booted_at,
    )


def _reply(row: Sequence[object]) -> Reply:
    said, n_prompt, n_cached, n_completion, cost_usd, latency = cast(_ReplyRow, row)
    content = cast(dict[str, Any], read_json(said))
    return Reply(
        text=content.get("text", ""),
        top_logprobs=tuple(
            tuple(TokenLogprob(token, logprob) for token, logprob in place) for place in content.get("top_logprobs", ())
        ),
        is_cut=bool(content.get("is_cut")),
        left_out=tuple(content.get("left_out", ())),
        label_logprobs=tuple(content.get("label_logprobs", ())),
        n_prompt_tokens=n_prompt,
        n_cached_prompt_tokens=n_cached,
        n_completion_tokens=n_completion,
        cost_usd=cost_usd,
        latency_seconds=latency,
        is_from_cache=True,
    )
