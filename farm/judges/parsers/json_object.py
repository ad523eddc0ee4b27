"""Verdicts in JSON, tolerant of code fences, chatter around it, trailing commas and Python's spelling."""

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, cast

from farm.bounded.json_text import read_json, read_json_at
from farm.calls.request import Reply
from farm.judges.parsers.answer import MAX_CHARACTERS, Answer, answer_of, is_unclosed, spoken
from farm.judges.parsers.grammar import RETRACTION, conclusion
from farm.judges.parsers.plain_text import plain
from farm.judges.parsers.reading import Reading, compared, excerpt, no_verdict, unreadable, wrong_count
from farm.judges.parsers.statements import bare
from farm.judges.parsers.verdict_words import VerdictWords
from farm.records import Preference

_DECODER = json.JSONDecoder(strict=False)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|' + r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_OPENING = re.compile(r"[{\[]")
_MAX_UNREADABLE = 50
"""Brackets that lead nowhere, before the rest of a reply is left alone: bounds the time for hostile replies."""
_NAME_KEYS = ("model", "name", "output", "id", "response", "answer", "assistant", "candidate")
_VERDICT_KEY = re.compile(
    r"(?:final[_ ]?)?(?:verdict|answer|winner|choice|decision|preference|preferred|better|best|result|judge?ment)"
    r"(?:[_ ]?(?:output|response|answer|model|option|assistant))?|preferred",
    re.IGNORECASE,
)
_NUMBERED_FIRST = re.compile(r"^\s*(?:rank\s*)?1(?:st)?\s*[.):-]\s*(?=\S)", re.MULTILINE | re.IGNORECASE)
_NUMBERED_SECOND = re.compile(r"^\s*(?:rank\s*)?2(?:nd)?\s*[.):-]", re.IGNORECASE)
_CLOSERS = {"{": "}", "[": "]"}


def json_values(text: str) -> Iterator[object]:
    """The outermost JSON objects and lists in a text, in order; what cannot be read is passed over."""
    place = n_unreadable = 0
    while n_unreadable < _MAX_UNREADABLE and (match := _OPENING.search(text, place)):
        start = match.start()
        try:
            value, place = read_json_at(text, start, decoder=_DECODER)
            yield value
            continue
        except ValueError:
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
        said = finished(reply)
        if said.reason:
            return [no_verdict(said.reason)] * n_pairs
        values = [value for item in json_objects(said.text) for value in _of_key(item, self.key)]
        if not values and n_pairs == 1:
            values = self._unquoted(plain(said.text))
        if not values:
            return [unreadable(f"no JSON object with {self.key!r} in the reply", reply.text)] * n_pairs
        readings = [self._reading(value) for value in values]
        if n_pairs == 1:
            return [self._last(readings, said.text)]
        if len(readings) != n_pairs:
            return [wrong_count(len(readings), n_pairs, reply.text)] * n_pairs
        return readings

    def _last(self, readings: list[Reading], text: str) -> Reading:
        """The last of several objects if they agree or one is taken back."""
        if len({reading.preference for reading in readings}) > 1 and not RETRACTION.search(text):
            return unreadable("two verdicts in the reply", text, f"{len(readings)} objects")
        return readings[-1]

    def _unquoted(self, text: str) -> list[object]:
        """A label behind the key in an object that cannot be read (quotes in quotes), or a reply that is a label."""
        name = f"(?P<name>{self.verdict.understood})"
        behind_key = rf"""["']?{re.escape(self.key)}["']?\s*:\s*["']?{name}["']?\s*(?:[,}}\n]|$)"""
        bare = rf"""[\s*`'".]*{name}[\s*`'".]*"""
        found = [*re.finditer(behind_key, text, re.IGNORECASE)]
        whole = re.fullmatch(bare, text, re.IGNORECASE)
        return [match.group("name") for match in ([*found, whole] if whole else found)]

    def _reading(self, value: object) -> Reading:
        preference = self.verdict.preference(str(value))
        if preference is None and isinstance(value, str):
            preference = conclusion(plain(value), self.verdict, "", with_prose=True)
        if preference is None:
            names = ", ".join((self.verdict.first[0], self.verdict.second[0], *self.verdict.tie[:1]))
            return no_verdict(f"the JSON object names no verdict ({self.key!r} is {value!r}, expected one of {names})")
        return Reading(preference)


