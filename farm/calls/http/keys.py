"""Where an endpoint is and which key opens it; and keeping that key out of everything else.

Keys come from environment variables alone. They are in no settings, no cache and no artifact, and whatever a server or
a library says is cleared of them before anybody can log or store it.
"""

import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from farm.calls.request import ModelSlot
from farm.errors import UserError

OPENAI_URL = "https://api.openai.com/v1"
HIDDEN = "***"
NO_KEY = "no-key"
"""Sent to servers that want none, because the client library insists on one."""
_BEARER = re.compile(r"(?i)\b(bearer|api[-_]key[:=])\s*[^\s\"',;]+")


@dataclass(frozen=True)
class Address:
    """An endpoint. `str` and `repr` show no key."""

    base_url: str
    key_variable: str
    key: str = field(repr=False)

    def __str__(self) -> str:
        return self.base_url

    def clear(self, text: str) -> str:
        """The text without the key."""
        if self.key and self.key != NO_KEY:
            text = text.replace(self.key, HIDDEN)
        return _BEARER.sub(lambda match: f"{match.group(1)} {HIDDEN}", text)

    def clear_bytes(self, content: bytes) -> bytes:
        """A server's reply without the key, should it repeat it."""
        key = self.key.encode()
        return content.replace(key, HIDDEN.encode()) if self.key != NO_KEY and key in content else content


def base_url_of(slot: ModelSlot) -> str:
    """Where a slot's requests go; reading the cache needs no more than this.

    Raises:
        UserError: it is no address, or holds a password.
    """
    base_url = slot.base_url or os.environ.get("OPENAI_BASE_URL", "").strip() or OPENAI_URL
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"base_url {base_url!r} of {slot.model} is no address; expected e.g. http://localhost:8000/v1")
    if parts.username or parts.password or parts.query:
        raise UserError(
            f"base_url of {slot.model} at {parts.hostname}: user names, passwords and queries are not taken from an "
            f"address, for it is stored with every reply; put the key into the variable {slot.api_key_variable}"
        )
    return base_url.rstrip("/")


def address_of(slot: ModelSlot) -> Address:
    """Where a slot's requests go, and the key that opens it.

    Raises:
        UserError: there is no address, or it is the hosted API and its key is not set.
    """
    base_url = base_url_of(slot)
    key = os.environ.get(slot.api_key_variable, "").strip()
    if not key and base_url == OPENAI_URL:
        raise UserError(
            f"{slot.model} is to be asked at {OPENAI_URL}, but the environment variable {slot.api_key_variable} holds "
            "no key: set it, or set OPENAI_BASE_URL to a server of your own"
        )
    if not key.isascii() or not key.isprintable():
        raise UserError(f"the key in {slot.api_key_variable} holds characters that cannot be sent; set it again")
    return Address(base_url, slot.api_key_variable, key or NO_KEY)
