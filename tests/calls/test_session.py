"""Asking: order, cache, equal questions, threads, processes, kills, budgets, and the ledger that comes of it."""

import os
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from farm.calls.http.echoes import Clearing
from farm.calls.request import Reply
from farm.calls.session import open_calls
from farm.errors import UserError
from tests.calls.asking import questions, settings, slot
from tests.calls.server import JudgeServer, judge_server, longer_output
from tests.forked import Forked

RUN = """
import sys
from pathlib import Path
from farm.calls.session import open_calls
from tests.calls.asking import questions, settings, slot
with open_calls(settings(Path(sys.argv[2]), concurrency=8)) as calls:
    replies = calls.ask(questions(slot(sys.argv[1]), int(sys.argv[3])))
    print(sum(not reply.failure for reply in replies))
"""


def run(server: JudgeServer, cache: Path, n: int) -> Forked:
    return Forked(RUN, server.base_url, str(cache), str(n))


def echo(text: str) -> str:
    return f"You asked: {text.split('?')[0]}"


def test_replies_come_in_the_order_of_the_requests(tmp_path: Path) -> None:
    with judge_server(answer=echo) as server, open_calls(settings(tmp_path / "c")) as calls:
        replies = calls.ask(questions(slot(server.base_url), 50))
        assert [reply.text.split(":")[1] for reply in replies] == [f" Question {i}" for i in range(50)]


def test_a_second_run_asks_nothing_and_says_the_same(tmp_path: Path) -> None:
    with judge_server() as server:
        asked = [replace(q, decoding=replace(q.decoding, top_logprobs=3)) for q in questions(slot(server.base_url), 20)]
        with open_calls(settings(tmp_path / "c")) as calls:
            first = calls.ask(asked)
        with open_calls(settings(tmp_path / "c")) as calls:
            second = calls.ask(asked)
            assert (calls.report().total.n_calls, calls.report().total.n_cache_hits) == (0, 20)
        assert len(server.requests) == 20
        assert second == [reply._replace(is_from_cache=True) for reply in first]
        assert len(second[0].top_logprobs[0]) == 3


def test_the_cache_is_read_without_a_key_and_without_a_server(tmp_path: Path) -> None:
    with judge_server() as server, open_calls(settings(tmp_path / "c")) as calls:
        asked = questions(slot(server.base_url), 5)
        calls.ask(asked)
    with open_calls(settings(tmp_path / "c")) as calls:
        assert all(reply.is_from_cache for reply in calls.ask(asked))


def test_equal_questions_are_asked_once_and_paid_for_once(tmp_path: Path) -> None:
    with judge_server(latency=0.05) as server, open_calls(settings(tmp_path / "c")) as calls:
        (question,) = questions(slot(server.base_url), 1)
        with ThreadPoolExecutor(4) as pool:
            replies = [reply for part in pool.map(calls.ask, [[question] * 3] * 4) for reply in part]
        assert len(server.requests) == 1
        assert len({reply.text for reply in replies}) == 1
        assert calls.report().total.n_requests == 12
        assert calls.report().total.cost_usd == pytest.approx(replies[0].cost_usd)


def test_another_sample_of_the_same_question_is_another_question(tmp_path: Path) -> None:
    with judge_server() as server, open_calls(settings(tmp_path / "c")) as calls:
        (question,) = questions(slot(server.base_url), 1)
        calls.ask([question, replace(question, sample=1), replace(question, judge="somebody else")])
        assert len(server.requests) == 2


def test_a_killed_run_loses_at_most_what_was_in_flight(tmp_path: Path) -> None:
    cache = tmp_path / "c.sqlite"
    with judge_server(latency=0.05) as server:
        with run(server, cache, 200) as process:
            while len(server.answered) < 60:
                time.sleep(0.01)
                assert process.is_running, process.done()
            process.kill_all()
        time.sleep(0.2)
        n_answered = len(server.answered)
        with run(server, cache, 200) as again:
            assert again.done(timeout=60) == (0, "200\n", "")
        assert server.n_asked_again <= 8  # in flight, which is what was answered and not yet committed too
        assert len(server.answered) - n_answered <= 200 - n_answered + 16


def test_ctrl_c_keeps_what_was_answered_and_ends_at_once(tmp_path: Path) -> None:
    cache = tmp_path / "c.sqlite"
    with judge_server(latency=0.1) as server:
        with run(server, cache, 500) as process:
            while len(server.answered) < 24:
                time.sleep(0.01)
            start = time.monotonic()
            process.interrupt()
            assert "KeyboardInterrupt" in process.done(timeout=20).stderr
        assert time.monotonic() - start < 10
        with sqlite3.connect(cache) as connection:
            (n_kept,) = connection.execute("SELECT COUNT(*) FROM replies").fetchone()
        assert len(server.answered) - 8 <= n_kept <= len(server.answered)


def test_two_processes_share_a_cache_and_ask_nothing_twice(tmp_path: Path) -> None:
    with judge_server(latency=0.05) as server:
        with run(server, tmp_path / "c.sqlite", 300) as first, run(server, tmp_path / "c.sqlite", 300) as second:
            assert [process.done(timeout=60) for process in (first, second)] == [(0, "300\n", "")] * 2
        assert (server.n_asked_again, len(server.requests)) == (0, 300)


