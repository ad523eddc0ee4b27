"""Where an endpoint is and which key opens it; and keeping that key out of everything else.

Keys come from environment variables alone. They are in no settings, no cache and no artifact, and whatever a server or
a library says is cleared of them before anybody can log or store it.
"""

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from farm.addresses import address_problem, hidden_segments, shown
from farm.calls.http.echoes import Clearing
from farm.calls.http.hosts import OPENAI_URL, check_host
from farm.calls.request import ModelSlot
from farm.errors import UserError

NO_KEY = "no-key"
"""Sent to servers that want none, because the client library insists on one."""


@dataclass(frozen=True)
class Address:
    """An endpoint. `str` and `repr` show neither the key nor what else may be secret."""

    base_url: str = field(repr=False)
    key_variable: str
    key: str = field(repr=False)

    def __str__(self) -> str:
        return shown(self.base_url)

    @functools.cached_property
    def clearing(self) -> Clearing:
        """What the server may repeat and nobody else may see."""
        return Clearing(self.key, hidden_segments(self.base_url))


def base_url_of(slot: ModelSlot, allow_host: Sequence[str]) -> str:
    """Where a slot's requests go; reading the cache needs no more than this.

    Args:
        slot: who is asked.
        allow_host: servers that the command line allows (`farm.calls.http.hosts`).

    Raises:
        UserError: it is no address, holds a password, or leads to a server that a file alone has chosen.
    """
    base_url = (slot.base_url or os.environ.get("OPENAI_BASE_URL", "")).strip() or OPENAI_URL
    if problem := address_problem(base_url):
        raise UserError(f"base_url of {slot.model}: {problem}; a key belongs in the variable {slot.api_key_variable}")
    check_host(slot, base_url, allow_host)
    return base_url.rstrip("/")


def address_of(slot: ModelSlot, allow_host: Sequence[str]) -> Address:
    """Where a slot's requests go, and the key that opens it.

    Raises:
        UserError: there is no address, or it is the hosted API and its key is not set.
    """
    base_url = base_url_of(slot, allow_host)
    key = os.environ.get(slot.api_key_variable, "").strip()
    if not key and base_url == OPENAI_URL:
        raise UserError(
            f"{slot.model} is to be asked at {OPENAI_URL}, but the environment variable {slot.api_key_variable} holds "
            "no key: set it, or set OPENAI_BASE_URL to a server of your own"
        )
    if not key.isascii() or not key.isprintable():
        raise UserError(f"the key in {slot.api_key_variable} holds characters that cannot be sent; set it again")
    return Address(base_url, slot.api_key_variable, key or NO_KEY)
