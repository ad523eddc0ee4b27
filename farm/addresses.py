"""Addresses of servers: what is taken for one, which server it leads to, and how one is shown.

An address may carry secrets: a user and a password, a query, a fragment, a path that is a token. `shown` is the one way
in which an address is printed or kept; whatever it does not know to be harmless is replaced.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import NamedTuple

HIDDEN = "***"
"""What stands in place of a secret."""
_USUAL_PORTS = {"http": 80, "https": 443}
_HOST = r"\[[0-9a-fA-F:.]{2,45}\]|[0-9a-zA-Z](?:[0-9a-zA-Z._-]{0,252})"
_ADDRESS = re.compile(
    rf"(?i)(?P<scheme>https?)://(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?(?:/[/\w.~:+,=!-]*)?", re.A
)
_SCHEMES = "https?|ftps?|sftp|ssh|wss?|socks[45][ah]?|s3|gs|file|git|postgres(?:ql)?|mysql|redis|mongodb"
_ANY_ADDRESS = re.compile(
    rf"(?i)(?P<scheme>{_SCHEMES})://(?:[^/?#\\@\s]*@)*(?P<host>{_HOST})(?P<port>:[0-9]{{1,5}})?(?P<rest>[/?#;\\].*)?",
    re.S,
)
_IN_TEXT = re.compile(
    rf"(?i)(?<![a-z])(?:{_SCHEMES})://[^\s\"'<>`]+|[^\s\"'<>`@:=(\[]+:[^\s\"'<>`]+@(?P<host>[a-z0-9.-]+)"
)
_HARMLESS_SEGMENT = re.compile(
    r"v[0-9]{1,2}((alpha|beta)[0-9]?)?|api|openai|inference|chat|completions|compatible-mode|"
)


class Origin(NamedTuple):
    """The server that an address leads to."""

    scheme: str
    host: str
    """In small letters; of an IPv6 address without brackets, in its shortest form."""
    port: int

    @property
    def is_this_machine(self) -> bool:
        """Whether nothing that is sent there leaves the machine."""
        try:
            number = ipaddress.ip_address(self.host)
        except ValueError:
            return self.host == "localhost"
        return number.is_loopback or number.is_unspecified

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == _USUAL_PORTS.get(self.scheme)
        return f"{self.scheme}://{host}" if usual else f"{self.scheme}://{host}:{self.port}"


def origin_of(address: str) -> Origin | None:
    """The server of an http or https address; None for whatever `address_problem` refuses.

    >>> str(origin_of("HTTPS://API.Example.:443/v1"))
    'https://api.example'
    """
    match = _ADDRESS.fullmatch(address)
    if match is None:
        return None
    scheme, host = match["scheme"].lower(), match["host"].lower().rstrip(".")
    port = int(match["port"]) if match["port"] else _USUAL_PORTS[scheme]
    if host.startswith("["):
        try:
            host = str(ipaddress.IPv6Address(host[1:-1]))
        except ValueError:
            return None
    return Origin(scheme, host, port) if 0 < port < 65536 else None


def address_problem(address: str) -> str | None:
    """Why a text is no address of a server that models can be asked at; the text itself is not in the reason."""
    if origin_of(address) is not None:
        return None
    if "@" in address or "?" in address or "#" in address or ";" in address:
        return "user names, passwords, queries and fragments are not taken from an address"
    return (
        f"expected an address such as http://localhost:8000/v1 (plain ASCII, no percent signs), got {shown(address)!r}"
    )


def shown(address: str) -> str:
    """An address without anything that may be a secret: scheme, host, port, and the usual parts of a path.

    >>> shown("https://user:pw@gw.example:8443/token-4711/v1?key=1")
    'https://gw.example:8443/***/***'
    >>> shown("user:pw@gw.example/v1")
    '***'
    """
    match = _ANY_ADDRESS.fullmatch(address.strip())
    if match is None:
        scheme = re.match(rf"(?i)(?:{_SCHEMES})://", address.strip())
        return f"{scheme[0].lower()}{HIDDEN}" if scheme else HIDDEN
    rest = match["rest"] or ""
    if "@" in rest or "\\" in rest:  # programs differ in where such a host ends
        return f"{match['scheme'].lower()}://{HIDDEN}"
    segments = rest.split("/") if rest.startswith("/") or not rest else ["", rest]
    path = "/".join(part if _HARMLESS_SEGMENT.fullmatch(part) else HIDDEN for part in segments)
    return f"{match['scheme'].lower()}://{match['host'].lower()}{match['port'] or ''}{path}"


def hidden_segments(address: str) -> tuple[str, ...]:
    """The parts of an address's path that `shown` replaces."""
    path = address.partition("://")[2].partition("/")[2]
    return tuple(part for part in path.split("/") if not _HARMLESS_SEGMENT.fullmatch(part))


def with_shown_addresses(text: str) -> str:
    """A text in which every address is as `shown`; also `user:password@host` without a scheme.

    >>> with_shown_addresses("no answer from ftp://me:pw@files.example/v1; me:pw@host neither")
    'no answer from ftp://files.example/v1; ***@host neither'
    """
    return _IN_TEXT.sub(_shown_match, text)


def with_shown_values(value: object) -> object:
    """A JSON value in which the addresses in texts of one word are as `shown`; others are for models to read.

    >>> with_shown_values({"model": {"base_url": "https://gw.example/token-4711/v1", "prompt": "see http://a/b"}})
    {'model': {'base_url': 'https://gw.example/***/v1', 'prompt': 'see http://a/b'}}
    """
    if isinstance(value, Mapping):
        return {name: with_shown_values(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [with_shown_values(entry) for entry in value]
    return with_shown_addresses(value) if isinstance(value, str) and not re.search(r"\s", value) else value


def _shown_match(match: re.Match[str]) -> str:
    if match["host"] is not None:
        return f"{HIDDEN}@{match['host']}"
    address = match[0].rstrip(".,;:!)]}")
    return shown(address) + match[0][len(address) :]
