"""What a model refuses is left out, remembered and said once; what a judge cannot do without stops the run."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from farm.calls.http.refusals import SYSTEM, Refusals
from farm.calls.request import Decoding, ModelSlot, Reply, Request
from farm.calls.session import open_calls
from farm.conversation import Message
from farm.errors import UserError
from tests.calls.asking import questions, settings, slot
from tests.calls.server import Body, FaultRule, judge_server

DECODING = Decoding(temperature=0.0, max_tokens=9, top_p=0.9, stop=("\n",), json_object=True)
PARAMETERS = ["temperature", "top_p", "stop", "seed", "response_format"]


def refuses(*names: str) -> FaultRule:
    """The model called scripted refuses these; another one nothing."""

    def fault(_number: int, body: Body) -> str:
        if body["model"] != "scripted":
            return ""
        if "system" in names and any(message["role"] == "system" for message in body["messages"]):
            return "no_system"
        return next((f"no_{name}" for name in names if name in body), "")

    return fault


def asked(where: ModelSlot, n: int) -> list[Request]:
    return [replace(request, sample=1) for request in questions(where, n, decoding=DECODING)]


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_refused_parameter_is_left_out_from_then_on(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with judge_server(faults=refuses(name)) as server, open_calls(settings(None, concurrency=1)) as calls:
        replies = calls.ask(asked(slot(server.base_url), 3))
    assert [reply.failure for reply in replies] == [""] * 3
    assert [reply.left_out for reply in replies] == [(name,)] * 3
    assert [name in request.body for request in server.requests] == [True, False, False, False]
    kept = {"temperature", "top_p", "stop", "seed", "response_format", "max_tokens"} - {name}
    assert all(kept <= request.body.keys() for request in server.requests)
    assert [name in record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [True]


def test_a_model_may_refuse_everything_and_another_nothing() -> None:
    with judge_server(faults=refuses(*PARAMETERS)) as server, open_calls(settings(None, concurrency=1)) as calls:
        replies = calls.ask(asked(slot(server.base_url), 2))
        others = calls.ask(asked(slot(server.base_url, model="other"), 1))
    assert replies[0].left_out == tuple(sorted(PARAMETERS)) and not replies[0].failure
    assert others[0].left_out == () and "temperature" in server.requests[-1].body
    assert len(server.requests) == len(PARAMETERS) + 2 + 1


@pytest.mark.parametrize(
    ("said", "tried"),
    [
        ("Unsupported parameter: 'max_tokens' is not supported with this model.", {"max_completion_tokens": 9}),
        ("Unrecognized request argument supplied: max_tokens", {"max_completion_tokens": 9}),
        ("Extra inputs are not permitted: body.max_tokens", {"max_completion_tokens": 9}),
        ("max_tokens is too large: 9. At most 4 are supported.", None),
        ("the prompt mentions max_tokens", None),
    ],
)
def test_a_refused_bound_goes_by_its_newer_name_and_then_not_at_all(said: str, tried: Body | None) -> None:
    refusals, body = Refusals("somewhere"), {"model": "m", "messages": [], "max_tokens": 9}
    refused = refusals.learn("m", 400, {"error": {"message": said}}, body)
    assert (refused is None) == (tried is None)
    fitted = refusals.fitted("m", body)
    assert fitted == {"model": "m", "messages": [], **(tried or {"max_tokens": 9})}
    if tried:
        refusals.learn("m", 400, {"error": {"message": "Unknown name: max_completion_tokens"}}, fitted)
        assert refusals.fitted("m", body) == {"model": "m", "messages": []}
        assert refusals.left_out("m") == ("max_completion_tokens",)


def test_a_system_message_is_put_in_front_of_the_next() -> None:
    messages = (Message("system", "Be strict."), Message("user", "Which?"))
    with judge_server(faults=refuses("system")) as server, open_calls(settings(None, concurrency=1)) as calls:
        request = replace(questions(slot(server.base_url), 1)[0], messages=messages)
        (reply,) = calls.ask([request])
    assert not reply.failure and reply.left_out == (SYSTEM,)
    assert server.requests[-1].body["messages"] == [{"role": "user", "content": "Be strict.\n\nWhich?"}]


def test_a_reply_is_cut_here_where_the_model_takes_no_stop() -> None:
    with (
        judge_server(answer=lambda _: "Output (a)\nand more", faults=refuses("stop")) as server,
        open_calls(settings(None)) as calls,
    ):
        (reply,) = calls.ask(asked(slot(server.base_url), 1))
    assert reply.text == "Output (a)"


def test_without_log_probabilities_the_run_stops_in_one_sentence() -> None:
    decoding = Decoding(temperature=0.0, max_tokens=4, top_logprobs=20)
    with (
        judge_server(faults=refuses("logprobs")) as server,
        open_calls(settings(None)) as calls,
        pytest.raises(UserError, match=r"refuses logprobs, without which this judge has no verdict .* reads text"),
    ):
        calls.ask(questions(slot(server.base_url), 3, decoding=decoding))


def test_the_cache_answers_what_was_asked_whatever_was_sent(tmp_path: Path) -> None:
    cache = tmp_path / "calls.sqlite"
    with judge_server(faults=refuses("temperature")) as server:
        with open_calls(settings(cache)) as calls:
            (first,) = calls.ask(asked(slot(server.base_url), 1))
        n = len(server.requests)
        with open_calls(settings(cache)) as calls:
            (again,) = calls.ask(asked(slot(server.base_url), 1))
        assert len(server.requests) == n and again.is_from_cache
    assert again.left_out == first.left_out == ("temperature",)


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens.",
        "Invalid value for 'temperature': must be at most 2.",
        "the prompt mentions top_p",
        "",
    ],
)
def test_another_error_is_no_refusal(message: str) -> None:
    refusals = Refusals("somewhere")
    body: Body = {
        "model": "m",
        "messages": [{"role": "user", "content": "temperature"}],
        "temperature": 0,
        "top_p": 0.5,
    }
    assert refusals.learn("m", 400, {"error": {"message": message}}, body) is None
    assert refusals.learn("m", 500, {"error": {"message": "temperature is not supported"}}, body) is None
    assert refusals.fitted("m", body) == body


@pytest.mark.parametrize("error", [None, [], "x", {}, {"error": None}, {"error": {"message": None, "param": 3}}])
def test_odd_errors_refuse_nothing(error: object) -> None:
    assert Refusals("somewhere").learn("m", 400, error, {"messages": [], "temperature": 0}) is None


def test_reasoning_beside_an_empty_answer_is_named() -> None:
    with (
        judge_server(faults=lambda _number, _body: "reasoning_only") as server,
        open_calls(settings(None)) as calls,
    ):
        (reply,) = calls.ask(questions(slot(server.base_url), 1))
    assert "the reply holds reasoning and no answer (reasoning_content holds 31 characters)" in reply.failure


def test_a_reply_that_reached_max_tokens_is_cut_also_from_the_cache(tmp_path: Path) -> None:
    replies: list[Reply] = []
    with judge_server(faults=lambda _number, _body: "cut") as server:
        for _ in range(2):
            with open_calls(settings(tmp_path / "calls.sqlite")) as calls:
                replies += calls.ask(questions(slot(server.base_url), 1))
        one_token = questions(slot(server.base_url), 1, decoding=Decoding(temperature=0.0, max_tokens=1))
        with open_calls(settings(None)) as calls:
            replies += calls.ask(one_token)
    assert [reply.is_cut for reply in replies] == [True, True, False]
