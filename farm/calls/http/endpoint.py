"""One try of one request over HTTP, on the openai client's connections; it returns, whatever happens.

The client gives address, headers, key, proxies and connections. Its retries, its request options and its reply objects
stay out of the way: retrying is decided with the cache and the budget in view, and the objects take twice the CPU time
of sending a request and reading its reply.
"""

import asyncio
import json
import time
import urllib.request
from collections.abc import Mapping
from typing import NamedTuple

import httpx2
import openai

from farm.addresses import Origin, origin_of
from farm.addresses import shown as shown_address
from farm.bounded.json_text import read_json
from farm.calls.http.chat import MAX_SHOWN, body_of, error_code, error_text, read_reply, shown
from farm.calls.http.connections import http_clients, hush_transport
from farm.calls.http.keys import NO_KEY, Address
from farm.calls.http.refusals import Refusals, Refused, cut_at
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
MAX_REDIRECTS = 2
MAX_REFUSALS = 12
"""Parameters that one request finds out to be refused, at most."""


MAX_REPLY_BYTES = 2**24
"""Of a body, unpacked: 4,000 tokens with 20 alternatives each take about 8 MB."""


class _TooLargeError(Exception):
    """A body goes on beyond MAX_REPLY_BYTES."""

    def __init__(self, *, is_success: bool) -> None:
        self.is_success = is_success
        """Whether it is the body of a success."""


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
    is_success: bool = False
    """Whether it answered with HTTP 200 and no error: a model has worked, whatever can be read of what it said."""
    strange_usage: str = ""
    """What the endpoint says of the tokens, where that cannot be; the usage is an estimate then."""


class Endpoint:
    """The connections to one address. Belongs to one event loop."""

    def __init__(self, address: Address, *, concurrency: int, timeout_seconds: float) -> None:
        self.address = address
        hush_transport()
        self._timeout_seconds = timeout_seconds
        self._clients = http_clients(address, concurrency)
        client = openai.AsyncOpenAI(base_url=address.base_url, api_key=address.key, http_client=self._clients[0][0])
        headers = {name: value for name, value in client.default_headers.items() if isinstance(value, str)}
        self._headers = httpx2.Headers({**headers, **client.auth_headers})
        self._url = httpx2.URL(f"{address.base_url}/chat/completions")
        # Both read the address, and must read the same server.
        assert _origin(self._url) == origin_of(address.base_url)
        timeout = httpx2.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds))
        self._extensions = {"timeout": timeout.as_dict()}
        self._free = [http_client for http_client, places in self._clients for _ in range(places)]
        self._refusals = Refusals(str(address))

    async def ask(self, request: Request) -> Try:
        """Send a request once and read its reply; once more without what the model refuses of it, if it does."""
        asked = body_of(request)
        for _ in range(MAX_REFUSALS):
            body = self._refusals.fitted(request.slot.model, asked)
            tried, refused = await self._ask_once(request, body)
            if refused is None:
                break
            if refused.is_needed:
                # Not the server's failure alone: with this model the judge can give no verdict at all.
                reason = f"it refuses {refused.parameter}, without which this judge has no verdict"
                said = "" if tried.failure is None else f" ({tried.failure.reason})"
                return tried._replace(failure=Failure(reason + said, Remedy.STOP_RUN))
        return tried

    async def _ask_once(self, request: Request, body: dict[str, object]) -> tuple[Try, Refused | None]:
        """One try with a body, and what the model refuses of it."""
        start = time.perf_counter()
        http_client = self._free.pop()
        try:
            # JSON's escapes: half a surrogate pair in somebody's data would not survive as UTF-8.
            async with asyncio.timeout(self._timeout_seconds):
                response, content = await self._sent(http_client, json.dumps(body))
        except _TooLargeError as error:
            reason = f"the reply goes on after {MAX_REPLY_BYTES / 2**20:.0f} MB"
            seconds = time.perf_counter() - start
            too_large = Failure(reason, Remedy.ASK_ANEW)
            return Try(Reply(text=""), too_large, NO_USAGE, seconds, True, error.is_success), None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, EOFError, ClientError) as error:
            # Some transports call a reset connection a timeout, so the clock decides.
            is_late = time.perf_counter() - start >= 0.99 * self._timeout_seconds
            reason = f"no complete reply within {self._timeout_seconds:g} s" if is_late else self._of_connection(error)
            seconds = time.perf_counter() - start
            return Try(Reply(text=""), Failure(reason, Remedy.RETRY), NO_USAGE, seconds, False), None
        finally:
            self._free.append(http_client)
        seconds = time.perf_counter() - start
        if response.is_redirect:
            return Try(Reply(text=""), self._of_redirect(response), NO_USAGE, seconds, True), None
        if not response.is_success:
            said = _error_body(content)
            failure = self._of_status(response.status_code, said, content, response.headers)
            refused = self._refusals.learn(request.slot.model, response.status_code, said, body)
            return Try(Reply(text=""), failure, NO_USAGE, seconds, True), refused
        return self._read(request, content, seconds), None

    def _read(self, request: Request, content: bytes, seconds: float) -> Try:
        """What the body of a successful reply holds."""
        clearing = self.address.clearing
        parsed = read_reply(content, clearing)
        usage = usage_of(parsed.usage, request, parsed.reply.text)
        # Last, so that nothing that is read or counted depends on the key.
        reply = parsed.reply._replace(
            text=cut_at(clearing.of_reply(parsed.reply.text), request.decoding.stop),
            top_logprobs=clearing.of_logprobs(parsed.reply.top_logprobs),
            # Where one token is asked for, that token is the whole reply.
            is_cut=parsed.reply.is_cut and request.decoding.max_tokens > 1,
            left_out=self._refusals.left_out(request.slot.model),
        )
        strange = clearing.of_error(parsed.usage.strange)
        return Try(reply, parsed.failure, usage, seconds, True, not parsed.is_error, strange)

    async def _sent(self, http_client: httpx2.AsyncClient, content: str) -> tuple[httpx2.Response, bytes]:
        """The response and its body, after redirects within the server.

        Key and prompt go to no other, not even to the same host by https.
        301, 302 and 303 are not followed at all: they would turn the question into a GET.
        """
        url = self._url
        for _ in range(MAX_REDIRECTS + 1):
            message = httpx2.Request("POST", url, headers=self._headers, content=content, extensions=self._extensions)
            response = await http_client.send(message, stream=True, follow_redirects=False)
            try:
                body = await _bounded_body(response)
            finally:
                await response.aclose()
            target = _target(response)
            is_same_server = target is not None and not target.userinfo and _origin(target) == _origin(url)
            if response.status_code not in (307, 308) or target is None or not is_same_server:
                break
            url = target
        return response, body

    async def close(self) -> None:
        for http_client, _ in self._clients:
            await http_client.aclose()

    def _of_status(self, status: int, body: object, content: bytes, headers: Mapping[str, str]) -> Failure:
        clearing = self.address.clearing
        text = error_text(body, clearing) if body else shown(content, clearing)
        remedy = remedy_of_status(status, error_code(body))
        return Failure(f"HTTP {status}: {text}", remedy, retry_after_seconds(headers))

    def _of_redirect(self, response: httpx2.Response) -> Failure:
        target = _target(response)
        if response.status_code in (307, 308) and target is not None and _origin(target) == _origin(self._url):
            return Failure(f"HTTP {response.status_code}: it redirects to itself again and again", Remedy.STOP_RUN)
        where = "nowhere that can be asked" if target is None else shown_address(str(target))
        reason = f"HTTP {response.status_code}: it redirects to {where}; neither prompt nor key was sent there"
        return Failure(self.address.clearing.of_error(reason), Remedy.STOP_RUN)

    def _of_connection(self, error: Exception) -> str:
        text = self.address.clearing.of_error(" ".join(str(error).split()))[:MAX_SHOWN]
        return f"connection to {self.address}{_by_proxy(self.address)} failed: {text or type(error).__name__}"


