"""The cache file: what distinguishes questions, what is kept, what damage does, and how fast it is read."""

import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from farm.calls.cache.cache import CallCache, Entry, key_of
from farm.calls.cache.cache_contents import contents, export_lines, prune
from farm.calls.cache.cache_file import CacheError
from farm.calls.request import Reply, Request, TokenLogprob
from farm.conversation import Message
from tests.calls.asking import DECODING, questions, slot

ASKED = questions(slot("http://one/v1"), 1)[0]


def entry(request: Request, reply: Reply) -> Entry:
    return Entry(key_of(request, "http://one/v1"), "http://one/v1", request, reply)


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, slot=slot("http://one/v1", model="another")),
        replace(ASKED, messages=(Message("system", ASKED.messages[0].content),)),
        replace(ASKED, messages=(*ASKED.messages, Message("user", ""))),
        replace(ASKED, messages=(Message("user", ASKED.messages[0].content + " "),)),
        replace(ASKED, decoding=replace(DECODING, temperature=0.5)),
        replace(ASKED, decoding=replace(DECODING, stop=("a", "b"))),
        replace(ASKED, decoding=replace(DECODING, stop=("ab",))),
        replace(ASKED, decoding=replace(DECODING, json_object=True)),
        replace(ASKED, labels=("a", "b")),
        replace(ASKED, sample=1),
    ],
)
def test_whatever_may_change_the_reply_is_in_the_key(other: Request) -> None:
    assert key_of(other, "http://one/v1") != key_of(ASKED, "http://one/v1")


def test_two_endpoints_may_give_one_name_to_two_models() -> None:
    assert key_of(ASKED, "http://one/v1") != key_of(ASKED, "http://two/v1")


def test_who_asks_and_where_the_key_lies_is_not_in_the_key() -> None:
    same = replace(ASKED, judge="me", slot=slot("http://one/v1", key="ANOTHER_API_KEY"))
    assert key_of(same, "http://one/v1") == key_of(ASKED, "http://one/v1")


def test_a_reply_comes_back_as_it_was_put(tmp_path: Path) -> None:
    reply = Reply(
        text="Größer \ud83d\ude00 \udcff",  # an emoji as two surrogates, and a lone one
        top_logprobs=((TokenLogprob("a", -0.1), TokenLogprob("b", -2.5)), ()),
        label_logprobs=(-0.5, -1.5),
        n_prompt_tokens=10,
        n_cached_prompt_tokens=4,
        n_completion_tokens=3,
        cost_usd=0.25,
        latency_seconds=1.5,
    )
    for _ in range(2):
        cache = CallCache(tmp_path / "deep" / "c.sqlite")
        cache.put(entry(ASKED, reply))
        assert cache.get([key_of(ASKED, "http://one/v1")]) in (
            {key_of(ASKED, "http://one/v1"): reply._replace(is_from_cache=True)},
            {key_of(ASKED, "http://one/v1"): reply._replace(text="Größer 😀 \udcff", is_from_cache=True)},
        )
        cache.close()


def test_what_is_put_is_found_at_once_and_the_first_reply_stays(tmp_path: Path) -> None:
    cache = CallCache(tmp_path / "c.sqlite")
    key = key_of(ASKED, "http://one/v1")
    cache.put(entry(ASKED, Reply(text="first")))
    assert cache.get([key])[key].text == "first"
    cache.flush()
    cache.put(entry(ASKED, Reply(text="second")))
    cache.flush()
    assert cache.get([key])[key].text == "first"
    cache.close()


