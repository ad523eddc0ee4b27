"""Neither prompt nor key follows a redirect to another server; the sentence names it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from farm.calls.session import open_calls
from farm.errors import UserError
from tests.calls.asking import questions, settings, slot

REPLY = b'{"choices": [{"message": {"content": "Output (a)"}}]}'


@contextmanager
def redirecting(status: int, location: str | None) -> Iterator[tuple[str, list[str]]]:
    """A server's address, and the paths that are asked for; HERE is the server itself, and /end answers."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            asked.append(self.path)
            is_end = self.path == "/end"
            self.send_response(200 if is_end else status)
            if location is not None and not is_end:
                self.send_header("Location", location.replace("HERE", f"http://127.0.0.1:{server.server_address[1]}"))
            self.send_header("Content-Length", str(len(REPLY)))
            self.end_headers()
            self.wfile.write(REPLY)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("location", ["/end", "HERE/end", "../../end"])
def test_within_the_server_a_question_is_sent_on(location: str) -> None:
    with redirecting(307, location) as (address, asked), open_calls(settings(None)) as calls:
        (reply,) = calls.ask(questions(slot(address), 1))
        assert reply.text == "Output (a)" and asked == ["/v1/chat/completions", "/end"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("http://localhost:1/v1/s3cr3t", "http://localhost:1/v1/***;"),
        ("https://127.0.0.1/end", "https://127.0.0.1/***;"),
        ("//u:s3cr3t@elsewhere.example/v1?q=s3cr3t", "http://elsewhere.example/***;"),
        ("file:///etc/s3cr3t", "nowhere that can be asked;"),
        ("http://[s3cr3t", "http://***;"),
        (None, "nowhere that can be asked;"),
    ],
)
def test_elsewhere_nothing_is_sent_and_the_run_says_so(status: int, location: str | None, named: str) -> None:
    with redirecting(status, location) as (address, asked), open_calls(settings(None)) as calls:
        with pytest.raises(UserError, match=f"HTTP {status}: it redirects to") as stop:
            calls.ask(questions(slot(address), 3))
        assert named in str(stop.value) and "set OPENAI_BASE_URL" in str(stop.value) and "s3cr3t" not in str(stop.value)
        assert set(asked) == {"/v1/chat/completions"}


def test_a_circle_ends() -> None:
    with redirecting(307, "/again") as (address, asked), open_calls(settings(None)) as calls:
        with pytest.raises(UserError, match="redirects to itself again and again"):
            calls.ask(questions(slot(address), 1))
        assert len(asked) == 3
