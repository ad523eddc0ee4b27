"""One try of one request over HTTP, on the openai client's connections; it returns, whatever happens.

The client gives address, headers, key, proxies and connections. Its retries, its request options and its reply objects
stay out of the way: retrying is decided with the cache and the budget in view, and the objects take twice the CPU time
of sending a request and reading its reply.
"""

import asyncio
import json
import ssl
import time
from collections.abc import Mapping
from typing import NamedTuple

import httpx2
import openai

from farm.bounded.json_text import read_json
from farm.calls.http.chat import MAX_SHOWN, body_of, error_code, error_text, read_reply, shown
from farm.calls.http.keys import NO_KEY, Address
from farm.calls.http.retries import Failure, Remedy, remedy_of_status, retry_after_seconds
from farm.calls.http.usage import usage_of
from farm.calls.request import Reply, Request
from farm.calls.spending.prices import NO_USAGE, Usage

try:
    from aiohttp import ClientError
except ImportError:  # without the openai client's extra, httpx carries the requests

    class ClientError(Exception):  # type: ignore[no-redef]
        """Never raised."""


CONNECT_SECONDS = 15.0
CONNECTIONS_PER_CLIENT = 16
"""httpx looks through all connections of a pool at each request, so several small pools cost less than one large."""


MAX_REPLY_BYTES = 2**24
"""Of a body, unpacked: 4,000 tokens with 20 alternatives each take about 8 MB."""


class _TooLargeError(Exception):
    """A body goes on beyond MAX_REPLY_BYTES."""


class Try(NamedTuple):
    """What came of it."""

    reply: Reply
    """Empty if there is a failure."""
    failure: Failure | None
    usage: Usage
    """What is paid for, also where there is a failure."""
    seconds: float
    """From sending to the end."""
    is_answer: bool
    """Whether the endpoint said anything over HTTP."""
    strange_usage: str = ""
    """What the endpoint says of the tokens, where that cannot be; the usage is an estimate then."""


class Endpoint:
    """The connections to one address. Belongs to one event loop."""

    def __init__(self, address: Address, *, concurrency: int, timeout_seconds: float) -> None:
        self.address = address
        self._timeout_seconds = timeout_seconds
        self._clients = _clients(address, concurrency)
        client = openai.AsyncOpenAI(base_url=address.base_url, api_key=address.key, http_client=self._clients[0][0])
        headers = {name: value for name, value in client.default_headers.items() if isinstance(value, str)}
        self._headers = httpx2.Headers({**headers, **client.auth_headers})
        self._url = httpx2.URL(f"{address.base_url}/chat/completions")
        timeout = httpx2.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds))
        self._extensions = {"timeout": timeout.as_dict()}
        self._free = [http_client for http_client, places in self._clients for _ in range(places)]
        self._newer_names: set[str] = set()
        """Models that know max_tokens by its newer name only."""

    async def ask(self, request: Request) -> Try:
        """Send a request once and read its reply."""
        start = time.perf_counter()
        body = body_of(request)
        if request.slot.model in self._newer_names:
            body["max_completion_tokens"] = body.pop("max_tokens")
        http_client = self._free.pop()
        try:
            # JSON's escapes: half a surrogate pair in somebody's data would not survive as UTF-8.
            message = httpx2.Request(
                "POST", self._url, headers=self._headers, content=json.dumps(body), extensions=self._extensions
            )
            async with asyncio.timeout(self._timeout_seconds):
                response = await http_client.send(message, stream=True)
                try:
                    body_bytes = await _bounded_body(response)
                finally:
                    await response.aclose()
        except _TooLargeError:
            reason = f"the reply goes on after {MAX_REPLY_BYTES / 2**20:.0f} MB"
            seconds = time.perf_counter() - start
            return Try(Reply(text=""), Failure(reason, Remedy.ASK_ANEW), NO_USAGE, seconds, True)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, EOFError, ClientError) as error:
            # Some transports call a reset connection a timeout, so the clock decides.
            is_late = time.perf_counter() - start >= 0.99 * self._timeout_seconds
            reason = f"no complete reply within {self._timeout_seconds:g} s" if is_late else self._of_connection(error)
            return Try(Reply(text=""), Failure(reason, Remedy.RETRY), NO_USAGE, time.perf_counter() - start, False)
        finally:
            self._free.append(http_client)
        content = self.address.clear_bytes(body_bytes)
        seconds = time.perf_counter() - start
        if not response.is_success:
            failure = self._of_status(response.status_code, content, response.headers)
            if response.status_code == 400 and "max_tokens" in body and "max_completion_tokens" in failure.reason:
                self._newer_names.add(request.slot.model)
                failure = failure._replace(remedy=Remedy.RETRY)
            return Try(Reply(text=""), failure, NO_USAGE, seconds, True)
        parsed = read_reply(content)
        if parsed.failure is not None:
            parsed = parsed._replace(failure=parsed.failure._replace(reason=self.address.clear(parsed.failure.reason)))
        usage = usage_of(parsed.usage, request, parsed.reply.text)
        return Try(parsed.reply, parsed.failure, usage, seconds, True, self.address.clear(parsed.usage.strange))

    async def close(self) -> None:
        for http_client, _ in self._clients:
            await http_client.aclose()

    def _of_status(self, status: int, content: bytes, headers: Mapping[str, str]) -> Failure:
        try:
            body = read_json(content)
        except ValueError:
            body = None
        text = self.address.clear(error_text(body) if body else shown(content))
        remedy = remedy_of_status(status, error_code(body))
        return Failure(f"HTTP {status}: {text}", remedy, retry_after_seconds(headers))

    def _of_connection(self, error: Exception) -> str:
        text = self.address.clear(" ".join(str(error).split()))[:MAX_SHOWN]
        return f"connection to {self.address} failed: {text or type(error).__name__}"


