"""OpenAI's chat completions on the wire: a request as a JSON body, a body as a reply.

Read from the raw bytes and checked by hand: the endpoint may be anything that calls itself compatible, so every field
may be missing, null, or of another type, and building the client library's own objects costs as much time as the rest.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

from farm.bounded.json_text import UnreadableJsonError, read_json
from farm.bounded.numbers import log_probability
from farm.calls.http.echoes import NO_SECRETS, Clearing
from farm.calls.http.retries import Failure, Remedy
from farm.calls.http.usage import NOTHING_SAID, SaidUsage, said_usage
from farm.calls.request import Reply, Request, TokenLogprob
from farm.data.files.cells import Cells

MAX_SHOWN = 300
"""Characters of a server's text that an error message shows."""
_MAX_READ = 20 * MAX_SHOWN
"""Bytes of a body without JSON that are looked at: far more than are shown, lest a key be cut before it is seen."""


class Parsed(NamedTuple):
    """A body, read."""

    reply: Reply
    """Text and log-probabilities; empty if there is a failure."""
    failure: Failure | None
    usage: SaidUsage
    is_error: bool = False
    """Whether it is an error that the endpoint reports with a success for status: no model has worked."""


def body_of(request: Request) -> dict[str, object]:
    """The JSON body of a chat completion. Optional parameters are left out where they say nothing."""
    decoding = request.decoding
    body: dict[str, object] = {
        "model": request.slot.model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "temperature": decoding.temperature,
        "max_tokens": decoding.max_tokens,
    }
    if decoding.top_p != 1.0:
        body["top_p"] = decoding.top_p
    if decoding.top_logprobs:
        body["logprobs"] = True
        body["top_logprobs"] = decoding.top_logprobs
    if decoding.stop:
        body["stop"] = list(decoding.stop)
    if decoding.json_object:
        body["response_format"] = {"type": "json_object"}
    if request.sample:
        # Some servers answer equal requests from a cache of their own; the seed makes samples differ there.
        body["seed"] = request.sample
    if decoding.extra_body:
        extra = read_json(decoding.extra_body)
        assert isinstance(extra, dict)
        body |= extra
    return body


def read_reply(content: bytes, clearing: Clearing = NO_SECRETS) -> Parsed:
    """Read the body of a successful HTTP reply.

    Args:
        content: the body, as it came.
        clearing: the secrets that the server may repeat; failures are cleared of them, a reply is as the model gave it.
    """
    try:
        # A reply that was cut inside an emoji can hold half of one, which nothing but JSON can.
        body = Cells().plain(read_json(_decoded(content), takes_long_numbers=True))
    except UnreadableJsonError as error:
        return _unusable(f"the reply cannot be read, for {error}: {shown(content, clearing)}", Remedy.ASK_ANEW)
    except ValueError:
        return _unusable(f"the reply is not JSON: {shown(content, clearing)}", Remedy.RETRY)
    if not isinstance(body, dict):
        return _unusable(f"the reply is no JSON object: {shown(content, clearing)}", Remedy.RETRY)
    usage = said_usage(body.get("usage"))
    if body.get("error"):
        said = f"the endpoint reports an error: {error_text(body, clearing)}"
        return _unusable(said, Remedy.RETRY, usage)._replace(is_error=not (usage.n_prompt or usage.n_completion))
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return _unusable("the reply holds no choice", Remedy.ASK_ANEW, usage)
    finish = choice.get("finish_reason")
    if message.get("refusal"):
        return _unusable(
            f"the model refused: {clearing.of_error(str(message['refusal']))[:MAX_SHOWN]}", Remedy.GIVE_UP, usage
        )
    if finish == "content_filter":
        return _unusable("the endpoint's content filter withheld the reply", Remedy.GIVE_UP, usage)
    text = _text(message.get("content")) or _tool_arguments(message)
    if not text.strip():
        field, reasoning = _reasoning(message)
        held = f" ({field} holds {len(reasoning):,} characters)" if reasoning else ""
        if finish == "length":
            where = "within its reasoning" if reasoning else "before any text"
            reason = f"the reply is empty because it reached max_tokens {where}; raise the judge's max_tokens{held}"
            return _unusable(reason, Remedy.GIVE_UP, usage)
        reason = "the reply holds reasoning and no answer" if reasoning else "the reply is empty"
        return _unusable(reason + held, Remedy.ASK_ANEW, usage)
    reply = Reply(text=text, is_cut=finish == "length", top_logprobs=_logprobs(choice.get("logprobs")))
    return Parsed(reply, None, usage)


def error_text(body: object, clearing: Clearing) -> str:
    """The message in an error's body, cleared of secrets and then shortened, so that no part of one is left."""
    error = body.get("error", body) if isinstance(body, dict) else body
    message = error.get("message", error) if isinstance(error, dict) else error
    text = message if isinstance(message, str) else json.dumps(message)
    return clearing.of_error(" ".join(text.split()))[:MAX_SHOWN]


def error_code(body: object) -> str:
    """The error code in an error's body, as OpenAI names them; empty if there is none."""
    error = body.get("error", body) if isinstance(body, dict) else None
    code = (error.get("code") or error.get("type")) if isinstance(error, dict) else None
    return str(code or "")


def shown(content: bytes, clearing: Clearing) -> str:
    """The beginning of a server's bytes for an error message."""
    text = " ".join(content[:_MAX_READ].decode("utf-8", "replace").split())
    text = clearing.of_error(text)
    return repr(text if len(text) <= 80 else text[:80] + "...")


def _decoded(content: bytes) -> str:
    """The text of a body; a character that a server cut in two costs nothing but itself."""
    return content.decode(json.detect_encoding(content), "replace")


def _unusable(reason: str, remedy: Remedy, usage: SaidUsage = NOTHING_SAID) -> Parsed:
    return Parsed(Reply(text=""), Failure(reason, remedy), usage)


def _text(content: object) -> str:
    """Plain text, or the text parts of a list of parts."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _reasoning(message: Mapping[str, object]) -> tuple[str, str]:
    """Name and text of the field in which servers put a model's reasoning beside its answer; empty if there is none."""
    texts = ((name, _text(message.get(name)).strip()) for name in ("reasoning_content", "reasoning"))
    return next(((name, text) for name, text in texts if text), ("", ""))


def _tool_arguments(message: Mapping[str, object]) -> str:
    """The arguments of the first tool call, or of OpenAI's older function call; empty if nothing was called."""
    calls = message.get("tool_calls")
    first = calls[0] if isinstance(calls, list) and calls else None
    function = first.get("function") if isinstance(first, dict) else message.get("function_call")
    return _text(function.get("arguments")) if isinstance(function, dict) else ""


def _logprobs(logprobs: object) -> tuple[tuple[TokenLogprob, ...], ...]:
    """For each token of the reply its alternatives, best first; empty if the endpoint sent none."""
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list):
        return ()
    places: list[tuple[TokenLogprob, ...]] = []
    for place in content:
        if not isinstance(place, dict):
            return ()
        alternatives = place.get("top_logprobs")
        entries = [
            _token(entry) for entry in (alternatives if isinstance(alternatives, list) and alternatives else [place])
        ]
        places.append(tuple(sorted((e for e in entries if e is not None), key=lambda entry: -entry.logprob)))
    return tuple(places)


def _token(entry: object) -> TokenLogprob | None:
    if not isinstance(entry, Mapping):
        return None
    token, logprob = entry.get("token"), log_probability(entry.get("logprob"))
    return TokenLogprob(token, logprob) if isinstance(token, str) and logprob is not None else None
