"""Against a server that misbehaves: every request ends, nothing answered is asked again, nothing waits for ever."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from farm.calls.request import Decoding
from farm.calls.session import open_calls
from farm.conversation import Message
from farm.errors import UserError
from tests.calls.asking import questions, settings, slot
from tests.calls.server import FAULTS, OTHER_FAULTS, judge_server

pytestmark = pytest.mark.slow

PASSING = ["429", "429_retry_after", "429_date", "500", "503", "reset", "truncated", "truncated_json", "not_json"]
PASSING += ["error_in_200", "empty_choice", "empty_text", "packed_bomb", "deep", "endless"]


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_costs_a_try_and_no_reply(fault: str, tmp_path: Path) -> None:
    with judge_server(faults=[fault], retry_after=0.3) as server, open_calls(settings(tmp_path / "c")) as calls:
        (reply,) = calls.ask(questions(slot(server.base_url), 1))
        assert (reply.failure, reply.text[:6]) == ("", "Output")
        assert [request.fault for request in server.requests] == [fault, ""]
        assert calls.report().total.n_retries == 1


@pytest.mark.parametrize("fault", ["hang", "slow_drip", "slow_headers"])
def test_a_reply_that_does_not_end_is_cut_off(fault: str, tmp_path: Path) -> None:
    chosen = settings(tmp_path / "c", timeout_seconds=0.5)
    with judge_server(faults=[fault]) as server, open_calls(chosen) as calls:
        start = time.monotonic()
        (reply,) = calls.ask(questions(slot(server.base_url), 1))
        assert reply.failure == ""
        assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("refusal", "the model refused: I cannot help"),
        ("content_filter", "content filter"),
        ("400", "HTTP 400: This mo"),
    ],
)
def test_what_would_fail_again_is_asked_once_a_run_and_never_stored(fault: str, reason: str, tmp_path: Path) -> None:
    with judge_server(faults=[fault]) as server:
        for expected in (reason, ""):
            with open_calls(settings(tmp_path / "c")) as calls:
                (reply,) = calls.ask(questions(slot(server.base_url), 1))
                assert expected in reply.failure and bool(reply.failure) == bool(expected)
        assert len(server.requests) == 2


@pytest.mark.parametrize("fault", ["500", "reset", "empty_choice", "truncated_json"])
def test_a_request_that_always_fails_ends_with_its_reason_and_spares_the_others(fault: str, tmp_path: Path) -> None:
    def only_question_3(_number: int, body: dict[str, object]) -> str:
        return fault if "Question 3:" in str(body["messages"]) else ""

    chosen = settings(tmp_path / "c", max_attempts=3)
    with judge_server(faults=only_question_3) as server, open_calls(chosen) as calls:
        replies = calls.ask(questions(slot(server.base_url), 8))
        assert [i for i, reply in enumerate(replies) if reply.failure] == [3]
        assert replies[3].failure.startswith("gave up after 3 tries")
        assert len(server.requests) == 7 + 3


def test_a_storm_of_faults_ends_with_a_reply_each_and_asks_nothing_twice_that_was_answered(tmp_path: Path) -> None:
    rates = {"429": 0.1, "500": 0.05, "503": 0.05, "reset": 0.05, "truncated": 0.05, "empty_choice": 0.05, "hang": 0.01}
    with judge_server(latency=0.01, faults=rates) as server:
        chosen = settings(tmp_path / "c", timeout_seconds=1.0, max_attempts=12)
        for n_before in (0, 120):
            with open_calls(chosen) as calls:
                replies = calls.ask(questions(slot(server.base_url), 120))
                assert [reply.failure for reply in replies] == [""] * 120
                assert calls.report().total.n_cache_hits == n_before
        assert server.n_asked_again == 0
        assert len(server.answered) == 120


def test_numbers_that_cannot_be_end_nothing_and_are_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One usage of 1e20 tokens among 200 ended caching in silence, and the next run paid for 183 again."""
    with judge_server(faults={"strange_usage": 0.3}) as server:
        for n_hits in (0, 60):
            with open_calls(settings(tmp_path / "c")) as calls:
                replies = calls.ask(questions(slot(server.base_url), 60))
                total = calls.report().total
            assert [reply.failure for reply in replies] == [""] * 60
            assert total.n_cache_hits == n_hits
            # 113 or 114 characters: 28 tokens by the server, 29 by the estimate, and 4 for the message.
            assert {reply.n_prompt_tokens for reply in replies} == {28, 33}
        assert (len(server.requests), server.n_asked_again) == (60, 0)
    assert [record.getMessage().count("prompt_tokens: ") for record in caplog.records] == [1]


