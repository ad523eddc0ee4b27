"""A real HTTP server that speaks OpenAI's chat completions, judges by a scripted rule, and misbehaves on demand.

    with judge_server(latency=0.05, faults=["429", "reset"]) as server:
        ask(server.base_url)
        assert len(server.answered) == 1

Faults are a script (the first requests get them in order, later ones are answered), rates by name (drawn from the
request's content and how often it came, so that a run repeats), or a function. `python tests/calls/server.py` runs it
alone, for benchmarks.
"""

import argparse
import asyncio
import gzip
import hashlib
import json
import math
import random
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Protocol

Body = dict[str, Any]
Rule = Callable[[str], str]
"""From the text of all messages to the text of the reply."""
FaultRule = Callable[[int, Body], str]
"""From the number of the request (from 0) and its body to the name of a fault, or ""."""

STATUS_FAULTS = {
    "400": (400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"),
    "newer_name": (400, "Unsupported parameter: use 'max_completion_tokens' instead.", "unsupported_parameter"),
    "no_temperature": (
        400,
        "Unsupported value: 'temperature' does not support 0 with this model.",
        "unsupported_value",
    ),
    "no_top_p": (400, "Unsupported parameter: 'top_p' is not supported with this model.", "unsupported_parameter"),
    "no_stop": (400, "Unsupported parameter: 'stop' is not supported with this model.", "unsupported_parameter"),
    "no_seed": (422, "Extra inputs are not permitted: seed", ""),
    "no_response_format": (400, "response_format is not supported by this model", ""),
    "no_system": (400, "System role not supported", ""),
    "no_logprobs": (400, "This model does not support the 'logprobs' parameter.", "unsupported_parameter"),
    "401": (401, "Incorrect API key provided.", "invalid_api_key"),
    "403": (403, "Country, region, or territory not supported.", "unsupported_country"),
    "404": (404, "The model does not exist or you do not have access to it.", "model_not_found"),
    "429": (429, "Rate limit reached.", "rate_limit_exceeded"),
    "429_retry_after": (429, "Rate limit reached.", "rate_limit_exceeded"),
    "429_date": (429, "Rate limit reached.", "rate_limit_exceeded"),
    "quota": (429, "You exceeded your current quota.", "insufficient_quota"),
    "500": (500, "The server had an error.", "server_error"),
    "503": (503, "The engine is overloaded.", "overloaded"),
}
OTHER_FAULTS = {
    "reset": "the connection is reset before the reply",
    "hang": "the connection stays open and nothing comes",
    "truncated": "half of the body, then the connection is closed",
    "truncated_json": "half of the JSON, with a Content-Length that fits",
    "not_json": "a page of HTML with status 200",
    "error_in_200": "an error object with status 200",
    "empty_choice": "no choice in the list of choices",
    "empty_text": "a choice without any text",
    "refusal": "the refusal field, as OpenAI does",
    "content_filter": "finish_reason content_filter, as Azure does",
    "wrong_count": "the last line of the answer is missing",
    "other_format": "prose that names no verdict",
    "cut": "the reply ends because it reached max_tokens",
    "reasoning_only": "reasoning_content beside an empty content",
    "slow_drip": "a byte every 100 ms",
    "slow_headers": "a header line every 100 ms, without end",
    "endless": "a body in chunks, without end",
    "packed_bomb": "64 MB of zeros in 64 kB of gzip",
    "deep": "brackets in one another by the hundred thousand",
    "strange_usage": "a proper reply whose numbers of tokens cannot be",
    "echo_key": "status 400 with the Authorization header in the text",
}
FAULTS = (*STATUS_FAULTS, *OTHER_FAULTS)
STRANGE_NUMBERS = ("1e20", "-5", "NaN", "Infinity", "true", '"12"', "9" * 400, "9" * 6000, "[[1]]", "1.5")
"""What strange_usage says, one after the other."""
PAID = ("", "other_format", "cut", "strange_usage")
"""Faults after which a text has been sent, as to a request that was answered."""
CACHED_PREFIX_CHARACTERS = 200
"""Prompts that share so many first characters count as served from the provider's prefix cache."""


_BOMB = gzip.compress(bytes(2**26))


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One request as it arrived."""

    body: Body
    text: str
    """All messages, joined."""
    fault: str
    """What was done to it; empty if it was answered."""
    seconds: float
    """Arrival, on the monotonic clock."""

    @property
    def identity(self) -> str:
        """The same for requests that ask the same."""
        return json.dumps(self.body, sort_keys=True)


class Server(Protocol):
    """What tests see."""

    @property
    def base_url(self) -> str: ...
    @property
    def requests(self) -> list[Recorded]:
        """Everything that arrived, in order."""

    @property
    def answered(self) -> list[Recorded]:
        """What got a proper reply."""


@contextmanager
def judge_server(
    *,
    latency: float = 0.0,
    answer: Rule | None = None,
    faults: Sequence[str] | Mapping[str, float] | FaultRule = (),
    retry_after: float = 1.0,
    max_at_once: int | None = None,
    p_label: float = 0.8,
) -> Iterator["JudgeServer"]:
    """A server in a thread of this process.

    Args:
        latency: seconds from a request to its reply.
        answer: the rule that judges; default `longer_output`.
        faults: see the module's docstring; names in FAULTS.
        retry_after: seconds in the Retry-After header of 429_retry_after and 429_date.
        max_at_once: with more requests than this in flight, the surplus gets 429.
        p_label: probability that logprobs give to the token that was said.
    """
    server = JudgeServer(
        latency=latency,
        answer=answer or longer_output,
        fault=_fault_rule(faults),
        retry_after=retry_after,
        max_at_once=max_at_once,
        p_label=p_label,
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def judge_server_process(
    *, latency: float = 0.0, faults: Mapping[str, float] | None = None, rule: str = "longer_output"
) -> Iterator["ServerProcess"]:
    """The same in a process of its own: for benchmarks, where it must not share the client's interpreter.

    Args:
        rule: name of a rule in RULES.
    """
    command = [sys.executable, __file__, "--latency", str(latency), "--faults", json.dumps(faults or {})]
    command += ["--rule", rule]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield ServerProcess(process.stdout.readline().strip())
        finally:
            process.terminate()


def longer_output(text: str) -> str:
    """Prefer the longer of the two outputs, in the convention the prompt asks for.

    Outputs are what follows the last headings `Output (a)` and `Output (b)` at a line's start. Without headings the
    verdict is a fair coin drawn from the text, so that the same prompt always gets the same reply.
    """
    found = re.search(r"(?ms)^\W*Output \(a\)\W*$\n(.*)^\W*Output \(b\)\W*$\n(.*?)(?=^\W*##|\Z)", text)
    if found:
        is_first = len(found.group(1).strip()) >= len(found.group(2).strip())
    else:
        is_first = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0] < 128
    return "Output (a)" if is_first else "Output (b)"


def letter(text: str) -> str:
    """The convention of AlpacaEval's published judge: m or M, a fair coin drawn from the text."""
    return "m" if hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0] < 128 else "M"