def test_many_threads_and_files_handles_write_beside_each_other(tmp_path: Path) -> None:
    asked = questions(slot("http://one/v1"), 400)

    def write(part: list[Request]) -> None:
        cache = CallCache(tmp_path / "c.sqlite")
        for request in part:
            cache.put(entry(request, Reply(text=request.messages[0].content)))
        cache.close()

    threads = [threading.Thread(target=write, args=(asked[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cache = CallCache(tmp_path / "c.sqlite")
    assert len(cache.get([key_of(request, "http://one/v1") for request in asked])) == 400
    cache.close()


def test_a_file_that_another_process_is_just_creating_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")  # who waits for its lock while holding one of his own is refused at once
    release = threading.Timer(0.3, other.execute, ["COMMIT"])
    release.start()
    CallCache(path).close()
    release.join()
    other.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to look at" * 50, b"SQLite format 3\0" + b"\xff" * 8000]
)
def test_another_kind_of_file_or_a_damaged_one_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(CacheError, match=r"notes\.txt: the call cache cannot be used"):
        CallCache(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "music.db") as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(CacheError, match="but no call cache"):
        CallCache(tmp_path / "music.db")


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    CallCache(tmp_path / "c.sqlite").close()
    with sqlite3.connect(tmp_path / "c.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(CacheError, match="of version 99"):
        CallCache(tmp_path / "c.sqlite")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="cannot create the folder"):
        CallCache(tmp_path / "file" / "c.sqlite")


def test_contents_export_and_prune_agree(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    cache = CallCache(path)
    for model, n in (("one", 3), ("two", 2)):
        for request in questions(slot("http://one/v1", model=model), n):
            cost = 0.5 if model == "one" else None
            cache.put(entry(request, Reply(text="Output (a)", n_prompt_tokens=7, n_completion_tokens=2, cost_usd=cost)))
    cache.close()
    one, two = contents(path)
    assert (one.model, one.n_replies, one.n_prompt_tokens, one.cost_usd, one.n_unpriced) == ("one", 3, 21, 1.5, 0)
    assert (two.model, two.n_replies, two.n_prompt_tokens, two.cost_usd, two.n_unpriced) == ("two", 2, 14, 0.0, 2)
    assert len(list(export_lines(path, model=None, older_than_days=None))) == 5
    assert len(list(export_lines(path, model="two", older_than_days=None))) == 2
    assert prune(path, model=None, older_than_days=1) == 0
    assert prune(path, model="one", older_than_days=0) == 3
    assert [model.model for model in contents(path)] == ["two"]


DAY = 86400.0


@pytest.mark.parametrize("days", [-400.0, 400.0])
def test_setting_the_clock_makes_no_fresh_reply_old(
    days: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, clock = tmp_path / "c.sqlite", time.time
    for when, number in ((days, 0), (0.0, 1)):  # made while the clock was wrong, and after it was set right
        monkeypatch.setattr(time, "time", lambda when=when: clock() + when * DAY)
        cache = CallCache(path)
        cache.put(entry(questions(slot("http://one/v1"), 2)[number], Reply(text="Output (a)")))
        cache.close()
    for now in (0.0, 400.0, -400.0):
        monkeypatch.setattr(time, "time", lambda now=now: clock() + now * DAY)
        assert prune(path, model=None, older_than_days=30) == 0
    assert prune(path, model=None, older_than_days=0) == 2  # all there is, also what seems to be of tomorrow


def test_old_replies_are_forgotten_and_young_ones_kept(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    cache = CallCache(path)
    for request in questions(slot("http://one/v1"), 4):
        cache.put(entry(request, Reply(text="Output (a)")))
    cache.close()
    with sqlite3.connect(path) as connection:  # 100 days ago, one of them on a machine that has been restarted since
        connection.execute("UPDATE replies SET made_at = made_at - 8640000 WHERE rowid <= 2")
        connection.execute("UPDATE replies SET boot = 'another', booted_at = 0 WHERE rowid = 2")
    assert prune(path, model=None, older_than_days=101) == 0
    assert prune(path, model=None, older_than_days=99) == 2


def test_a_file_of_the_first_version_is_read_and_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    cache = CallCache(path)
    cache.put(entry(ASKED, Reply(text="Output (a)")))
    cache.close()
    with sqlite3.connect(path) as connection:  # as version 1 was
        for statement in ("DROP TABLE claims", "DROP TABLE owners", "ALTER TABLE replies DROP COLUMN boot",
                          "ALTER TABLE replies DROP COLUMN booted_at", "PRAGMA user_version = 1"):  # fmt: skip
            connection.execute(statement)
    threads = [threading.Thread(target=lambda: CallCache(path).close()) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cache = CallCache(path)
    assert cache.get([key_of(ASKED, "http://one/v1")]).popitem()[1].text == "Output (a)"
    assert cache.claim([b"1" * 32]).others == frozenset()
    cache.close()
    assert prune(path, model=None, older_than_days=1) == 0


def test_sums_of_numbers_at_the_edge_do_not_overflow(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    cache = CallCache(path)
    for request in questions(slot("http://one/v1"), 3):
        cache.put(entry(request, Reply(text="Output (a)", n_prompt_tokens=2**63 - 1)))
    cache.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE replies SET made_at = 1e300 WHERE rowid = 1")
    (model,) = contents(path)
    assert model.n_prompt_tokens == pytest.approx(3 * 2.0**63)
    assert len(list(export_lines(path, model=None, older_than_days=None))) == 3


@pytest.mark.slow
def test_100_000_replies_are_read_again_in_less_than_5_seconds(tmp_path: Path) -> None:
    asked = [
        replace(request, messages=(Message("user", request.messages[0].content + "words and words " * 100),))
        for request in questions(slot("http://one/v1"), 100_000)
    ]
    cache = CallCache(tmp_path / "c.sqlite")
    for request in asked:
        cache.put(entry(request, Reply(text="Output (a)", n_prompt_tokens=400, n_completion_tokens=3, cost_usd=0.001)))
    cache.close()
    cache = CallCache(tmp_path / "c.sqlite")
    start = time.process_time()
    found = cache.get([key_of(request, "http://one/v1") for request in asked])
    assert len(found) == 100_000
    assert time.process_time() - start < 5
    cache.close()