def test_rate_limits_lower_the_concurrency_instead_of_failing(tmp_path: Path) -> None:
    chosen = settings(tmp_path / "c", concurrency=32, max_attempts=2)
    with judge_server(latency=0.02, max_at_once=4) as server, open_calls(chosen) as calls:
        replies = calls.ask(questions(slot(server.base_url), 150))
        assert {reply.failure for reply in replies} == {""}
        n_limited = len(server.requests) - len(server.answered)
        assert n_limited < 150  # at 32 at once throughout, 28 of every 32 would be turned away


def test_retry_after_is_waited_for(tmp_path: Path) -> None:
    for fault in ("429_retry_after", "429_date"):
        with judge_server(faults=[fault], retry_after=2.0) as server, open_calls(settings(None)) as calls:
            calls.ask(questions(slot(server.base_url), 1))
            first, second = server.requests
            # A date has no fractions of a second, so it may be up to one second early.
            assert second.seconds - first.seconds >= (2.0 if fault == "429_retry_after" else 1.0)


def test_a_longer_wait_than_allowed_is_a_reason(tmp_path: Path) -> None:
    chosen = settings(None, max_wait_seconds=5.0)
    with judge_server(faults=["429_retry_after"], retry_after=3600) as server, open_calls(chosen) as calls:
        (reply,) = calls.ask(questions(slot(server.base_url), 1))
        assert "HTTP 429: Rate limit reached." in reply.failure and "asks to wait 3600 s" in reply.failure


def test_a_dead_server_does_not_take_every_request_through_all_its_tries(tmp_path: Path) -> None:
    chosen = settings(None, max_attempts=2, concurrency=4)
    with judge_server(faults={"500": 1.0}, latency=0.01) as server, open_calls(chosen) as calls:
        replies = calls.ask(questions(slot(server.base_url), 400))
        assert all("HTTP 500" in reply.failure for reply in replies)
        assert len(server.requests) < 600  # of 800


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        ("401", "NOBODY_SET_THIS_API_KEY holds no key"),
        ("403", "no access to this model"),
        ("404", "check the model's name and the address"),
        ("quota", "no credit left"),
    ],
)
def test_what_every_request_would_meet_stops_the_run(fault: str, hint: str) -> None:
    with judge_server(faults={fault: 1.0}) as server, open_calls(settings(None)) as calls:
        with pytest.raises(UserError, match=hint):
            calls.ask(questions(slot(server.base_url), 300))
        assert len(server.requests) <= 16
        with pytest.raises(UserError, match=hint):  # and stays stopped, for other threads too
            calls.ask(questions(slot(server.base_url), 1, start=1000))


@pytest.mark.parametrize(
    ("fault", "is_call"),
    [("truncated_json", True), ("not_json", True), ("empty_choice", True), ("empty_text", True), ("deep", True),
     ("packed_bomb", True), ("error_in_200", False), ("500", False), ("429", False)],
)  # fmt: skip
def test_a_success_is_a_call_whether_or_not_it_can_be_read(fault: str, is_call: bool) -> None:
    """Whoever bills by the request bills it; an error is no success, whatever its status."""
    chosen = settings(None, budget_calls=3, max_attempts=2)
    with judge_server(faults={fault: 1.0}) as server, open_calls(chosen) as calls:
        replies = calls.ask(questions(slot(server.base_url), 6))
        total = calls.report().total
        assert all(reply.failure for reply in replies)
        assert total.n_calls == (len(server.requests) if is_call else 0)
        assert not is_call or total.n_calls == 3  # the budget bounds them


def test_a_forbidden_request_in_the_middle_of_a_run_concerns_itself_alone() -> None:
    def only_question_5(_number: int, body: dict[str, object]) -> str:
        return "403" if "Question 5:" in str(body["messages"]) else ""

    with judge_server(faults=only_question_5) as server, open_calls(settings(None)) as calls:
        calls.ask(questions(slot(server.base_url), 5))
        replies = calls.ask(questions(slot(server.base_url), 5, start=5))
        assert [bool(reply.failure) for reply in replies] == [True, False, False, False, False]


