"""What one sentence says of two outputs (`farm.judges.parsers.grammar` gives the grammar).

The sentence has a sign in place of each name of an output (`farm.judges.parsers.verdict_words`).
"""

import re
from enum import IntEnum
from typing import NamedTuple

from farm.judges.parsers import lexicon as w
from farm.judges.parsers import sentence_patterns as p
from farm.judges.parsers.verdict_words import FIRST_SIGN, SECOND_SIGN, SIGNS, TIE_SIGN
from farm.records import Preference

MAX_CHARACTERS = 1500
"""Of a sentence that is looked at."""


class Strength(IntEnum):
    """How a verdict is stated."""

    PROSE = 1
    """A sentence that says which output is better."""
    BARE = 2
    """A line that holds nothing but a name."""
    MARKED = 3
    """Behind a marker (`Verdict:`), or in double square brackets."""


class Statement(NamedTuple):
    """A sentence that decides, or says that it does not."""

    strength: Strength
    preference: Preference | None
    """None if it says that there is no verdict."""
    is_mention: bool = False
    """Whether it may only mention a name that stands in double square brackets."""


_MEANING = {sign: preference for preference, sign in SIGNS.items()}


def bare(line: str) -> Preference | None:
    """The verdict of a line that holds nothing but a name; None for any other line."""
    match = p.BARE.fullmatch(line)
    return _MEANING[match.group("name")] if match else None


def statement(sentence: str, marker: re.Pattern[str] | None, *, is_answered: bool) -> Statement | None:
    """What a sentence decides; None if it decides nothing.

    Args:
        sentence: with signs in place of names.
        marker: what the prompt asks to write before the verdict; None for nothing.
        is_answered: whether the names are words such as Yes and No, which decide where a sentence begins with one.
    """
    sentence = p.FORCED.sub("", sentence).strip(" \t|")
    if len(sentence) > MAX_CHARACTERS:
        return None
    if stated := _strong(sentence):
        return stated
    if rest := _behind_marker(sentence, marker):
        return Statement(Strength.MARKED, _marked(rest))
    preference = _prose(sentence)
    if preference is None and is_answered and (answered := p.ANSWERED.match(sentence)):
        preference = _MEANING[answered.group("name")]
    if preference is not None:
        return Statement(Strength.BARE if bare(sentence) else Strength.PROSE, preference)
    return Statement(Strength.PROSE, None) if p.UNDECIDED.search(sentence) else None


def _strong(sentence: str) -> Statement | None:
    """What names in double square brackets say; None if there are none."""
    names = [
        match
        for match in p.STRONG.finditer(sentence)
        if not p.HYPOTHETICAL.search(sentence[max(0, match.start() - 60) : match.start()].rpartition(",")[2])
        and not p.FOR_AN_ASPECT.match(sentence, match.end())
    ]
    if not names:
        return None
    last = names[-1]
    is_stated = not sentence[last.end() :].strip(" .!*") and bool(
        p.IN_FRONT.search(sentence[: last.start()]) and not p.DENIED.search(sentence[: last.start()].rpartition(",")[2])
    )
    strong = {match.group("name") for match in names}
    if is_stated or len(strong) == 1:
        preference = _MEANING[last.group("name")]
        is_first = not sentence[: names[0].start()].strip(" :.*")
        said = _prose(sentence[last.end() :].strip(" .:,-")) if is_first else None
        is_contradicted = said is not None and said is not preference
        return Statement(Strength.MARKED, None if is_contradicted else preference, not (is_stated or is_first))
    return Statement(Strength.MARKED, None, is_mention=True)


def _behind_marker(sentence: str, marker: re.Pattern[str] | None) -> str:
    """What stands behind a marker; empty if there is none."""
    if marker is not None and (asked := marker.match(sentence)):
        return asked.group("rest").strip()
    general = p.MARKER.match(sentence)
    return "" if general is None or p.DENIED.search(general.group("prefix")) else general.group("rest").strip()


def _marked(rest: str) -> Preference | None:
    """The verdict in what follows a marker."""
    preference = _prose(rest)
    if preference is not None:
        return preference
    match = p.STATED.match(rest)
    if match is None or _is_taken_back(rest, match.end("name")):
        return None
    others = {FIRST_SIGN, SECOND_SIGN, TIE_SIGN} - {match.group("name")}
    why = p.WHY.search(rest, match.end())
    is_mixed = any(sign in rest[match.end() : why.start() if why else None].partition(".")[0] for sign in others)
    return None if is_mixed else _MEANING[match.group("name")]


def _prose(sentence: str) -> Preference | None:
    """The verdict of a sentence that says in so many words which output is better."""
    whole = bare(sentence)
    if whole is not None:
        return whole
    for lead in p.LEAD:
        sentence = lead.sub("", sentence, count=1)
    whole = bare(sentence)
    if whole is not None:
        return whole
    for pattern, winner in p.TWO:
        match = pattern.match(sentence)
        if match and not p.DENIED.search(match.group("prefix")):
            end = max(match.end("first"), match.end("second"), *match.span("end") if "end" in match.groupdict() else ())
            is_reversed = any(m["first"] != match[winner] for m in p.IS_BETTER.finditer(sentence, end))
            return None if is_reversed or _is_taken_back(sentence, end) else _MEANING[match.group(winner)]
    if p.EQUALS.match(sentence):
        return Preference.TIE
    for pattern in p.ONE:
        match = pattern.match(sentence)
        is_denied = match and (
            p.DENIED.search(match.group("prefix")) or p.NEGATED.search(sentence[: match.start("name")])
        )
        if match and not is_denied:
            return None if _is_taken_back(sentence, match.end("name")) else _MEANING[match.group("name")]
    worse = p.WORSE_OF_TWO.match(sentence)
    if worse and not p.DENIED.search(worse.group("prefix")):
        is_first = worse.group("name") == FIRST_SIGN
        return Preference.SECOND if is_first else Preference.FIRST
    tie = p.TIE.match(sentence)
    if tie and not p.DENIED.search(tie.group("prefix")) and not p.NEGATED.search(sentence):
        return Preference.TIE
    return None


def _is_taken_back(sentence: str, place: int) -> bool:
    """Whether a negation or condition stands between a name and the reason for the verdict."""
    why = p.WHY.search(sentence, place)
    # "not (a)" behind the chosen name confirms it.
    behind = re.sub(rf"(?:,|\band)?\s*not\s+{w.OUTPUT}", "", sentence[place : why.start() if why else None])
    behind = p.CERTAINLY.sub("", behind)
    return bool(p.NEGATED.search(behind[:80])) or bool(
        re.search(w.WORSE, behind[:40], re.I) and not re.search(w.OUTPUT, behind)
    )