RULES: dict[str, Rule] = {"longer_output": longer_output, "letter": letter}


class JudgeServer:
    """The server and its record."""

    def __init__(
        self,
        *,
        latency: float,
        answer: Rule,
        fault: FaultRule,
        retry_after: float,
        max_at_once: int | None,
        p_label: float,
    ) -> None:
        self.latency, self.answer, self.fault = latency, answer, fault
        self.retry_after, self.max_at_once, self.p_label = retry_after, max_at_once, p_label
        self.requests: list[Recorded] = []
        self.authorizations: set[str] = set()
        self.n_in_flight = 0
        self.max_in_flight = 0
        self.port = 0
        self._prefixes: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="judge server", daemon=True)
        self._connections: set[_Connection] = set()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def answered(self) -> list[Recorded]:
        return [request for request in self.requests if not request.fault]

    @property
    def n_asked_again(self) -> int:
        """Requests that came although the same one had been answered before: paid for twice."""
        counts = Counter(request.identity for request in self.requests if request.fault in PAID)
        return sum(counts.values()) - len(counts)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def run_forever(self) -> None:
        """In the calling thread; for a process of its own."""
        self._serve(announce=True)

    def _serve(self, announce: bool = False) -> None:
        asyncio.set_event_loop(self._loop)
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = listener.getsockname()[1]
        server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Connection(self), sock=listener, backlog=1024)
        )
        self._ready.set()
        if announce:
            print(self.base_url, flush=True)
        try:
            self._loop.run_forever()
        finally:
            server.close()
            for connection in list(self._connections):
                connection.abort()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()

    def opened(self, connection: "_Connection") -> None:
        self._connections.add(connection)

    def closed(self, connection: "_Connection") -> None:
        self._connections.discard(connection)

    def record(self, body: Body, authorization: str) -> Recorded:
        text = "\n".join(_content(message) for message in body["messages"])
        fault = self.fault(len(self.requests), body)
        if self.max_at_once is not None and self.n_in_flight > self.max_at_once:
            fault = fault or "429"
        recorded = Recorded(body=body, text=text, fault=fault, seconds=time.monotonic())
        self.requests.append(recorded)
        self.authorizations.add(authorization)
        return recorded

    def n_cached_tokens(self, text: str) -> int:
        prefix = text[:CACHED_PREFIX_CHARACTERS]
        if len(text) < CACHED_PREFIX_CHARACTERS or prefix not in self._prefixes:
            self._prefixes.add(prefix)
            return 0
        return CACHED_PREFIX_CHARACTERS // 4


