"""One try of one request over HTTP, through the openai client; it returns, whatever happens.

The client's connections, headers and errors are used; its retries and its objects are not, for retrying is decided
with the cache and the budget in view, and building the objects takes as long as everything else together.
"""

import asyncio
import ssl
import time
from typing import NamedTuple

import httpx2
import openai

from farm.calls.calls import Reply, Request
from farm.calls.chat import MAX_SHOWN, body_of, error_code, error_text, read_reply
from farm.calls.keys import NO_KEY, Address
from farm.calls.prices import Usage
from farm.calls.retries import Failure, Remedy, remedy_of_status, retry_after_seconds

CONNECT_SECONDS = 15.0
CONNECTIONS_PER_CLIENT = 16
"""httpx looks through all connections of a pool at each request, so several small pools cost less than one large."""


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


class Endpoint:
    """The connections to one address. Belongs to one event loop."""

    def __init__(self, address: Address, *, concurrency: int, timeout_seconds: float) -> None:
        self.address = address
        self._timeout_seconds = timeout_seconds
        self._clients = _clients(address, concurrency, timeout_seconds)
        self._free = [client for client, places in self._clients for _ in range(places)]
        self._newer_names: set[str] = set()
        """Models that know max_tokens by its newer name only."""

    async def ask(self, request: Request) -> Try:
        """Send a request once and read its reply."""
        start = time.perf_counter()
        client = self._free.pop()
        body = body_of(request)
        if request.slot.model in self._newer_names:
            body["max_completion_tokens"] = body.pop("max_tokens")
        try:
            async with asyncio.timeout(self._timeout_seconds):
                response = await client.post("/chat/completions", cast_to=httpx2.Response, body=body)
            parsed = read_reply(self.address.clear_bytes(response.content))
            failure = parsed.failure and parsed.failure._replace(reason=self.address.clear(parsed.failure.reason))
            return Try(parsed.reply, failure, parsed.usage, time.perf_counter() - start, True)
        except openai.APIStatusError as error:
            failure, is_answer = self._of_status(request, error), True
        except UnicodeEncodeError:
            reason = "the prompt holds half of a surrogate pair, which is no character and cannot be sent"
            failure, is_answer = Failure(reason, Remedy.GIVE_UP), False
        except (openai.OpenAIError, httpx2.HTTPError, OSError, ValueError) as error:
            # Some transports call a reset connection a timeout, so the clock decides.
            is_late = time.perf_counter() - start >= 0.99 * self._timeout_seconds
            reason = f"no complete reply within {self._timeout_seconds:g} s" if is_late else self._of_connection(error)
            failure, is_answer = Failure(reason, Remedy.RETRY), False
        finally:
            self._free.append(client)
        return Try(Reply(text=""), failure, Usage(0, 0, 0), time.perf_counter() - start, is_answer)

    async def close(self) -> None:
        for client, _ in self._clients:
            await client.close()

    def _of_status(self, request: Request, error: openai.APIStatusError) -> Failure:
        code, text = error_code(error.body), self.address.clear(error_text(error.body or error.message))
        remedy = remedy_of_status(error.status_code, code)
        if error.status_code == 400 and "max_completion_tokens" in text and request.slot.model not in self._newer_names:
            self._newer_names.add(request.slot.model)
            remedy = Remedy.RETRY
        return Failure(f"HTTP {error.status_code}: {text}", remedy, retry_after_seconds(error.response.headers))

    def _of_connection(self, error: Exception) -> str:
        cause = error.__cause__ or error
        text = self.address.clear(" ".join(str(cause).split()))[:MAX_SHOWN]
        return f"connection to {self.address} failed: {text or type(cause).__name__}"


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


def _clients(address: Address, concurrency: int, timeout_seconds: float) -> list[tuple[openai.AsyncOpenAI, int]]:
    """Clients and how many requests each may carry: one over aiohttp where that is installed, else several."""
    timeout = httpx2.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds))

    def client(http_client: httpx2.AsyncClient, places: int) -> tuple[openai.AsyncOpenAI, int]:
        made = openai.AsyncOpenAI(
            base_url=address.base_url, api_key=address.key, max_retries=0, timeout=timeout, http_client=http_client
        )
        return made, places

    def limits(places: int) -> httpx2.Limits:
        return httpx2.Limits(max_connections=places, max_keepalive_connections=places, keepalive_expiry=30.0)

    context = httpx2.create_ssl_context() if address.base_url.startswith("https") else ssl.create_default_context()
    try:
        return [client(openai.DefaultAioHttpClient(verify=context, limits=limits(concurrency)), concurrency)]
    except RuntimeError:
        sizes = [
            min(CONNECTIONS_PER_CLIENT, concurrency - start) for start in range(0, concurrency, CONNECTIONS_PER_CLIENT)
        ]
        return [client(openai.DefaultAsyncHttpxClient(verify=context, limits=limits(n)), n) for n in sizes]