async def _bounded_body(response: httpx2.Response) -> bytes:
    """A body as it comes, unpacked a piece at a time, so that a packed bomb is no more than its first pieces.

    Raises:
        _TooLargeError: it is larger than MAX_REPLY_BYTES.
    """
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MAX_REPLY_BYTES:
            raise _TooLargeError
    return bytes(body)


def advice(address: Address, request: Request, failure: Failure) -> str:
    """What to tell the user when no request can succeed."""
    variable = address.key_variable
    what = f"{request.slot.model} at {address}: {failure.reason}"
    if failure.reason.startswith("HTTP 401"):
        held = "holds no key" if address.key == NO_KEY else "holds a key that is not accepted"
        return f"{what}; the environment variable {variable} {held}"
    if failure.reason.startswith("HTTP 404"):
        return f"{what}; check the model's name and the address, which usually ends in /v1"
    if failure.reason.startswith("HTTP 403"):
        return f"{what}; the key in {variable} gives no access to this model"
    if failure.reason.startswith("HTTP"):
        return f"{what}; the account has no credit left. What was answered is kept: run the same command again later"
    return f"{what}; is the server running, and is the address right?"


def _clients(address: Address, concurrency: int) -> list[tuple[httpx2.AsyncClient, int]]:
    """The HTTP clients that the openai client would use, and how many requests each may carry at once."""

    def limits(places: int) -> httpx2.Limits:
        return httpx2.Limits(max_connections=places, max_keepalive_connections=places, keepalive_expiry=30.0)

    # One context for all clients: reading the certificates takes tens of milliseconds.
    is_secure = address.base_url.startswith("https")
    context = httpx2.create_ssl_context() if is_secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return [(openai.DefaultAioHttpClient(verify=context, limits=limits(concurrency)), concurrency)]
    except RuntimeError:
        starts = range(0, concurrency, CONNECTIONS_PER_CLIENT)
        sizes = [min(CONNECTIONS_PER_CLIENT, concurrency - start) for start in starts]
        return [(openai.DefaultAsyncHttpxClient(verify=context, limits=limits(n)), n) for n in sizes]
