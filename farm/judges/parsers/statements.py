"""What one sentence says of two outputs (`farm.judges.parsers.grammar` gives the grammar).

The sentence has a sign in place of each name of an output (`farm.judges.parsers.verdict_words`).
"""

import re
from enum import IntEnum
from typing import NamedTuple

from farm.judges.parsers import lexicon as w
from farm.judges.parsers.verdict_words import FIRST_SIGN, SECOND_SIGN, SIGNS, TIE_SIGN
from farm.records import Preference

STRONG_SIGN = "\ue010"
"""In front of a name that stood in double square brackets."""
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
_L1, _L2 = f"(?P<first>{w.OUTPUT})", f"(?P<second>{w.OUTPUT})"
_ARTICLE = r"(?:the\s+|that\s+|for\s+|die\s+|la\s+|le\s+|el\s+|l'|a\s+|o\s+|il\s+|de\s+)?"
_PREFIX = '^(?P<prefix>[^\ue001-\ue003\ue010\n:"]{0,140}?)'
_PARTICLE = r"(?:的|が|は|の方が|のほうが|の方は|を|가|이|는|은|쪽이|을|를)?"
_END = (
    rf"(?P<end>\s*$|\s*[.!;,:)\]\"'(]|\s+[-\u2013\u2014]|\s*(?:です|だ|である|と思います|と判断します|습니다|입니다|다|です。)"
    rf"|\s*\b(?:{w.REASON})|\s*(?:{w.REASON}))"
)
_BETTER_NOUN = (
    r"(?:\s+(?:output|response|answer|one|option|choice|text|reply|candidate|assistant|model|ausgabe|antwort"
    r"|réponse|respuesta|resposta|risposta|ответ))?"
)
_WHOM = rf"(?:{w.WHO}(?:(?:\w+ly|therefore|thus|hence|hereby|still|also|now)\s+)?)"


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_TWO = tuple(
    (_compiled(_PREFIX + pattern), winner)
    for pattern, winner in (
        (
            rf"{_L1}\s*(?:is|was)(?:n't|\s+not)\s+(?:quite\s+|nearly\s+)?(?:as|so)\s+"
            rf"(?:good|strong|helpful|accurate|useful|clear|complete)\s+as\s+{_L2}{_END}",
            "second",
        ),
        (
            rf"{_L1}{_PARTICLE}\s*{w.IS}?\s*{w.ADVERB}{w.BETTER}{_BETTER_NOUN}\s*,?\s*{w.THAN}\s*{_ARTICLE}{_L2}{_END}",
            "first",
        ),
        (rf"{_L1}\s*{w.IS}?\s*{w.ADVERB}{w.WORSE}{_BETTER_NOUN}\s*,?\s*{w.THAN}\s*{_ARTICLE}{_L2}{_END}", "second"),
        (rf"{_L1}\s*{w.ADVERB}{w.BEATS}\s*{_ARTICLE}{_L2}{_END}", "first"),
        (rf"{_L1}\s*{w.ADVERB}{w.LOSES}\s*{_ARTICLE}{_L2}{_END}", "second"),
        (rf"{_L1}\s*>{{1,3}}\s*{_L2}{_END}", "first"),
        (rf"{_L1}\s*<{{1,3}}\s*{_L2}{_END}", "second"),
        (
            rf"(?:{_WHOM}|(?<![^,;]\s)){w.CHOOSE}\s*{_ARTICLE}{_L1}\s*,?\s*(?:{w.OVER}|to|than)\s*{_ARTICLE}{_L2}{_END}",
            "first",
        ),
        (rf"compared\s+(?:to|with)\s+{_L1}\s*,\s*{_L2}\s*{w.IS}\s*{w.ADVERB}{w.BETTER}{_END}", "second"),
        (rf"compared\s+(?:to|with)\s+{_L1}\s*,\s*{_L2}\s*{w.IS}\s*{w.ADVERB}{w.WORSE}{_END}", "first"),
        (rf"{_L1}\s*,?\s*(?:{w.OVER})\s*{_ARTICLE}{_L2}{_END}", "first"),
        (rf"{_L1}\s*[比較较]\s*{_L2}\s*{w.ADVERB}(?:{w.BETTER}|好)", "first"),
        (rf"{_L1}\s*(?:は|が|の方が|のほうが)\s*{_L2}\s*より(?:も)?\s*.{{0,8}}?{w.BETTER}", "first"),
        (rf"{_L2}\s*より(?:も)?[、,]?\s*{_L1}\s*(?:の方が|のほうが|が|は)\s*.{{0,8}}?{w.BETTER}", "first"),
        (rf"{_L1}\s*(?:가|이|는|은)\s*{_L2}\s*보다\s*.{{0,8}}?{w.BETTER}", "first"),
        (rf"{_L2}\s*보다(?:는)?\s*{_L1}\s*(?:가|이|는|은|쪽이)\s*.{{0,8}}?{w.BETTER}", "first"),
    )
)
_IS_BETTER = _compiled(rf"{_L1}\s*{w.IS}\s*{w.ADVERB}{w.BETTER}\s*{w.THAN}\s*{_L2}")
_NAME = f"(?P<name>{w.OUTPUT})"
_IT_IS = r"(?:it's|it\s+is|it\s+has\s+to\s+be|it\s+must\s+be|it\s+would\s+be|that\s+would\s+be)"
_LEAD_WORD = (
    r"(?:i\s+(?:think|believe|say|guess|meant?)|i'd\s+say|definitely|clearly|certainly|probably|hence|thus|so|therefore"
    r"|overall|on\s+balance|in\s+the\s+end|all\s+in\s+all|typo|my\s+mistake"
    r"|finally|absolutely|surely|wait|actually|hmm|well|sorry|okay|ok|correction|rather|or\s+rather)"
)
_ONE = tuple(
    _compiled(pattern)
    for pattern in (
        rf"{_PREFIX}{_NAME}{_PARTICLE}\s*{w.IS}\s*{w.ADVERB}{w.BETTER}{_BETTER_NOUN}{_END}",
        rf"{_PREFIX}{_NAME}{_PARTICLE}\s*{w.ADVERB}(?:{w.BETTER}(?<=[\u0370-\uffff]))",
        rf"{_PREFIX}{_NAME}\s*{w.ADVERB}{w.WINS}{_END}",
        rf"{_PREFIX}{_NAME}\s*(?:is|was|ist|est|es)\s*(?:my|the|mein|meine|ma|mon|mi)\s*(?:final\s+|clear\s+|right\s+"
        rf"|overall\s+)?(?:choice|pick|preference|winner|answer|verdict|selection|wahl|favorit|choix"
        rf"|elección){_END}",
        rf"{_PREFIX}{_WHOM}{w.CHOOSE}\s*{_ARTICLE}{_NAME}{_END}",
        rf"{_PREFIX}{_WHOM}(?:consider|find|deem|judge|rate)\s+{_NAME}"
        rf"\s*(?:to\s+be\s+)?{w.ADVERB}{w.BETTER}{_BETTER_NOUN}{_END}",
        rf"^(?P<prefix>(?:(?:so|hence|thus|therefore|then|overall),?\s+)?)"
        rf"(?:choose|pick|go\s+with|select|prefer)\s+{_NAME}\s*[.!]*$",
        rf"^(?P<prefix>(?:a\s+|(?:an?\s+)?(?:slight|clear|strong|mild|small|marginal)\s+)?)(?:preference|edge|advantage)\s+"
        rf"(?:for|to)\s+{_NAME}{_END}",
        rf"^(?P<prefix>)(?:the|my)\s+(?:point|win|edge|nod)\s+goes\s+to\s+{_NAME}{_END}",
        rf"^(?P<prefix>(?:so|then)?,?\s*){_NAME}\s*(?:,\s*then|it\s+is)\s*[.!]*$",
        rf"^(?P<prefix>[^\ue001-\ue003\ue010\n:\"]{{0,80}},\s+)(?:overall|on\s+balance)\s*[:,]\s*{_NAME}\s*[.!]*$",
        rf"{_PREFIX}(?:elijo|escojo|prefiero|prefiro|escolho|scelgo|preferisco|opto\s+por|выбираю|选择|選択)\s*(?:por\s+)?"
        rf"{_ARTICLE}{_NAME}{_END}",
        rf"{_PREFIX}{_NAME}\s*(?:lieber\s*)?{w.CHOOSE_BEHIND}",
        rf"{_PREFIX}{w.MARKER_DRESS}{w.BEST_NOUN}\s*(?:is|was|:|would\s+be|ist|est|es|é|è|это|是|は|은"
        rf"|는)\s*{_ARTICLE}{_NAME}{_END}",
        rf"^(?P<prefix>){_NAME}\s*,?\s*(?:{w.REASON})(?!\s*(?:output|response|answer|one|option|choice|text"
        rf"|reply|assistant)?\s*$)",
        rf"^(?P<prefix>){_NAME}\s*[,;\u2013\u2014-]\s*(?:it\s+is|it's|which\s+is\s+(?:\w+\s+)?better"
        rf"|not\s+{w.OUTPUT}|by\s+(?:a|far))",
        rf"^(?P<prefix>(?:(?:{_LEAD_WORD}[,:]?\s+){{1,3}}(?:{_IT_IS}\s+)?|{_IT_IS}\s+)){_NAME}(?!\s*:){_END}",
        rf"{_PREFIX}{w.BETTER}\s*\w{{0,2}}(?:のは|なのは|的是|的为)\s*{_NAME}",
    )
)
_MARKER = _compiled(
    rf"{_PREFIX}{w.MARKER_DRESS}(?:{w.VERDICT_NOUN}|{w.BEST_NOUN})"
    rf"(?:\s*(?:is|of\s+the\s+two|overall|finale?|\((?:a|b|1|2|a/b|final)\)))?{w.SEPARATOR}(?P<rest>.*)$"
)
_STATED = _compiled(
    rf"^{_ARTICLE}[\s\"'(\[{{]*(?P<name>{w.LABEL})[\s\"')\]}}]*"
    rf"(?:{_END}|\s*(?:is|was)\s+{w.ADVERB}{w.BETTER}|\s*{w.WINS})"
)
_BARE = _compiled(rf"[\s\"'(\[{{|<]*(?:option\s+|choice\s+)?(?P<name>{w.LABEL})[\s\"')\]}}|>.,!;]*")
_TIE = _compiled(
    rf"{_PREFIX}(?:{w.OUTPUT}{w.EQUAL}{w.OUTPUT}\s*(?:are|is|sind|sont|son|,)?\s*)?{w.TIE}\s*(?:$|[.!;:,)(]"
    rf"|[-\u2013\u2014]|\b(?:{w.REASON}|between)\b)"
)
_EQUALS = _compiled(rf"^\s*{_L1}\s*={{1,2}}\s*{_L2}\s*[.!]*$")
_WORSE_OF_TWO = _compiled(
    rf"{_PREFIX}{_NAME}\s*{w.IS}\s*the\s+{w.WORSE}\s*(?:of\s+the\s+(?:two|pair)|one|output|response|answer){_END}"
)
_STRONG = _compiled(f"{STRONG_SIGN}(?P<name>{w.LABEL})")
_IN_FRONT = _compiled(
    rf"(?:\b(?:{w.VERDICT_NOUN}|{w.BEST_NOUN})\s*(?:is|:|=)*|\b(?:settle|decide)\s+on"
    rf"|^overall\b[^\ue001-\ue003\ue010]*[:,])\s*$"
)
"""In front of a name in double square brackets that is the verdict, whatever other names are mentioned."""
_DENIED = _compiled(f"{w.NEGATION}|{w.CONDITION}|{w.REPORTED}|{w.ASPECT}")
_NEGATED = _compiled(f"{w.NEGATION}|{w.CONDITION}")
_ANSWERED = _compiled(rf"^[\s\"']*{_NAME}\s*[,.:;!\u2013\u2014-](?!.*{w.OUTPUT})")
_UNDECIDED = _compiled(w.UNDECIDED)
_FORCED = _compiled(w.HEDGED_FORCED)
_HYPOTHETICAL = _compiled(
    rf"{w.NEGATION}|\b(?:would|could|should|might)\s+have\b|\bif\b|\bunless\b|\binstead\s+of\b|\brather\s+than\b"
    r"|\b(?:contains?|says?|claims?|writes?|demands?|wants?|asks?|format|example)\b"
)
_FOR_AN_ASPECT = _compiled(r"\s*(?:(?:would|could|might)\s+be\b|for\s+(?!(?:being|its|the|this|these|that|me|my)\b))")
_CERTAINLY = _compiled(
    r"\b(?:no|without(?:\s+an?y?)?|beyond(?:\s+an?y?)?)\s+(?:contest|question|doubt|competition)\b|\bhands\s+down\b"
)
_WHY = _compiled(
    r"\b(?:whose|because|since|as|due|for|given|although|though|weil|denn|parce|car|porque|perché|omdat|потому)\b|因为"
    r"|ので|ため|:\s"
)
_LEAD = (
    _compiled(r"^(?:reason(?:ing|s)?|explanation|justification|rationale)\s*:\s*"),
    _compiled(r"^(?:(?:i\s+have|there\s+is|there's)\s+no|without\s+an?y?)\s+(?:doubt|question)(?:\s+that|,)\s+"),
    _compiled(
        rf"^(?:unlike|in\s+contrast\s+to|instead\s+of|rather\s+than)\s+{w.OUTPUT}(?:,\s+which\s+[^,]{{1,60}})?,\s+"
    ),
    _compiled(
        r"^(?:in\s+(?:short|sum|summary|conclusion|brief)|summary|bottom\s+line|tl;?\s*dr|conclusion|overall"
        r"|to\s+sum\s+up"
        r"|final\s+(?:thoughts?|assessment)|assessment|comparison)\s*[:,-]\s*"
    ),
    _compiled(
        rf"^(?:between|of|among|comparing|considering|having\s+compared|after\s+comparing|looking\s+at|given"
        rf"|von|entre|zwischen)\s+(?:the\s+two,?\s+(?:outputs,?\s+)?)?{w.OUTPUT}\s*(?:and|with|to|vs\.?|versus"
        rf"|or|,|/|und|et|y)\s*{w.OUTPUT}\s*"
        rf",?\s*"
    ),
    _compiled(
        rf"^(?:although|though|while|even\s+though|whereas|despite|obwohl|bien\s+que|aunque)\b.*,"
        rf"\s*(?=(?:[^\s,]+\s+){{0,4}}{w.OUTPUT})"
    ),
)