def test_nobody_at_the_address_stops_the_run_within_seconds() -> None:
    with judge_server() as server:
        free_address = server.base_url
    start = time.monotonic()
    with open_calls(settings(None)) as calls, pytest.raises(UserError, match="is the server running"):
        calls.ask(questions(slot(free_address), 300))
    assert time.monotonic() - start < 10


def test_replies_in_another_format_are_replies() -> None:
    """What they mean is the judge's business."""
    with judge_server(faults=["other_format", "wrong_count"]) as server, open_calls(settings(None)) as calls:
        first, second = (calls.ask(questions(slot(server.base_url), 1, start=i))[0] for i in range(2))
        assert first.text.startswith("Both outputs") and not first.failure
        assert second.failure == "" or "empty" in second.failure


def test_a_reply_that_reached_max_tokens_before_any_text_says_so() -> None:
    """Models that think first spend max_tokens on it."""
    from farm.calls.http.chat import read_reply

    parsed = read_reply(b'{"choices": [{"message": {"content": ""}, "finish_reason": "length"}]}')
    assert parsed.failure is not None and "raise the judge's max_tokens" in parsed.failure.reason


def test_a_model_that_knows_max_tokens_by_its_newer_name_is_asked_by_it() -> None:
    def needs_newer_name(_number: int, body: dict[str, object]) -> str:
        return "newer_name" if "max_tokens" in body else ""

    with judge_server(faults=needs_newer_name) as server, open_calls(settings(None, concurrency=1)) as calls:
        replies = calls.ask(questions(slot(server.base_url), 3, decoding=Decoding(temperature=1.0, max_tokens=77)))
        assert [reply.failure for reply in replies] == ["", "", ""]
        assert [request.body.get("max_completion_tokens") for request in server.requests] == [None, 77, 77, 77]


def test_requests_in_flight_when_the_newer_name_is_learnt_are_asked_by_it_too() -> None:
    def needs_newer_name(_number: int, body: dict[str, object]) -> str:
        return "newer_name" if "max_tokens" in body else ""

    with judge_server(latency=0.1, faults=needs_newer_name) as server:
        with open_calls(settings(None, concurrency=8)) as calls:
            replies = calls.ask(questions(slot(server.base_url), 8))
        assert [reply.failure for reply in replies] == [""] * 8
        assert len(server.requests) == 16


def test_text_that_is_no_unicode_is_sent_as_it_is() -> None:
    with judge_server() as server, open_calls(settings(None)) as calls:
        (question,) = questions(slot(server.base_url), 1)
        (reply,) = calls.ask([replace(question, messages=(Message("user", "half an emoji: \ud83d"),))])
        assert reply.failure == ""
        assert server.requests[0].text == "half an emoji: \ud83d"


def test_every_fault_of_the_server_is_in_a_test() -> None:
    stopping = {"401", "403", "404", "quota"}
    lasting = {"hang", "slow_drip", "slow_headers", "refusal", "content_filter", "400"}
    refusals = {fault for fault in FAULTS if fault.startswith("no_")} | {
        "newer_name"
    }  # tests/calls/http/test_refusals.py
    elsewhere = {"echo_key", "cut", "reasoning_only"}  # test_keys.py and test_refusals.py there
    others = {"other_format", "wrong_count", "strange_usage"}
    assert set(PASSING) | stopping | lasting | refusals | elsewhere | others == set(FAULTS)
    assert set(OTHER_FAULTS) < set(FAULTS)


@pytest.mark.parametrize("fault", ["429", "500", "reset", "truncated", "hang"])
def test_without_aiohttp_several_httpx_pools_do_the_same(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(**_: object) -> None:
        raise RuntimeError("To use the aiohttp client you must have installed the package with the `aiohttp` extra")

    monkeypatch.setattr("openai.DefaultAioHttpClient", missing)
    chosen = settings(None, concurrency=20, timeout_seconds=1.0)
    with judge_server(faults=[fault], latency=0.02) as server, open_calls(chosen) as calls:
        assert {reply.failure for reply in calls.ask(questions(slot(server.base_url), 60))} == {""}
        assert server.max_in_flight == 20
