"""Clearing a server's words of a key that it repeats, in any spelling that is cheap to know.

Known are: as it is and in other case; with JSON's, HTML's or URL's escapes of any of its characters, several levels
deep; within base64 (whatever stands before it); in hexadecimal digits. Not known is a key that a server takes apart.
"""

import base64
import functools
import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

from farm.addresses import HIDDEN, with_shown_addresses
from farm.calls.request import TokenLogprob

SHORTEST_SECRET = 12
"""Shorter keys are placeholders (EMPTY, none, sk-, message, lm-studio) that replies may well contain; the shortest keys
that vendors give have 32 characters, and `token-abc123` of vLLM's manual has 12."""
HIDDEN_KEY = "k***y"
"""What stands in place of a key: a word without meaning, as the key was, so that no verdict is read otherwise.
Asterisks alone would vanish as Markdown, and what stood before and after the key would be read together."""
_LABELLED = re.compile(r"(?i)\b(bearer|basic|api[-_]?key[\"']?\s*[:=])\s*[^\s\"',;]+")
_ENTITIES = {'"': "&quot;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;"}
_ESCAPES = ("\\", "%", "&")


class _Spellings(NamedTuple):
    """How one secret may be written."""

    small: str
    escaped: re.Pattern[str]
    encoded: tuple[str, ...]
    """In base64, without the characters that depend on what stands around it."""
    digits: str
    """Hexadecimal."""


class Clearing(NamedTuple):
    """What a server's words are cleared of."""

    key: str
    """As it is sent."""
    path_segments: tuple[str, ...]
    """Parts of the server's address that may be secrets."""

    def of_reply(self, text: str) -> str:
        """What a model said, decoded, without secrets; a text that repeats none stays as it is."""
        for secret in (self.key, *self.path_segments):
            text = without_secret(text, secret)
        return text

    def of_error(self, text: str) -> str:
        """What a server or a library says is wrong; here no address, and nothing that calls itself a key, is kept."""
        text = _LABELLED.sub(lambda match: f"{match[1]} {HIDDEN}", self.of_reply(with_shown_addresses(text)))
        for segment in self.path_segments:
            text = text.replace(segment, HIDDEN) if len(segment) > 3 else text
        return text

    def of_logprobs(self, places: Sequence[Sequence[TokenLogprob]]) -> tuple[tuple[TokenLogprob, ...], ...]:
        """Tokens without secrets, also one that the most probable tokens make up together."""
        best = [place[0].token if place else "" for place in places]
        joined = "".join(best)
        if (
            self.of_reply(joined) == joined
            and self.of_reply(every := "\0".join(t[0] for p in places for t in p)) == every
        ):
            return tuple(map(tuple, places))
        ends = list(itertools.accumulate(map(len, best)))
        spans = [span for secret in (self.key, *self.path_segments) for span in _spans(joined, secret)]
        cleared = []
        for place, end, token in zip(places, ends, best, strict=True):
            is_part = any(start < end and end - len(token) < stop for start, stop in spans)
            cleared.append(tuple(t._replace(token=HIDDEN_KEY if is_part else self.of_reply(t.token)) for t in place))
        return tuple(cleared)


NO_SECRETS = Clearing("", ())


def is_secret(text: str) -> bool:
    """Whether a key is long enough to be one, and no placeholder."""
    return len(text) >= SHORTEST_SECRET


def without_secret(text: str, secret: str) -> str:
    """The text with `k***y` for every spelling of the secret; as it is if the secret is a placeholder.

    >>> without_secret("your key: sk-\\\\u0031234567890, or SK-1234567890", "sk-1234567890")
    'your key: k***y, or k***y'
    >>> without_secret("a message", "message")
    'a message'
    """
    if not is_secret(secret):
        return text
    known = _spellings(secret)
    small = text.lower()
    if known.small in small or any(mark in text for mark in _ESCAPES):
        text = known.escaped.sub(HIDDEN_KEY, text)
    for core in known.encoded:
        text = text.replace(core, HIDDEN_KEY)
    return re.sub(known.digits, HIDDEN_KEY, text, flags=re.IGNORECASE) if known.digits in small else text


@functools.lru_cache(maxsize=64)
def _spellings(secret: str) -> _Spellings:
    content = secret.encode("utf-8", "surrogatepass")
    encoded = [_core(content, n_before, altchars) for n_before in range(3) for altchars in (b"+/", b"-_")]
    return _Spellings(
        small=secret.lower(),
        escaped=re.compile("".join(map(_character, secret)), re.IGNORECASE),
        encoded=tuple(dict.fromkeys(encoded)),
        digits=content.hex(),
    )


def _spans(text: str, secret: str) -> list[tuple[int, int]]:
    """Where a secret stands, escaped or not."""
    return [match.span() for match in _spellings(secret).escaped.finditer(text)] if is_secret(secret) else []


def _character(character: str) -> str:
    """A pattern for one character in all its escapes."""
    as_utf8 = "".join(f"%(?:25)*{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    # JSON writes what lies beyond \\uffff as two halves.
    halves = character.encode("utf-16-be", "surrogatepass")
    in_json = "".join(rf"\\+u{halves[i : i + 2].hex()}" for i in range(0, len(halves), 2))
    spellings = [in_json, rf"\\+x{ord(character):02x}", as_utf8, rf"&(?:amp;)*#0*{ord(character)};"]
    spellings += [rf"&(?:amp;)*#x0*{ord(character):x};"]
    spellings += [_ENTITIES[character].replace("&", "&(?:amp;)*")] if character in _ENTITIES else []
    spellings += [r"\\+" if character == "\\" else rf"\\*{re.escape(character)}"]
    return f"(?:{'|'.join(spellings)})"


def _core(content: bytes, n_before: int, altchars: bytes) -> str:
    """The characters of the base64 of `n_before` bytes and the content that the content alone determines."""
    n_bits = 8 * (n_before + len(content))
    text = base64.b64encode(b"\0" * n_before + content, altchars).decode()
    return text[-(-8 * n_before // 6) : n_bits // 6]
