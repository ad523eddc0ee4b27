"""The wire format, from whatever calls itself compatible."""

import json

import pytest

from farm.calls.http.chat import body_of, read_reply
from farm.calls.http.retries import Remedy
from farm.calls.request import Decoding, Request, TokenLogprob
from farm.calls.spending.prices import Usage
from farm.conversation import Message
from tests.calls.asking import slot


def reply(**message: object) -> bytes:
    return json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()


def test_parameters_that_say_nothing_are_left_out() -> None:
    request = Request(
        slot=slot("http://one/v1"),
        messages=(Message("user", "Which?"),),
        decoding=Decoding(temperature=0, max_tokens=5),
    )
    assert body_of(request) == {
        "model": "scripted",
        "messages": [{"role": "user", "content": "Which?"}],
        "temperature": 0,
        "max_tokens": 5,
    }


def test_parameters_that_say_something_are_sent() -> None:
    decoding = Decoding(
        temperature=1,
        max_tokens=5,
        top_p=0.9,
        top_logprobs=5,
        stop=("\n",),
        json_object=True,
        extra_body='{"top_k": 3}',
    )
    body = body_of(Request(slot=slot("http://one/v1"), messages=(), decoding=decoding, sample=2))
    assert {name: body[name] for name in body.keys() - {"model", "messages", "temperature", "max_tokens"}} == {
        "top_p": 0.9,
        "logprobs": True,
        "top_logprobs": 5,
        "stop": ["\n"],
        "response_format": {"type": "json_object"},
        "top_k": 3,
        "seed": 2,
    }


def test_text_may_come_in_parts() -> None:
    assert read_reply(
        reply(content=[{"type": "text", "text": "Out"}, {"type": "text", "text": "put (a)"}])
    ).reply.text == ("Output (a)")


def test_half_an_emoji_in_a_reply_is_replaced() -> None:
    body = b'{"choices": [{"message": {"content": "A \\ud83d"}, "finish_reason": "length"}]}'
    assert read_reply(body).reply.text == "A \ufffd"


def test_alternatives_are_sorted_and_damaged_ones_left_out() -> None:
    place = {
        "token": "a",
        "logprob": -1.0,
        "top_logprobs": [{"token": "a", "logprob": -1.0}, {"token": "b", "logprob": -0.5}, {"token": None}, 7],
    }
    body = {"choices": [{"message": {"content": "a"}, "logprobs": {"content": [place]}}]}
    parsed = read_reply(json.dumps(body).encode())
    assert parsed.reply.top_logprobs == ((TokenLogprob("b", -0.5), TokenLogprob("a", -1.0)),)


def test_tokens_are_counted_and_cached_ones_apart() -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 64}}
    body = {"choices": [{"message": {"content": "a"}}], "usage": usage}
    assert read_reply(json.dumps(body).encode()).usage == Usage(100, 64, 7)


@pytest.mark.parametrize("usage", [None, 3, [], {"prompt_tokens": None}, {"prompt_tokens_details": None}])
def test_an_endpoint_that_counts_no_tokens_is_no_failure(usage: object) -> None:
    parsed = read_reply(json.dumps({"choices": [{"message": {"content": "a"}}], "usage": usage}).encode())
    assert (parsed.reply.text, parsed.failure, parsed.usage) == ("a", None, Usage(0, 0, 0))


@pytest.mark.parametrize(
    ("content", "remedy", "reason"),
    [
        (b"", Remedy.RETRY, "not JSON"),
        (b"\xff\xfe", Remedy.RETRY, "not JSON"),
        (b"[1]", Remedy.RETRY, "no JSON object"),
        (b"{}", Remedy.ASK_ANEW, "no choice"),
        (b'{"choices": null}', Remedy.ASK_ANEW, "no choice"),
        (b'{"choices": ["a"]}', Remedy.ASK_ANEW, "no choice"),
        (b'{"choices": [{"message": null}]}', Remedy.ASK_ANEW, "no choice"),
        (b'{"choices": [{"message": {"content": " "}}]}', Remedy.ASK_ANEW, "the reply is empty"),
        (b'{"error": {"message": "overloaded"}}', Remedy.RETRY, "overloaded"),
        (b'{"error": "overloaded"}', Remedy.RETRY, "overloaded"),
    ],
)
def test_a_useless_body_has_a_reason_and_a_remedy(content: bytes, remedy: Remedy, reason: str) -> None:
    failure = read_reply(content).failure
    assert failure is not None and failure.remedy is remedy and reason in failure.reason
