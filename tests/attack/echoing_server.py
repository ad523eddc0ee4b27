"""A judge that repeats what it was sent wherever it can: text, tokens, usage, headers, errors, redirects.

with echoing_server() as server:
    ask(server.address)
    assert server.stolen == []  # of what arrived where redirects lead
"""

import base64
import html
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

MODES = (
    "plain", "spelled", "escaped", "tool_call", "tokens", "usage", "error", "page", "refusal", "error_in_200",
    "at_the_cut", "limited", "redirect", "found", "status_line", "same_server",
)  # fmt: skip
"""What is done to the requests, in turn."""


def spellings(secret: str) -> list[str]:
    """A secret as programs write it."""
    content = secret.encode()
    escaped = "".join(f"\\u{ord(c):04x}" for c in secret)
    return [
        secret, secret.upper(), json.dumps(secret)[1:-1], escaped, escaped.replace("\\", "\\\\"),
        quote(secret, safe=""), "".join(f"%{byte:02X}" for byte in content), html.escape(secret),
        "".join(f"&#{ord(c)};" for c in secret), content.hex(),
        *(base64.b64encode(lead + content + b"!!").decode() for lead in (b"", b"x", b"xy")),
    ]  # fmt: skip


@dataclass
class EchoingServer:
    """What tests see."""

    port: int = 0
    n_asked: int = 0
    n_by_mode: dict[str, int] = field(default_factory=dict)
    stolen: list[str] = field(default_factory=list)
    """Paths that were asked for on the other server."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def echoing_server() -> Iterator[EchoingServer]:
    """The judge, and a second server to which it redirects."""
    state = EchoingServer()

    class Stranger(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.stolen.append(self.path)
            _write(self, 200, _completion("Output (b)"))

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    class Judge(Stranger):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with state.lock:
                mode = "plain" if self.path.startswith("/moved") else MODES[state.n_asked % len(MODES)]
                state.n_asked += 1
                state.n_by_mode[mode] = state.n_by_mode.get(mode, 0) + 1
            key = self.headers["authorization"].removeprefix("Bearer ")
            _misbehave(self, mode, key, f"http://127.0.0.1:{stranger.server_address[1]}", bool(content.get("logprobs")))

    stranger = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    judge = ThreadingHTTPServer(("127.0.0.1", 0), Judge)
    state.port = judge.server_address[1]
    for server in (stranger, judge):
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield state
    finally:
        for server in (stranger, judge):
            server.shutdown()
            server.server_close()


def _misbehave(handler: BaseHTTPRequestHandler, mode: str, key: str, elsewhere: str, has_logprobs: bool) -> None:
    said = " ".join(spellings(key)) + f" {handler.path}"
    headers = {"X-Key": key, "Set-Cookie": f"key={quote(key)}", "X-Request-Id": key, "Openai-Organization": key}
    if mode in ("error", "at_the_cut"):
        text = said if mode == "error" else "x" * 290 + key
        _write(handler, 400, json.dumps({"error": {"message": text, "code": key, "param": {key: key}}}), headers)
    elif mode == "page":
        _write(handler, 500, f"<html>{said}</html>", headers)
    elif mode == "limited":
        _write(handler, 429, json.dumps({"error": {"message": said}}), {"Retry-After": key, **headers})
    elif mode == "redirect":
        _write(handler, 307, said, {"Location": f"{elsewhere}/{quote(key, safe='')}?k={quote(key)}", **headers})
    elif mode == "found":
        _write(handler, 302, said, {"Location": elsewhere.replace("//", f"//u:{quote(key, safe='')}@"), **headers})
    elif mode == "same_server":
        _write(handler, 308, said, {"Location": f"/moved{handler.path}"})
    elif mode == "status_line":
        _write(handler, 418, said, headers, reason=key)
    elif mode == "error_in_200":
        _write(handler, 200, json.dumps({"error": [said, {key: key}]}), headers)
    else:
        _write(handler, 200, _reply(mode, key, said, has_logprobs), headers)


def _reply(mode: str, key: str, said: str, has_logprobs: bool) -> str:
    if mode == "escaped":
        escaped = "".join(f"\\u{ord(c):04x}" for c in key)
        return _completion("Output (a)\n\nYour key is HERE").replace("HERE", escaped)
    text = {"plain": "Output (a)", "tool_call": "", "refusal": ""}.get(mode, f"Output (a)\n\nYour key is {said}")
    message: dict[str, object] = {}
    if mode == "tool_call":
        call = {"name": key, "arguments": json.dumps({"verdict": "Output (a)", "key": key})}
        message = {"content": None, "tool_calls": [{"id": key, "type": "function", "function": call}]}
    if mode == "refusal":
        message = {"refusal": said}
    tokens = [key[i : i + 4] for i in range(0, len(key), 4)] if mode == "tokens" else []
    usage: dict[str, object] = {"prompt_tokens": 10, "completion_tokens": 1}
    if mode == "usage":
        usage = {
            "prompt_tokens": key,
            "completion_tokens": {key: key},
            "prompt_tokens_details": {"cached_tokens": said},
        }
    return _completion(text, tokens=["m", *tokens] if has_logprobs else [], message=message, usage=usage, identity=key)


def _completion(
    text: str,
    *,
    tokens: list[str] | None = None,
    message: dict[str, object] | None = None,
    usage: dict[str, object] | None = None,
    identity: str = "1",
) -> str:
    places = [
        {"token": t, "logprob": -0.1, "top_logprobs": [{"token": t, "logprob": -0.1}, {"token": "M", "logprob": -3.0}]}
        for t in tokens or []
    ]
    choice = {
        "message": {"role": "assistant", "content": text, **(message or {})},
        "finish_reason": "stop",
        "logprobs": {"content": places} if places else None,
    }
    return json.dumps(
        {"id": identity, "model": identity, "choices": [choice], "usage": usage, "system_fingerprint": identity}
    )


def _write(
    handler: BaseHTTPRequestHandler,
    status: int,
    text: str,
    headers: dict[str, str] | None = None,
    *,
    reason: str = "Said",
) -> None:
    content = text.encode()
    handler.send_response(status, reason)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