@dataclass(frozen=True, kw_only=True)
class RankList:
    """A list of `{"model": NAME, "rank": 1 or 2}` for the two outputs, or the two names in their order.

    Two different ranks of one output are no verdict; neither is a list that is never closed.
    """

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
        said = finished(reply)
        if said.reason:
            return [no_verdict(said.reason)]
        ranks: dict[Preference, set[object]] = {Preference.FIRST: set(), Preference.SECOND: set()}
        for name, rank in _ranked(said.text):
            preference = self._words.preference(name) or bare(self._words.signed(name))
            if preference in ranks:
                ranks[preference].add(rank)
        if not any(ranks.values()):
            return [self._in_prose(reply)]
        first, second = ranks[Preference.FIRST], ranks[Preference.SECOND]
        if len(first) != 1 or len(second) != 1:
            return [unreadable(f"no ranks of {self.first!r} and {self.second!r} in the reply", reply.text)]
        ranked = [*first, *second]
        if not set(ranked) <= {1.0, 2.0}:
            return [no_verdict(f"ranks other than 1 and 2 ({ranked[0]} and {ranked[1]})")]
        # The better one has the smaller rank.
        return [compared(2.0 * (ranked[1] == 2.0), 2.0 * (ranked[0] == 2.0))]

    def _in_prose(self, reply: Reply) -> Reading:
        """`a > b`, or a verdict in words."""
        answer = answer_of(reply)
        text = _NUMBERED_FIRST.sub("Verdict: ", answer.text, count=1) if _NUMBERED_FIRST.search(answer.text) else ""
        lines = (text or answer.text).split("\n")
        kept = "\n".join(line for line in lines if not (text and _NUMBERED_SECOND.match(line)))
        preference = None if answer.reason else conclusion(kept, self._words, "", with_prose=True)
        if preference in (None, Preference.TIE):
            return unreadable(f"no ranks of {self.first!r} and {self.second!r} in the reply", reply.text)
        return Reading(preference)

    @cached_property
    def _words(self) -> VerdictWords:
        return VerdictWords(first=(self.first,), second=(self.second,), tie=())


def finished(reply: Reply) -> Answer:
    """The reply without reasoning, as it was written; none if a bracket is never closed."""
    said = spoken(reply)
    if said.reason:
        return said
    if len(said.text) > MAX_CHARACTERS:
        return Answer("", f"the reply is too long to be a verdict ({len(said.text):,} characters)")
    if is_unclosed(said.text) and is_unclosed(_STRING.sub('""', said.text)):
        return Answer("", f"the reply is unfinished: a bracket is never closed (it says {excerpt(said.text)})")
    return said


def said_in_json(text: str) -> str:
    """The verdict of an answer that is a JSON object, as a marked line; empty if it is none."""
    stripped = text.strip()
    ranked = {(name, rank) for name, rank in _ranked(stripped)} if stripped.startswith("[") else set()
    if len(ranked) == 2 and {rank for _, rank in ranked} == {1.0, 2.0}:
        return "".join(f"Verdict: {name}" for name, rank in ranked if rank == 1.0)
    if not (stripped.startswith("{") and stripped.endswith("}")):
        return ""
    items = [item.items() for item in json_values(stripped) if isinstance(item, dict)]
    said = [str(value) for pairs in items for key, value in pairs if _VERDICT_KEY.fullmatch(str(key).strip())]
    return "\n".join(f"Verdict: {value}" for value in said)


def _ranked(text: str) -> Iterator[tuple[str, object]]:
    """Names with their ranks; a list of nothing but names is in the order of its ranks."""
    for item in json_objects(text):
        keys = {str(key).strip().casefold(): value for key, value in item.items()}
        name = next((keys[key] for key in _NAME_KEYS if key in keys), None)
        if name is not None and "rank" in keys:
            yield str(name).strip(), _number(keys["rank"])
    for value in json_values(text):
        if isinstance(value, list) and len(value) == 2 and all(isinstance(name, str) for name in value):
            yield from ((str(name).strip(), float(rank)) for rank, name in enumerate(value, start=1))


def _number(value: object) -> float | None:
    try:
        return float(str(value).strip().lstrip("#"))
    except ValueError:
        return None


def _of_key(item: Mapping[str, object], key: str) -> list[object]:
    return [value for name, value in item.items() if str(name).strip().casefold() == key.casefold()]


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
        return read_json(without_commas, takes_control_characters=True)
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
