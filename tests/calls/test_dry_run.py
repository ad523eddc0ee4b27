"""A dry run sends nothing and foretells what the run then does."""

from dataclasses import replace
from pathlib import Path

import pytest

from farm.calls.dry_run import dry_calls
from farm.calls.session import open_calls
from tests.calls.asking import questions, settings, slot
from tests.calls.server import judge_server


def test_it_counts_what_the_run_then_asks_and_what_the_cache_holds(tmp_path: Path) -> None:
    chosen = settings(tmp_path / "c")
    with judge_server() as server:
        asked = questions(slot(server.base_url), 40)
        with dry_calls(chosen) as calls:
            calls.ask(asked[:10])
            assert (calls.report().n_calls, calls.report().n_cached) == (10, 0)
        assert server.requests == [] and not (tmp_path / "c").exists()
        with open_calls(chosen) as calls:
            calls.ask(asked[:10])
        with dry_calls(chosen) as calls:
            replies = calls.ask([*asked, *asked])
            foretold = calls.report()
        assert (foretold.n_calls, foretold.n_cached) == (30, 50)
        assert [bool(reply.failure) for reply in replies] == ([False] * 10 + [True] * 30) * 2
        with open_calls(chosen) as calls:
            calls.ask(asked)
            total = calls.report().total
        assert total.n_calls == foretold.n_calls
        assert total.n_prompt_tokens == pytest.approx(foretold.n_prompt_tokens, rel=0.2)
        assert total.cost_usd == pytest.approx(foretold.expected_usd, rel=0.2)
        assert foretold.expected_usd < foretold.most_usd


def test_money_without_a_price_is_named(tmp_path: Path) -> None:
    with dry_calls(settings(tmp_path / "c")) as calls:
        calls.ask(questions(slot("http://localhost:9/v1", model="nobodys"), 3))
        calls.ask(questions(slot("http://localhost:9/v1"), 1))
        report = calls.report()
    assert report.unpriced_models == ("nobodys",)
    # 108 characters are 27 tokens and 4 for the message; at most 10 tokens come back: 31 * 1 + 10 * 2 millionths.
    assert report.most_usd == pytest.approx(51e-6, rel=0.05)


def test_a_reply_that_later_requests_need_is_made_up() -> None:
    with dry_calls(settings(None)) as calls:
        (request,) = questions(slot("http://localhost:9/v1"), 1)
        (reply,) = calls.ask([replace(request, wants="text")])
        assert reply.failure == "" and len(reply.text) == 20  # half of 10 tokens of 4 characters