def _error_body(content: bytes) -> object:
    """The body of an error, read; None if it is no JSON."""
    try:
        return read_json(content)
    except ValueError:
        return None


async def _bounded_body(response: httpx2.Response) -> bytes:
    """A body as it comes, unpacked a piece at a time, so that a packed bomb is no more than its first pieces.

    Raises:
        _TooLargeError: it is larger than MAX_REPLY_BYTES.
    """
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MAX_REPLY_BYTES:
            raise _TooLargeError(is_success=response.is_success)
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
    if failure.reason.startswith("it refuses"):
        return f"{what}; take a judge that reads text, or another model"
    if failure.reason.startswith("HTTP 3"):
        return f"{what}; if that is the right address, set OPENAI_BASE_URL (or the base_url of the settings) to it"
    if failure.reason.startswith("HTTP"):
        return f"{what}; the account has no credit left. What was answered is kept: run the same command again later"
    return f"{what}; is the server running, and is the address right?"


def _target(response: httpx2.Response) -> httpx2.URL | None:
    """Where a redirect leads; None if it is none, or leads to no server."""
    location = response.headers.get("location")
    if not response.is_redirect or location is None or not location.isascii():
        return None
    try:
        target = response.request.url.join(location)
    except (httpx2.InvalidURL, ValueError):
        return None
    return target if target.scheme in ("http", "https") and target.host else None


def _origin(url: httpx2.URL) -> Origin | None:
    """The server that the HTTP client would ask."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return origin_of(f"{url.scheme}://{host}" + (f":{url.port}" if url.port else ""))


def _by_proxy(address: Address) -> str:
    """Names the proxy of the environment, for it may be what cannot be reached."""
    origin = origin_of(address.base_url)
    if origin is None or origin.is_this_machine or urllib.request.proxy_bypass(origin.host):
        return ""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(origin.scheme) or proxies.get("all")
    return f" through the proxy {shown_address(proxy)}, which the environment names," if proxy else ""
