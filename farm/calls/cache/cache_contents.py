"""What a call cache holds: sums per model, all of it as JSON Lines, and forgetting the old."""

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from farm.addresses import with_shown_addresses
from farm.bounded.json_text import read_json
from farm.calls.cache.cache_file import connect, naming, prepare
from farm.calls.cache.moments import moment

_SECONDS_PER_DAY = 86400
_LAST_SECOND = 253402300799.0
"""Of the year 9999."""
# How far the clock has been set since a reply was made; not known, and taken for 0, after a restart of the machine.
_SET_SINCE = "(CASE WHEN boot = :boot THEN :booted_at - booted_at ELSE 0 END)"
_CHOSEN = f"(:model IS NULL OR model = :model) AND (:seconds <= 0 OR :now - made_at - {_SET_SINCE} >= :seconds)"


@dataclass(frozen=True, kw_only=True)
class ModelContents:
    """What the cache holds of one model at one endpoint."""

    endpoint: str
    """Address, or the digest of a local checkpoint."""
    model: str
    n_replies: int
    n_prompt_tokens: int
    n_cached_prompt_tokens: int
    """Of n_prompt_tokens, those that the provider's prefix cache held."""
    n_completion_tokens: int
    cost_usd: float
    """Of replies with a known price."""
    n_unpriced: int
    """Replies without one."""
    mean_latency_seconds: float
    first_made: datetime
    last_made: datetime


def contents(path: Path) -> list[ModelContents]:
    """Sums per endpoint and model.

    Raises:
        CacheError: the file is no cache, or damaged.
    """
    query = (
        "SELECT endpoint, model, COUNT(*), TOTAL(n_prompt_tokens), TOTAL(n_cached_prompt_tokens), "
        "TOTAL(n_completion_tokens), COALESCE(SUM(cost_usd), 0), SUM(cost_usd IS NULL), AVG(latency_seconds), "
        "MIN(made_at), MAX(made_at) FROM replies GROUP BY endpoint, model ORDER BY endpoint, model"
    )
    with naming(path), closing(_opened(path)) as connection:
        rows = connection.execute(query).fetchall()
    return [
        ModelContents(
            endpoint=row[0],
            model=row[1],
            n_replies=row[2],
            n_prompt_tokens=int(row[3]),
            n_cached_prompt_tokens=int(row[4]),
            n_completion_tokens=int(row[5]),
            cost_usd=row[6],
            n_unpriced=row[7],
            mean_latency_seconds=row[8],
            first_made=_date(row[9]),
            last_made=_date(row[10]),
        )
        for row in rows
    ]


def size_bytes(path: Path) -> int:
    """Of the file and of its write-ahead log."""
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def export_lines(path: Path, *, model: str | None, older_than_days: float | None) -> Iterator[str]:
    """Every chosen reply with its request as one line of JSON, oldest first.

    Raises:
        CacheError: the file is no cache, or damaged.
    """
    columns = (
        "made_at, endpoint, model, request, reply, n_prompt_tokens, n_cached_prompt_tokens, n_completion_tokens, "
        "cost_usd, latency_seconds"
    )
    with naming(path), closing(_opened(path)) as connection:
        query = f"SELECT {columns} FROM replies WHERE {_CHOSEN} ORDER BY made_at, key"
        for row in connection.execute(query, _filter(model, older_than_days)):
            line = {
                "made_at": _date(row[0]).isoformat(),
                "endpoint": with_shown_addresses(row[1]),
                "model": row[2],
                "request": _with_roles(read_json(zlib.decompress(row[3]))),
                "reply": read_json(row[4]),
                "n_prompt_tokens": row[5],
                "n_cached_prompt_tokens": row[6],
                "n_completion_tokens": row[7],
                "cost_usd": row[8],
                "latency_seconds": row[9],
            }
            yield json.dumps(line, sort_keys=True)


def prune(path: Path, *, model: str | None, older_than_days: float | None) -> int:
    """Forget the chosen replies and give their room back; returns how many there were.

    Raises:
        CacheError: the file is no cache, damaged, or another process is writing to it all the time.
    """
    with naming(path), closing(_opened(path)) as connection:
        with connection:
            cursor = connection.execute(f"DELETE FROM replies WHERE {_CHOSEN}", _filter(model, older_than_days))
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return cursor.rowcount


def _opened(path: Path) -> sqlite3.Connection:
    prepare(path)
    return connect(path)


def _filter(model: str | None, older_than_days: float | None) -> dict[str, object]:
    """What _CHOSEN asks for; 0 days is all there is, also what a wrong clock says was made tomorrow."""
    now = moment()
    seconds = 0.0 if older_than_days is None else older_than_days * _SECONDS_PER_DAY
    return {
        "model": model,
        "seconds": seconds,
        "now": now.seconds,
        "boot": now.boot,
        "booted_at": now.booted_at,
    }


def _date(seconds: float) -> datetime:
    """Of a clock that may have been set to anything."""
    return datetime.fromtimestamp(min(max(seconds, 0.0), _LAST_SECOND), UTC)


def _with_roles(request: object) -> dict[str, object]:
    """Messages as an API writes them."""
    assert isinstance(request, dict)
    messages = request["messages"]
    assert isinstance(messages, list)
    return {**request, "messages": [{"role": role, "content": content} for role, content in messages]}
