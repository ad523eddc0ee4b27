"""As much of the hub as its client asks for when a folder is sent, on this machine; or one that leads elsewhere."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Request(NamedTuple):
    """What the client sent."""

    path: str
    authorization: str | None
    body: bytes


@contextmanager
def loopback_hub(*, leads_to: str = "") -> Iterator[tuple[str, list[Request]]]:
    """Its address and what it is asked.

    Args:
        leads_to: where every request is redirected; empty for a hub that takes what it gets.
    """
    asked: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self._body()
            asked.append(Request(self.path, self.headers.get("authorization"), body))
            if leads_to:
                self._answer(307, {}, location=leads_to + self.path)
            elif "/preupload/" in self.path:
                files = [{"path": f["path"], "uploadMode": "regular"} for f in json.loads(body)["files"]]
                self._answer(200, {"files": [{**file, "shouldIgnore": False} for file in files]})
            else:
                own = f"http://{self.headers['host']}/me/dpo"
                self._answer(200, {"url": own, "commitUrl": f"{own}/commit/{'a' * 40}", "commitOid": "a" * 40})

        do_GET = do_HEAD = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _body(self) -> bytes:
            if self.headers.get("transfer-encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("content-length", 0)))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            return body

        def _answer(self, code: int, content: object, **headers: str) -> None:
            text = json.dumps(content).encode()
            self.send_response(code)
            for name, value in {
                **headers,
                "content-type": "application/json",
                "content-length": str(len(text)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