def test_what_another_process_gave_up_is_asked_here(tmp_path: Path) -> None:
    """Both at once: whoever comes second waits for the first one's reply, and asks when there is none."""
    refusals = ["refusal"]

    def first_refused(_number: int, _body: dict[str, object]) -> str:
        return refusals.pop() if refusals else ""

    with judge_server(latency=0.3, faults=first_refused) as server:
        asked = questions(slot(server.base_url), 1)
        with (
            open_calls(settings(tmp_path / "c")) as one,
            open_calls(settings(tmp_path / "c")) as other,
            ThreadPoolExecutor(2) as pool,
        ):
            replies = [reply for part in pool.map(lambda calls: calls.ask(asked), (one, other)) for reply in part]
        assert sorted(bool(reply.failure) for reply in replies) == [False, True]
        assert len(server.requests) == 2


def test_a_write_that_fails_fails_the_run_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that SQLite cannot hold ended the writer's thread in silence, and nothing was kept from then on."""
    monkeypatch.setattr("farm.calls.http.usage.token_count", lambda _value: 10**30)
    with (
        judge_server() as server,
        pytest.raises(UserError, match=r"c: a reply cannot be stored \(OverflowError"),
        open_calls(settings(tmp_path / "c")) as calls,
    ):
        calls.ask(questions(slot(server.base_url), 3))


def test_a_budget_of_calls_is_exact_and_the_next_run_goes_on(tmp_path: Path) -> None:
    chosen = settings(tmp_path / "c", budget_calls=30)
    with judge_server(faults={"500": 0.1}, latency=0.005) as server:
        for n_answered in (30, 60, 70):
            with open_calls(chosen) as calls, ThreadPoolExecutor(4) as pool:
                parts = [questions(slot(server.base_url), 20, start=20 * i) for i in range(4)][:4]
                parts[3] = parts[3][:10]
                replies = [reply for part in pool.map(calls.ask, parts) for reply in part]
                assert len(server.answered) == n_answered
                assert sum(not reply.failure for reply in replies) == n_answered
                assert all(reply.is_budget_stop for reply in replies if reply.failure)
                assert (calls.budget_stop() is None) == (n_answered == 70)
        assert server.n_asked_again == 0


def test_a_budget_of_money_is_kept(tmp_path: Path) -> None:
    # 107 or 108 characters are 27 tokens by the server's count; with 2 tokens of reply that is 31 millionths of a USD.
    with judge_server(latency=0.005) as server, open_calls(settings(tmp_path / "c", budget_usd=0.001)) as calls:
        replies = calls.ask(questions(slot(server.base_url), 100))
        spent = sum(reply.cost_usd or 0.0 for reply in replies)
        assert 0.0009 < spent <= 0.001
        assert calls.report().total.cost_usd == pytest.approx(spent)
        message = calls.budget_stop()
        assert message is not None and "run the same command again" in message


def test_a_budget_of_money_needs_a_price(tmp_path: Path) -> None:
    with judge_server() as server, open_calls(settings(None, budget_usd=1.0)) as calls:
        with pytest.raises(UserError, match="no price of nobodys-model"):
            calls.ask(questions(slot(server.base_url, model="nobodys-model"), 1))
        assert server.requests == []


def test_the_ledger_books_what_the_server_counted(tmp_path: Path) -> None:
    with judge_server(faults=["empty_text"]) as server, open_calls(settings(tmp_path / "c")) as calls:
        long = [replace(q, judge="long prompts") for q in questions(slot(server.base_url), 3)]
        long = [
            replace(q, messages=(q.messages[0]._replace(content="The same beginning. " * 20 + q.messages[0].content),))
            for q in long
        ]
        calls.ask(long)
        total = calls.report().total
        # Four calls, for the empty one was paid for too; all but the first begin with 200 known characters, 50 tokens.
        n_prompt = sum(len(request.text) // 4 for request in server.requests)
        assert (total.n_calls, total.n_retries, total.n_failures) == (4, 1, 0)
        assert (total.n_prompt_tokens, total.n_cached_prompt_tokens) == (n_prompt, 3 * 50)
        n_completion = total.n_completion_tokens
        assert total.cost_usd == pytest.approx(((n_prompt - 150) * 1.0 + 150 * 0.5 + n_completion * 2.0) / 1e6)
        (account,) = calls.report().accounts
        assert (account.judge, account.model) == ("long prompts", "scripted")


def test_an_unknown_price_is_none_and_counted(tmp_path: Path) -> None:
    with judge_server() as server, open_calls(settings(tmp_path / "c")) as calls:
        (reply,) = calls.ask(questions(slot(server.base_url, model="nobodys-model"), 1))
        assert reply.cost_usd is None
        assert (calls.report().total.n_unpriced, calls.progress().cost_usd) == (1, None)


def test_a_damaged_cache_stops_the_run_and_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with judge_server() as server:
        with open_calls(settings(path)) as calls:
            calls.ask(questions(slot(server.base_url), 100))
        content = bytearray(path.read_bytes())
        content[4096:] = os.urandom(len(content) - 4096)
        path.write_bytes(content)
        with (
            pytest.raises(UserError, match=r"c\.sqlite: the call cache cannot be used"),
            open_calls(settings(path)) as calls,
        ):
            calls.ask(questions(slot(server.base_url), 200))


def test_a_mistake_in_the_sending_thread_is_raised_where_one_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(content: bytes, clearing: Clearing) -> Reply:
        raise KeyError("a mistake")

    monkeypatch.setattr("farm.calls.http.endpoint.read_reply", broken)
    with judge_server() as server, open_calls(settings(None)) as calls, pytest.raises(KeyError, match="a mistake"):
        calls.ask(questions(slot(server.base_url), 5))


def test_nothing_is_left_running() -> None:
    before = threading.active_count()
    with judge_server(answer=longer_output) as server, open_calls(settings(None)) as calls:
        calls.ask(questions(slot(server.base_url), 2))
    assert threading.active_count() == before
