"""Verdicts in JSON, tolerant of code fences, chatter around it, trailing commas and Python's spelling."""

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, cast

from farm.calls.request import Reply
from farm.judges.parsers.reading import Reading, compared, no_verdict, unreadable, wrong_count
from farm.judges.parsers.verdict_words import VerdictWords

_DECODER = json.JSONDecoder(strict=False)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|' + r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_OPENING = re.compile(r"[{\[]")
_MAX_UNREADABLE = 50
"""Brackets that lead nowhere, before the rest of a reply is left alone: bounds the time for hostile replies."""
_CLOSERS = {"{": "}", "[": "]"}


def json_values(text: str) -> Iterator[object]:
    """The outermost JSON objects and lists in a text, in order; what cannot be read is passed over."""
    place = n_unreadable = 0
    while n_unreadable < _MAX_UNREADABLE and (match := _OPENING.search(text, place)):
        start = match.start()
        try:
            value, place = _DECODER.raw_decode(text, start)
            yield value
            continue
        except (ValueError, RecursionError):
            place, n_unreadable = start + 1, n_unreadable + 1
        end = _balanced_end(text, start)
        if end is not None:
            try:
                yield _lenient(text[start:end])
                place = end
            except (ValueError, RecursionError):
                pass


def json_objects(text: str) -> list[dict[str, object]]:
    """All objects of a text, innermost included, in the order of their beginnings."""
    found: list[dict[str, object]] = []
    stack: list[object] = list(json_values(text))[::-1]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            found.append(cast(dict[str, object], value))
            stack += list(value.values())[::-1]
        elif isinstance(value, list | tuple):
            stack += list(value)[::-1]
    return found


def python_literal(text: str) -> object:
    """A Python literal that a model has written.

    Raises:
        ValueError: it is none, or one that cannot be (a set of dictionaries, as `{{"better": 1}}` reads).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # the model's spelling is nothing for the user to mend
            return cast(object, ast.literal_eval(text))
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"no Python literal: {error}") from error


@dataclass(frozen=True, kw_only=True)
class JsonVerdict:
    """The value of a key: one object per pair; with one pair the last object that has the key wins."""

    key_name: ClassVar[str] = "JsonVerdict"

    key: str
    """Key of the verdict; letter case does not matter."""
    verdict: VerdictWords
    """What its value may be."""

    @property
    def labels(self) -> tuple[str, ...]:
        return ()

    def readings(self, reply: Reply, n_pairs: int) -> list[Reading]:
        values = [value for item in json_objects(reply.text) for value in _of_key(item, self.key)]
        if not values and n_pairs == 1:
            values = self._unquoted(reply.text)
        if not values:
            return [unreadable(f"no JSON object with {self.key!r} in the reply", reply.text)] * n_pairs
        if n_pairs == 1:
            values = values[-1:]
        if len(values) != n_pairs:
            return [wrong_count(len(values), n_pairs, reply.text)] * n_pairs
        return [self._reading(value) for value in values]

    def _unquoted(self, text: str) -> list[object]:
        """A label behind the key in an object that cannot be read (cut off, quotes in quotes), or a bare label."""
        name = f"(?P<name>{self.verdict.understood})"
        behind_key = rf"""["']?{re.escape(self.key)}["']?\s*:\s*["']?{name}["']?\s*(?:[,}}\n]|$)"""
        bare = rf"""[\s*`'".]*{name}[\s*`'".]*"""
        found = [*re.finditer(behind_key, text, re.IGNORECASE)]
        whole = re.fullmatch(bare, text, re.IGNORECASE)
        return [match.group("name") for match in ([*found, whole] if whole else found)]

    def _reading(self, value: object) -> Reading:
        preference = self.verdict.preference(str(value))
        if preference is None:
            names = ", ".join((self.verdict.first[0], self.verdict.second[0], *self.verdict.tie[:1]))
            return no_verdict(f"the JSON object names no verdict ({self.key!r} is {value!r}, expected one of {names})")
        return Reading(preference)


@dataclass(frozen=True, kw_only=True)
class RankList:
    """A list of `{"model": NAME, "rank": 1 or 2}` for the two outputs; the last rank given to a name counts."""

    key_name: ClassVar[str] = "RankList"

    first: str
    """Name of the output that is shown first."""
    second: str
    """Name of the other one."""

    @property
    def labels(self) -> tuple[str, ...]:
        return ()

    def readings(self, reply: Reply, n_pairs: int) -> list[Reading]:
        assert n_pairs == 1, "reads one ranking"
        ranks = {
            str(item["model"]).strip(): _number(item["rank"])
            for item in json_objects(reply.text)
            if "model" in item and "rank" in item
        }
        first, second = ranks.get(self.first), ranks.get(self.second)
        if first is None or second is None:
            return [unreadable(f"no ranks of {self.first!r} and {self.second!r} in the reply", reply.text)]
        if {first, second} - {1.0, 2.0}:
            return [no_verdict(f"ranks other than 1 and 2 ({first:g} and {second:g})")]
        # The better one has the smaller rank.
        return [compared(second, first)]


def _of_key(item: Mapping[str, object], key: str) -> list[object]:
    return [value for name, value in item.items() if str(name).strip().casefold() == key.casefold()]


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _balanced_end(text: str, start: int) -> int | None:
    """Where the bracket at `start` is closed; brackets in strings do not count."""
    open_brackets: list[str] = []
    place = start
    while place < len(text):
        character = text[place]
        if character in "\"'" and (string := _STRING.match(text, place)):
            place = string.end()
            continue
        if character in _CLOSERS:
            open_brackets.append(_CLOSERS[character])
        elif character in "}]":
            if open_brackets.pop() != character:
                return None
            if not open_brackets:
                return place + 1
        place += 1
    return None


def _lenient(text: str) -> object:
    """JSON with trailing commas, or a Python literal.

    Raises:
        ValueError: it is neither.
    """
    without_commas = _outside_strings(text)
    try:
        return json.loads(without_commas, strict=False)
    except ValueError:
        return python_literal(text)


def _outside_strings(text: str) -> str:
    """The text without trailing commas; strings are left alone."""
    strings: list[str] = []

    def put_aside(match: re.Match[str]) -> str:
        strings.append(match.group(0))
        return f"\x00{len(strings) - 1}\x00"

    bare = _TRAILING_COMMA.sub(r"\1", _STRING.sub(put_aside, text.replace("\x00", "")))
    return re.sub(r"\x00(\d+)\x00", lambda match: strings[int(match.group(1))], bare)
