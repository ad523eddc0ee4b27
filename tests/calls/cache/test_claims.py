"""Claims: who asks first is waited for as long as it lives, whatever any clock says."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.calls.cache.cache import CallCache, Entry
from farm.calls.cache.cache_file import prepare
from farm.calls.cache.owners import DEAD_AFTER_LOOKS, OtherOwners, Owner, this_owner
from farm.calls.request import Reply
from tests.calls.asking import questions, slot

REQUEST = questions(slot("http://one/v1"), 1)[0]
KEYS = [bytes([i]) * 32 for i in range(4)]


@pytest.fixture
def caches(tmp_path: Path) -> Iterator[tuple[CallCache, CallCache]]:
    one, other = CallCache(tmp_path / "c"), CallCache(tmp_path / "c")
    yield one, other
    one.close()
    other.close()


def entry(key: bytes) -> Entry:
    return Entry(key, "http://one/v1", REQUEST, Reply(text="Output (a)"))


def test_a_request_is_claimed_once_until_its_reply_is_there(caches: tuple[CallCache, CallCache]) -> None:
    one, other = caches
    assert one.claim(KEYS[:2]) == ({}, frozenset())
    assert other.claim(KEYS[1:3]) == ({}, frozenset(KEYS[1:2]))
    assert one.claim(KEYS[:1]) == ({}, frozenset())  # its own
    one.put(entry(KEYS[1]))
    one.flush()
    replies, others = other.look(KEYS[:3])
    assert (replies[KEYS[1]].text, others) == ("Output (a)", frozenset(KEYS[:1]))


def test_a_claim_that_is_given_up_can_be_taken(tmp_path: Path) -> None:
    one, other = CallCache(tmp_path / "c"), CallCache(tmp_path / "c")
    one.claim(KEYS)
    one.release(KEYS[0])
    one.put(entry(KEYS[1]))
    one.flush()
    assert other.look(KEYS).others == frozenset(KEYS[2:])
    one.release(KEYS[2])
    one.close()
    assert other.claim(KEYS).others == frozenset()
    other.close()


def test_what_is_put_and_not_yet_committed_is_not_claimed_again(caches: tuple[CallCache, CallCache]) -> None:
    one, _ = caches
    one.claim(KEYS[:1])
    one.put(entry(KEYS[0]))
    assert one.claim(KEYS[:1]).replies.keys() == {KEYS[0]}


def test_somebody_who_was_waited_for_too_long_is_not_waited_for(caches: tuple[CallCache, CallCache]) -> None:
    one, other = caches
    one.claim(KEYS[:2])
    assert other.claim(KEYS[:2], even_of=frozenset(KEYS[:1])).others == frozenset(KEYS[1:2])
    assert one.look(KEYS[:2]).others == frozenset(KEYS[:1])


def test_the_claims_of_a_killed_process_are_free_at_once(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from farm.calls.cache.cache import CallCache\n"
        f"CallCache(Path({str(tmp_path / 'c')!r})).claim([bytes([i]) * 32 for i in range(4)]); os.kill(os.getpid(), 9)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[3])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, though its parent has not asked yet
    cache = CallCache(tmp_path / "c")
    assert cache.claim(KEYS).others == frozenset()
    with sqlite3.connect(tmp_path / "c") as connection:
        assert connection.execute("SELECT COUNT(*) FROM owners").fetchone() == (1,)
    cache.close()
    process.wait()


def owned(connection: sqlite3.Connection, owner: Owner) -> None:
    connection.execute("INSERT OR REPLACE INTO owners VALUES (?, ?, ?, ?)", owner)


def test_an_owner_on_another_machine_is_dead_when_its_count_stands_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path / "c")
    now, others = [100.0], OtherOwners()
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    elsewhere = this_owner()._replace(place="another machine", pid=1)
    with sqlite3.connect(tmp_path / "c") as connection:
        for beat in range(60):
            owned(connection, elsewhere._replace(beat=beat))
            now[0] += 2.0
            assert others.are_alive(connection, {elsewhere.owner}) == {elsewhere.owner: True}
        for _ in range(DEAD_AFTER_LOOKS - 1):
            now[0] += 1.0
            assert others.are_alive(connection, {elsewhere.owner}) == {elsewhere.owner: True}
        now[0] += 1.0
        assert others.are_alive(connection, {elsewhere.owner}) == {elsewhere.owner: False}
        assert others.are_alive(connection, {"nobody"}) == {"nobody": False}


def test_setting_a_clock_or_halting_the_one_who_waits_kills_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = CallCache(tmp_path / "c"), CallCache(tmp_path / "c")
    one.claim(KEYS)
    start, wall = time.monotonic(), time.time()
    for jump in (0.0, 1e9, -1e9):
        monkeypatch.setattr(time, "time", lambda jump=jump: wall + jump)
        assert other.claim(KEYS).others == frozenset(KEYS)
    monkeypatch.setattr(time, "monotonic", lambda: start + 3600)  # halted for an hour: one look
    assert other.claim(KEYS).others == frozenset(KEYS)
    one.close()
    other.close()


def test_an_owner_shows_that_it_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farm.calls.cache.cache.BEAT_SECONDS", 0.01)
    cache = CallCache(tmp_path / "c")
    cache.claim(KEYS)
    with sqlite3.connect(tmp_path / "c") as connection:
        deadline = time.monotonic() + 10
        while connection.execute("SELECT beat FROM owners").fetchone()[0] < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    cache.close()


def test_closing_leaves_no_claim_behind(tmp_path: Path) -> None:
    cache = CallCache(tmp_path / "c")
    cache.claim(KEYS)
    cache.close()
    with sqlite3.connect(tmp_path / "c") as connection:
        assert connection.execute("SELECT (SELECT COUNT(*) FROM claims), (SELECT COUNT(*) FROM owners)").fetchone() == (
            0,
            0,
        )
