"""Who holds claims on requests, and whether they still live.

An owner is one open cache of one process. It counts up about once a second as long as its process runs; whoever waits
for it looks at that count once a second, by a clock that nobody can set, and takes it for dead when the count stands
still for so many looks. Of an owner on the same machine it is known at once whether its process has ended.
"""

import os
import secrets
import socket
import sqlite3
import time
from pathlib import Path
from typing import NamedTuple

from farm.calls.cache.moments import boot_name

BEAT_SECONDS = 1.0
DEAD_AFTER_LOOKS = 30
"""So many looks, BEAT_SECONDS apart, without a beat; looks and not seconds, for this process may be halted as well."""


class Owner(NamedTuple):
    """A row of the table of owners."""

    owner: str
    place: str
    pid: int
    beat: int


def this_owner() -> Owner:
    """A new owner in this process."""
    return Owner(secrets.token_hex(16), _place(), os.getpid(), 0)


class OtherOwners:
    """What one process has seen of the owners of claims that it waits for; from one thread at a time."""

    def __init__(self) -> None:
        self._place = _place()
        self._last: dict[str, tuple[int, float, int]] = {}
        """Beat, time of the last look, and looks without another beat."""

    def are_alive(self, connection: sqlite3.Connection, owners: set[str]) -> dict[str, bool]:
        """Whether each owner still lives, as far as can be known."""
        marks = ",".join("?" * len(owners))
        rows = connection.execute(f"SELECT owner, place, pid, beat FROM owners WHERE owner IN ({marks})", list(owners))
        known = {row[0]: Owner(*row) for row in rows}
        return {name: name in known and self._is_alive(known[name]) for name in owners}

    def _is_alive(self, owner: Owner) -> bool:
        if owner.place == self._place and not _runs(owner.pid):
            return False
        now = time.monotonic()
        beat, looked_at, n_looks = self._last.get(owner.owner, (owner.beat, now, 0))
        if beat != owner.beat:
            n_looks, looked_at = 0, now
        elif now - looked_at >= BEAT_SECONDS:
            n_looks, looked_at = n_looks + 1, now
        self._last[owner.owner] = (owner.beat, looked_at, n_looks)
        return n_looks < DEAD_AFTER_LOOKS


def _place() -> str:
    """Where process numbers mean the same processes: one running of one machine, and one numbering within it."""
    try:
        numbering = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        numbering = ""
    return f"{socket.gethostname()} {boot_name() or ''} {numbering}"


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether it has ended and only its parent does not know."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[:1] == ["Z"]
