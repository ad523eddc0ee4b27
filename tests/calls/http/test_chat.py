"""The wire format, from whatever calls itself compatible."""

import json

import pytest

from farm.calls.http.chat import body_of, read_reply
from farm.calls.http.retries import Remedy
from farm.calls.http.usage import SaidUsage
from farm.calls.request import Decoding, Request, TokenLogprob
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
    assert read_reply(json.dumps(body).encode()).usage == SaidUsage(100, 64, 7, strange="")


@pytest.mark.parametrize("usage", ["null", "{}", '{"prompt_tokens": null}', '{"prompt_tokens_details": null}'])
def test_an_endpoint_that_counts_no_tokens_is_no_failure(usage: str) -> None:
    parsed = read_reply(f'{{"choices": [{{"message": {{"content": "a"}}}}], "usage": {usage}}}'.encode())
    assert (parsed.reply.text, parsed.failure) == ("a", None)
    assert parsed.usage == SaidUsage(None, 0, None, strange="")


ABSURD = ["1e20", "99999999999999999999", "9" * 400, "9" * 6000, "-5", "-" + "9" * 6000, "NaN", "Infinity", "-Infinity"]
ABSURD += ["1e999", "true", '"12"', "1.5", "[12]", '{"n": 12}', '"\\u001b[31m"']


@pytest.mark.parametrize("number", ABSURD)
@pytest.mark.parametrize("name", ["prompt_tokens", "completion_tokens"])
def test_a_number_that_cannot_be_costs_nothing_but_itself(name: str, number: str) -> None:
    other = "completion_tokens" if name == "prompt_tokens" else "prompt_tokens"
    usage = f'{{"{name}": {number}, "{other}": 7}}'
    parsed = read_reply(f'{{"created": {number}, "choices": [{{"index": {number}, '
                        f'"message": {{"content": "Output (a)"}}}}], "usage": {usage}}}'.encode())  # fmt: skip
    assert (parsed.reply.text, parsed.failure) == ("Output (a)", None)
    counts = {"prompt_tokens": parsed.usage.n_prompt, "completion_tokens": parsed.usage.n_completion}
    assert counts == {name: None, other: 7}
    # NaN is what tables have for gaps: a number that is missing.
    assert parsed.usage.strange.startswith("" if number == "NaN" else f"{name}: ") and len(parsed.usage.strange) < 80
    assert parsed.usage.strange.isprintable()


@pytest.mark.parametrize("usage", ["3", "[]", '"none"', "true"])
def test_a_usage_of_another_kind_is_said(usage: str) -> None:
    parsed = read_reply(f'{{"choices": [{{"message": {{"content": "a"}}}}], "usage": {usage}}}'.encode())
    assert parsed.failure is None and parsed.usage.strange.startswith("usage: ")


@pytest.mark.parametrize("number", [number for number in (*ABSURD, "0.5") if number != "-5"])
def test_a_log_probability_that_cannot_be_is_left_out(number: str) -> None:
    good = '{"token": "b", "logprob": -0.5}'
    place = f'{{"token": "a", "logprob": {number}, "top_logprobs": [{{"token": "a", "logprob": {number}}}, {good}]}}'
    body = f'{{"choices": [{{"message": {{"content": "a"}}, "logprobs": {{"content": [{place}]}}}}]}}'
    assert read_reply(body.encode()).reply.top_logprobs == ((TokenLogprob("b", -0.5),),)


@pytest.mark.parametrize("alternatives", ["3", "true", '"ab"', "{}", "null", "[]"])
def test_alternatives_of_another_kind_leave_the_token_itself(alternatives: str) -> None:
    place = f'{{"token": "a", "logprob": -1, "top_logprobs": {alternatives}}}'
    body = f'{{"choices": [{{"message": {{"content": "a"}}, "logprobs": {{"content": [{place}]}}}}]}}'
    assert read_reply(body.encode()).reply.top_logprobs == ((TokenLogprob("a", -1.0),),)


def test_a_character_that_a_server_cut_in_two_costs_nothing_but_itself() -> None:
    assert (
        read_reply(b'{"choices": [{"message": {"content": "Output (a) \xf0\x9f"}}]}').reply.text == "Output (a) \ufffd"
    )


@pytest.mark.parametrize(
    ("content", "remedy", "reason"),
    [
        (b"", Remedy.RETRY, "not JSON"),
        (b"\xff\xfe", Remedy.RETRY, "not JSON"),
        (b"[1]", Remedy.RETRY, "no JSON object"),
        (b"[" * 100_000, Remedy.ASK_ANEW, "more than 100 brackets"),
        (b'{"a":' * 100_000, Remedy.ASK_ANEW, "more than 100 brackets"),
        (b"[" * 200 + b"]" * 200, Remedy.ASK_ANEW, "more than 100 brackets"),
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