def bare(line: str) -> Preference | None:
    """The verdict of a line that holds nothing but a name; None for any other line."""
    match = _BARE.fullmatch(line)
    return _MEANING[match.group("name")] if match else None


def statement(sentence: str, marker: re.Pattern[str] | None, *, is_answered: bool) -> Statement | None:
    """What a sentence decides; None if it decides nothing.

    Args:
        sentence: with signs in place of names.
        marker: what the prompt asks to write before the verdict; None for nothing.
        is_answered: whether the names are words such as Yes and No, which decide where a sentence begins with one.
    """
    sentence = _FORCED.sub("", sentence).strip(" \t|")
    if len(sentence) > MAX_CHARACTERS:
        return None
    if stated := _strong(sentence):
        return stated
    if rest := _behind_marker(sentence, marker):
        return Statement(Strength.MARKED, _marked(rest))
    preference = _prose(sentence)
    if preference is None and is_answered and (answered := _ANSWERED.match(sentence)):
        preference = _MEANING[answered.group("name")]
    if preference is not None:
        return Statement(Strength.BARE if bare(sentence) else Strength.PROSE, preference)
    return Statement(Strength.PROSE, None) if _UNDECIDED.search(sentence) else None


def _strong(sentence: str) -> Statement | None:
    """What names in double square brackets say; None if there are none."""
    names = [
        match
        for match in _STRONG.finditer(sentence)
        if not _HYPOTHETICAL.search(sentence[max(0, match.start() - 60) : match.start()].rpartition(",")[2])
        and not _FOR_AN_ASPECT.match(sentence, match.end())
    ]
    if not names:
        return None
    last = names[-1]
    is_stated = not sentence[last.end() :].strip(" .!*") and bool(
        _IN_FRONT.search(sentence[: last.start()]) and not _DENIED.search(sentence[: last.start()].rpartition(",")[2])
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
    general = _MARKER.match(sentence)
    return "" if general is None or _DENIED.search(general.group("prefix")) else general.group("rest").strip()


def _marked(rest: str) -> Preference | None:
    """The verdict in what follows a marker."""
    preference = _prose(rest)
    if preference is not None:
        return preference
    match = _STATED.match(rest)
    if match is None or _is_taken_back(rest, match.end("name")):
        return None
    others = {FIRST_SIGN, SECOND_SIGN, TIE_SIGN} - {match.group("name")}
    why = _WHY.search(rest, match.end())
    is_mixed = any(sign in rest[match.end() : why.start() if why else None].partition(".")[0] for sign in others)
    return None if is_mixed else _MEANING[match.group("name")]


def _prose(sentence: str) -> Preference | None:
    """The verdict of a sentence that says in so many words which output is better."""
    whole = bare(sentence)
    if whole is not None:
        return whole
    for lead in _LEAD:
        sentence = lead.sub("", sentence, count=1)
    whole = bare(sentence)
    if whole is not None:
        return whole
    for pattern, winner in _TWO:
        match = pattern.match(sentence)
        if match and not _DENIED.search(match.group("prefix")):
            end = max(match.end("first"), match.end("second"), *match.span("end") if "end" in match.groupdict() else ())
            is_reversed = any(m["first"] != match[winner] for m in _IS_BETTER.finditer(sentence, end))
            return None if is_reversed or _is_taken_back(sentence, end) else _MEANING[match.group(winner)]
    if _EQUALS.match(sentence):
        return Preference.TIE
    for pattern in _ONE:
        match = pattern.match(sentence)
        is_denied = match and (
            _DENIED.search(match.group("prefix")) or _NEGATED.search(sentence[: match.start("name")])
        )
        if match and not is_denied:
            return None if _is_taken_back(sentence, match.end("name")) else _MEANING[match.group("name")]
    worse = _WORSE_OF_TWO.match(sentence)
    if worse and not _DENIED.search(worse.group("prefix")):
        is_first = worse.group("name") == FIRST_SIGN
        return Preference.SECOND if is_first else Preference.FIRST
    tie = _TIE.match(sentence)
    if tie and not _DENIED.search(tie.group("prefix")) and not _NEGATED.search(sentence):
        return Preference.TIE
    return None


def _is_taken_back(sentence: str, place: int) -> bool:
    """Whether a negation or condition stands between a name and the reason for the verdict."""
    why = _WHY.search(sentence, place)
    # "not (a)" behind the chosen name confirms it.
    behind = re.sub(rf"(?:,|\band)?\s*not\s+{w.OUTPUT}", "", sentence[place : why.start() if why else None])
    behind = _CERTAINLY.sub("", behind)
    return bool(_NEGATED.search(behind[:80])) or bool(
        re.search(w.WORSE, behind[:40], re.I) and not re.search(w.OUTPUT, behind)
    )