class ServerProcess:
    """A server in another process, seen through its address."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    def n_requests(self) -> int:
        """How many chat completions were asked for."""
        with urllib.request.urlopen(f"{self.base_url}/count") as reply:
            return int(reply.read())


@dataclass
class _Connection(asyncio.Protocol):
    """One connection; HTTP/1.1 with keep-alive and no pipelining."""

    server: JudgeServer
    transport: asyncio.Transport | None = None
    buffer: bytearray = field(default_factory=bytearray)

    def __hash__(self) -> int:
        return id(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.transport = None
        self.server.closed(self)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].decode("latin-1")
        length = re.search(r"(?im)^content-length: *(\d+)", head)
        n_bytes = int(length.group(1)) if length else 0
        if len(self.buffer) < end + 4 + n_bytes:
            return
        raw = bytes(self.buffer[end + 4 : end + 4 + n_bytes])
        del self.buffer[: end + 4 + n_bytes]
        if head.startswith("GET"):
            self.write(200, {"Content-Type": "text/plain"}, str(len(self.server.requests)).encode())
            return
        authorization = re.search(r"(?im)^authorization: *(.*?)\r?$", head)
        self.handle(json.loads(raw), authorization.group(1) if authorization else "")

    def handle(self, body: Body, authorization: str) -> None:
        server, loop = self.server, asyncio.get_running_loop()
        server.n_in_flight += 1
        server.max_in_flight = max(server.max_in_flight, server.n_in_flight)
        recorded = server.record(body, authorization)
        loop.call_later(server.latency, self.reply, recorded, authorization)

    def reply(self, recorded: Recorded, authorization: str) -> None:
        server, fault = self.server, recorded.fault
        server.n_in_flight -= 1
        if fault == "echo_key":
            self.write_error(400, f"Bad header: Authorization: {authorization}", "invalid_request_error", {})
        elif fault in STATUS_FAULTS:
            headers = {}
            if fault == "429_retry_after":
                headers["Retry-After"] = str(server.retry_after)
            elif fault == "429_date":
                moment = datetime.now(UTC) + timedelta(seconds=server.retry_after)
                headers["Retry-After"] = format_datetime(moment, usegmt=True)
            status, message, code = STATUS_FAULTS[fault]
            self.write_error(status, message, code, headers)
        elif fault == "reset":
            self.reset()
        elif fault == "hang":
            pass
        elif fault == "slow_headers":
            self.write_raw(b"HTTP/1.1 200 OK\r\n")
            self.repeat(b"X-Wait: 1\r\n", 0.1)
        elif fault == "endless":
            self.write_raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            self.repeat(b"10000\r\n" + b" " * 2**16 + b"\r\n", 0.0)
        elif fault == "packed_bomb":
            self.write(200, {"Content-Encoding": "gzip"}, _BOMB)
        elif fault == "deep":
            self.write(200, {}, b'{"choices":' + b"[" * 100_000)
        else:
            self.write_completion(recorded)

    def write_completion(self, recorded: Recorded) -> None:
        fault = recorded.fault
        content = json.dumps(_completion(self.server, recorded)).encode()
        if fault == "strange_usage":
            number = STRANGE_NUMBERS[len(self.server.requests) % len(STRANGE_NUMBERS)]
            content = re.sub(rb'"(prompt_tokens|created)": \d+', rb'"\1": ' + number.encode(), content)
        if fault == "truncated":
            self.write(200, {}, content[: len(content) // 2], n_bytes=len(content))
            self.close()
        elif fault == "truncated_json":
            self.write(200, {}, content[: len(content) // 2])
        elif fault == "not_json":
            self.write(200, {"Content-Type": "text/html"}, b"<html><body>Just a moment...</body></html>")
        elif fault == "error_in_200":
            self.write(200, {}, json.dumps({"error": {"message": "Provider returned error", "code": 502}}).encode())
        elif fault == "slow_drip":
            self.write(200, {}, b"", n_bytes=len(content))
            self.drip(content)
        else:
            self.write(200, {}, content)

    def drip(self, content: bytes) -> None:
        if content and self.transport is not None:
            self.transport.write(content[:1])
            asyncio.get_running_loop().call_later(0.1, self.drip, content[1:])

    def write_raw(self, content: bytes) -> None:
        if self.transport is not None:
            self.transport.write(content)

    def repeat(self, content: bytes, seconds: float) -> None:
        """Write this again and again, as long as somebody reads it."""
        if self.transport is not None and not self.transport.is_closing():
            if self.transport.get_write_buffer_size() < 2**20:
                self.transport.write(content)
            asyncio.get_running_loop().call_later(max(seconds, 0.001), self.repeat, content, seconds)

    def write_error(self, status: int, message: str, code: str, headers: Mapping[str, str]) -> None:
        error = {"error": {"message": message, "type": "error", "param": None, "code": code}}
        self.write(status, headers, json.dumps(error).encode())

    def write(self, status: int, headers: Mapping[str, str], content: bytes, n_bytes: int | None = None) -> None:
        if self.transport is None:
            return
        lines = {"Content-Type": "application/json", **headers, "Content-Length": str(n_bytes or len(content))}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.transport.write(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + content)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def reset(self) -> None:
        if self.transport is not None:
            handle = self.transport.get_extra_info("socket")
            # Linger 0: the kernel sends RST instead of FIN.
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.transport.abort()


def _completion(server: JudgeServer, recorded: Recorded) -> Body:
    fault, body = recorded.fault, recorded.body
    text: str | None = server.answer(recorded.text)
    assert text is not None
    if fault == "wrong_count":
        text = text.rstrip().rpartition("\n")[0]
    elif fault == "other_format":
        text = "Both outputs have their merits and it depends on the reader."
    elif fault == "empty_text":
        text = ""
    message: Body = {"role": "assistant", "content": text, "refusal": None}
    finish = "stop"
    if fault == "refusal":
        message, finish = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}, "stop"
    elif fault == "content_filter":
        message, finish = {"role": "assistant", "content": None, "refusal": None}, "content_filter"
    elif fault == "reasoning_only":
        message = {"role": "assistant", "content": "", "reasoning_content": "Let me compare the two outputs."}
    elif fault == "cut":
        finish = "length"
    choice: Body = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    if body.get("logprobs") and text:
        choice["logprobs"] = {"content": _logprobs(text, int(body.get("top_logprobs") or 1), server.p_label)}
    n_prompt, n_completion = len(recorded.text) // 4, max(1, len(text or "") // 4)
    return {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [] if fault == "empty_choice" else [choice],
        "usage": {
            "prompt_tokens": n_prompt,
            "completion_tokens": n_completion,
            "total_tokens": n_prompt + n_completion,
            "prompt_tokens_details": {"cached_tokens": min(n_prompt, server.n_cached_tokens(recorded.text))},
        },
    }


def _logprobs(text: str, n_top: int, p_label: float) -> list[Body]:
    """Each token as said with `p_label`; the rest of the mass falls geometrically on its label twin and fillers."""
    twins = {"a": "b", "b": "a", "1": "2", "2": "1", "A": "B", "B": "A", "m": "M", "M": "m"}
    places = []
    for token in re.findall(r"\w+|\W", text):
        others = [twins.get(token, "?"), *(f"~{i}" for i in range(n_top))][: max(0, n_top - 1)]
        masses = [(1 - p_label) * 0.9 * 0.1**i for i in range(len(others))]
        top = [{"token": token, "logprob": math.log(p_label), "bytes": None}]
        top += [{"token": t, "logprob": math.log(m), "bytes": None} for t, m in zip(others, masses, strict=True)]
        top.sort(key=lambda entry: -float(entry["logprob"]))
        places.append({"token": token, "logprob": math.log(p_label), "bytes": None, "top_logprobs": top})
    return places


def _content(message: Mapping[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _fault_rule(faults: Sequence[str] | Mapping[str, float] | FaultRule) -> FaultRule:
    if callable(faults):
        return faults
    unknown = [name for name in faults if name and name not in FAULTS]
    if unknown:
        raise ValueError(f"no fault {unknown}; there are {FAULTS}")
    if isinstance(faults, Mapping):
        return _by_rates(faults)
    script = list(faults)
    return lambda number, _body: script[number] if number < len(script) else ""


def _by_rates(rates: Mapping[str, float]) -> FaultRule:
    seen: Counter[str] = Counter()
    names, weights = [*rates, ""], [*rates.values(), 1 - sum(rates.values())]

    def draw(_number: int, body: Body) -> str:
        if not rates:
            return ""
        identity = json.dumps(body, sort_keys=True)
        seen[identity] += 1
        return random.Random(f"{seen[identity]} {identity}").choices(names, weights)[0]

    return draw


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--faults", type=json.loads, default={})
    parser.add_argument("--rule", choices=sorted(RULES), default="longer_output")
    options = parser.parse_args()
    server = JudgeServer(
        latency=options.latency,
        answer=RULES[options.rule],
        fault=_fault_rule(options.faults),
        retry_after=1.0,
        max_at_once=None,
        p_label=0.8,
    )
    server.run_forever()


if __name__ == "__main__":
    _main()
