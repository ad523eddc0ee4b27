"""Claims on requests: two processes that share a cache never ask the same question at the same time.

A request is claimed in the cache file before it is sent. The claim goes when the reply is stored, in the same commit,
or when there is none; a claim of a process that has died is taken over (farm/calls/cache/owners.py).
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from farm.calls.cache.cache_file import connect, naming
from farm.calls.cache.owners import OtherOwners, Owner
from farm.calls.request import Reply

Known = Callable[[sqlite3.Connection, Sequence[bytes]], dict[bytes, Reply]]
"""The stored replies among some keys."""


class Claimed(NamedTuple):
    """What became of the keys that somebody wanted to ask."""

    replies: dict[bytes, Reply]
    """There is a reply already."""
    others: frozenset[bytes]
    """Somebody else is asking."""


class Claims:
    """The claims of one owner. Everything here runs in the thread that sends, except `register`'s caller."""

    def __init__(self, path: Path, me: Owner, known: Known) -> None:
        self._path, self._me, self._known = path, me, known
        self._others = OtherOwners()
        self._connection: sqlite3.Connection | None = None
        self.has_any = False
        """Whether anything was ever claimed, so that there is an owner to beat for."""

    def claim(self, keys: Sequence[bytes], *, even_of: frozenset[bytes] = frozenset()) -> Claimed:
        """Claim what is neither answered nor asked by somebody who lives.

        Args:
            keys: a few of them.
            even_of: those of them that are claimed whoever holds them.
        """
        with naming(self._path):
            connection = self._opened()
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                if not self.has_any:
                    self._register(connection)
                replies = self._known(connection, keys)
                others = self._held_by_others(connection, [key for key in keys if key not in replies]) - even_of
                mine = [(key, self._me.owner) for key in keys if key not in replies and key not in others]
                connection.executemany("INSERT OR REPLACE INTO claims VALUES (?, ?)", mine)
            self.has_any = True
        return Claimed(replies, others)

    def look(self, keys: Sequence[bytes]) -> Claimed:
        """Whether those who ask are done; what is in neither part of the answer can be claimed now."""
        with naming(self._path):
            connection = self._opened()
            # Claims first: one that goes between the two has left its reply.
            others = self._held_by_others(connection, keys)
            replies = self._known(connection, keys)
        return Claimed(replies, others - replies.keys())

    def close(self) -> None:
        """Give up all claims."""
        if self._connection is None:
            return
        with naming(self._path), closing(self._connection) as connection, connection:
            connection.execute("DELETE FROM claims WHERE owner = ?", (self._me.owner,))
            connection.execute("DELETE FROM owners WHERE owner = ?", (self._me.owner,))

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path)
        return self._connection

    def _register(self, connection: sqlite3.Connection) -> None:
        """Enter the owner, and clear away those that have died."""
        owners = {name for (name,) in connection.execute("SELECT owner FROM owners")}
        dead = [(name,) for name, is_alive in self._others.are_alive(connection, owners).items() if not is_alive]
        connection.executemany("DELETE FROM owners WHERE owner = ?", dead)
        connection.execute("DELETE FROM claims WHERE owner NOT IN (SELECT owner FROM owners)")
        connection.execute("INSERT INTO owners VALUES (?, ?, ?, ?)", self._me)

    def _held_by_others(self, connection: sqlite3.Connection, keys: Sequence[bytes]) -> frozenset[bytes]:
        marks = ",".join("?" * len(keys))
        rows = connection.execute(f"SELECT key, owner FROM claims WHERE key IN ({marks})", list(keys)).fetchall()
        holders = {key: owner for key, owner in rows if owner != self._me.owner}
        alive = self._others.are_alive(connection, set(holders.values())) if holders else {}
        return frozenset(key for key, owner in holders.items() if alive[owner])


def beat(connection: sqlite3.Connection, me: Owner) -> None:
    """Show the others that this process lives."""
    connection.execute("UPDATE owners SET beat = beat + 1 WHERE owner = ?", (me.owner,))
