"""The HTTP clients that carry the requests to one address, those of the openai client, and silence of what they log."""

import logging
import ssl

import httpx2
import openai

from farm.addresses import origin_of
from farm.calls.http.keys import Address

SENDER_THREAD = "judge calls"
"""Name of the thread that requests are sent from."""
"""Name of the thread that requests are sent from."""
CONNECTIONS_PER_CLIENT = 16
"""httpx looks through all connections of a pool at each request, so several small pools cost less than one large."""


def http_clients(address: Address, concurrency: int) -> list[tuple[httpx2.AsyncClient, int]]:
    """The HTTP clients that the openai client would use, and how many requests each may carry at once."""

    def limits(places: int) -> httpx2.Limits:
        return httpx2.Limits(max_connections=places, max_keepalive_connections=places, keepalive_expiry=30.0)

    # One context for all clients: reading the certificates takes tens of milliseconds.
    is_secure = address.base_url.startswith("https")
    # This machine is asked itself, never a proxy that the environment names.
    origin = origin_of(address.base_url)
    has_proxies = origin is None or not origin.is_this_machine
    context = httpx2.create_ssl_context() if is_secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        client = openai.DefaultAioHttpClient(verify=context, limits=limits(concurrency), trust_env=has_proxies)
        return [(client, concurrency)]
    except RuntimeError:
        starts = range(0, concurrency, CONNECTIONS_PER_CLIENT)
        sizes = [min(CONNECTIONS_PER_CLIENT, concurrency - start) for start in starts]
        return [
            (openai.DefaultAsyncHttpxClient(verify=context, limits=limits(n), trust_env=has_proxies), n) for n in sizes
        ]


def hush_transport() -> None:
    """Have nothing logged of what the transport does in the thread `SENDER_THREAD`."""
    # A filter is not inherited, so every logger gets it.
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in ("httpx2", "httpcore2")]
    for name in names:
        logging.getLogger(name).addFilter(_QUIET)  # once, however often it is added


class _Quiet(logging.Filter):
    """Keeps what the transport logs of our requests to itself: it holds whole addresses and the server's headers."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.threadName != SENDER_THREAD


_QUIET = _Quiet()
