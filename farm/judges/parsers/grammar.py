r"""The grammar of a verdict: what counts as one in a reply, and what does not. Every parser of a judge's words uses it.

    reply      = [reasoning] answer             a reply that reached max_tokens is none: it is unfinished
    reasoning  = "<think>" ... "</think>"       or another such tag; not the answer; never closed: unfinished
    answer     = line { line }                  after `plain`: without Markdown, LaTeX, HTML, full-width letters
    line       = name | sentence { sentence }
    sentence   = marked | decision | tie | undecided | other
    marked     = marker separator (name end | decision | tie)     the marker that the prompt asks for, or "verdict",
                 | "[[" name "]]" | "\boxed{" name "}"            "answer", "winner", "better output", ... in any of a
                                                                  dozen languages
    decision   = name "is better" [than other] | name ">" other | name "beats" other | name "over" other
                 | "I" choose name [over other] | name because ... | other "is worse than" name
               | "choose" name "." | "compared with" other "," name "is better" | "1st place:" name, "2nd place:" other
    tie        = name "=" other | "it is a tie" | "both are equally good" | the prompt's word for it
    undecided  = "I cannot choose" | "neither is better" | "it depends" | marker separator anything else
    end        = "." | "," | ";" | ")" | "-" | because ... | nothing
    name       = what the prompt calls an output ("Output (a)"), the same with another noun ("Response B",
                 "the second answer"), its letter in brackets or quotes, or a capital letter
    number     = ["-"] digits [("." | ",") digits] ["/" top | "out of" top]          top is the scale's highest number

Rules:

1. A cut or unfinished reply is no verdict: max_tokens reached, reasoning, bracket, JSON or code fence never closed, or
   an end in the middle of a sentence.
2. A mention is no verdict: in "Output (b), since Output (a) ignores the question" (a) is only mentioned; what is
   asked, quoted, denied ("not better than"), conditional ("if length counts"), about one aspect ("better at facts"),
   somebody else's ("reviewers would pick") or the answer to a multiple-choice question that the outputs discuss
   decides nothing. "(a) is worse than (b)" is a verdict for (b); "(a) is not better than (b)" is none.
3. A tie is said as a tie, and only where the prompt offers one; who cannot choose gives no verdict.
4. Statements outweigh one another in the order marked, bare line, prose: an explanation names outputs freely, and
   what it says in front of a marked verdict yields to it, even if it favours the other output; so do names in double
   square brackets that a sentence in front of it only mentions. An explanation behind a verdict that says in so many
   words that the other output is better leaves none. The last statement wins where the judge takes the earlier one
   back ("Wait", "I was wrong", "on second thought"), in prose also where it concludes ("overall", "but"). Otherwise
   two different verdicts are none.
5. A heading is no verdict ("Output (a):" with text below); neither are bare lines that name both outputs, unless the
   reply ends with one.
6. "7,5" is the number 7.5; "7/10" and "7 out of 10" are 7 on a scale to 10 and nothing on another; "7-8", "7 to 8",
   "about 7", "1e1", "1,000", dates, footnotes, probabilities and numbers off the scale are none. Two scores of which
   the reply says the contrary ("9 2", "Assistant 2 is better than Assistant 1") or that it withdraws are none.

AlpacaEval's evaluators keep their own definition (`farm.judges.alpaca_eval.parsers`), rule 1 apart.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from farm.judges.parsers import lexicon
from farm.judges.parsers.sentence_patterns import STRONG_SIGN
from farm.judges.parsers.statements import Strength, bare, statement
from farm.judges.parsers.verdict_words import FIRST_SIGN, SECOND_SIGN, SIGNS, VerdictWords
from farm.records import Preference

_IN_DOUBLE_BRACKETS = re.compile(r"(?<![\w.)\]])\[\[\s*([^\[\]\n]{1,40}?)\s*\]\]")
_ARENA = re.compile(r"^\s*(?P<left>[^<>=\s]{1,20})\s*(?P<sign>>{1,3}|<{1,3}|={1,2})\s*(?P<right>[^<>=\s]{1,20})\s*$")
_MARKER_ALONE = re.compile(
    rf"^\s*(?:{lexicon.MARKER_DRESS}(?:{lexicon.VERDICT_NOUN}|{lexicon.BEST_NOUN})\s*(?:is)?\s*[:=-]?\s*)$", re.I
)
_SENTENCE_END = re.compile(r"(?<=[.!?;])[\"')\]]*(?:\s+|$)|(?<=[!?;])(?=[\u3000-\u9fff\uac00-\ud7af])")
_ABBREVIATION = re.compile(r"\b(?:vs|e\.g|i\.e|etc|resp|no|approx|z\.B|d\.h|bzw|p\.ex|cf)\.$", re.I)
_CONTRAST = re.compile(lexicon.CONTRAST, re.I)
_TAKEN_BACK = re.compile(lexicon.TAKEN_BACK, re.I)
_NOT_BUT = re.compile(rf"\bnot\s+{STRONG_SIGN}?\s*{lexicon.OUTPUT}\s*,?\s*but\s+(?:rather\s+)?", re.I)
_AFTER_NAMES = re.compile(f"^.*{lexicon.LABEL}", re.S)
_BY_POSITION = re.compile(r"\bthe\s+(?P<which>former|latter)\b(?:\s+(?:one|output|response|answer))?", re.I)
_RANKED = tuple(
    re.compile(pattern, re.I | re.M)
    for pattern in (
        rf"rank(?:ing|ed)?\b[^\n]*\n+\s*1\s*[.):]"
        rf"\s*(?P<best>{lexicon.OUTPUT})[^\n]{{0,200}}\n+\s*2\s*[.):]\s*{lexicon.OUTPUT}",
        rf"^\s*(?:1st|first)(?:\s+place)?\s*[:-]\s*(?P<best>{lexicon.OUTPUT})[^\n]{{0,200}}\n+"
        rf"\s*(?:2nd|second)(?:\s+place)?\s*[:-]\s*{lexicon.OUTPUT}[^\n]*\s*\Z",
        rf"^\s*(?P<best>{lexicon.OUTPUT})\s*[:(\u2013-]+\s*rank\s*(?:\#\s*)?1\b[^\n]{{0,200}}\n+"
        rf"\s*{lexicon.OUTPUT}\s*[:(\u2013-]+\s*rank\s*(?:\#\s*)?2\b[^\n]*\s*\Z",
        rf"^\s*{lexicon.OUTPUT}\s*[:(\u2013-]+\s*rank\s*(?:\#\s*)?2\b[^\n]{{0,200}}\n+"
        rf"\s*(?P<best>{lexicon.OUTPUT})\s*[:(\u2013-]+\s*rank\s*(?:\#\s*)?1\b[^\n]*\s*\Z",
        rf"\bbest\s+to\s+worst\)?\s*:\s*(?P<best>{lexicon.OUTPUT})\s*(?:->|,|>|then)\s*{lexicon.OUTPUT}",
        rf"\bworst\s+to\s+best\)?\s*:\s*{lexicon.OUTPUT}\s*(?:->|,|<|then)\s*(?P<best>{lexicon.OUTPUT})",
        rf"^\s*(?:overall(?:\s+winner)?|winner|verdict|better\s+overall)\s*\|\s*(?P<best>{lexicon.OUTPUT})\s*\|?\s*$",
    )
)
"""Rankings of both outputs that say which place is which, and the last row of a table."""
_CONTRAST_IN_FRONT = re.compile(rf"^\s*(?:{lexicon.CONTRAST})", re.I)
_COORDINATED = re.compile(
    rf"(?<=[A-Za-z)])\s*,?\s+(?:and|while|whereas|und|et)\s+(?={lexicon.OUTPUT})"
    rf"|(?<={lexicon.OUTPUT}),\s+and\s+(?={lexicon.OUTPUT}\s+(?:is|was|wins|beats)\b)"
    r"|,\s+(?=(?:and\s+)?(?:so|hence|thus|therefore)\b)"
    r"|\s*(?:[,;]|\s[-\u2013\u2014])\s+(?=(?:sorry|no,\s+wait|correction|i\s+mean)\b)",
    re.I,
)
_QUIZ = re.compile(r"\bwhich\s+of\s+the\s+following\b|\bmultiple[-\s]choice\b|\bquiz\b", re.I)
_QUIZ_ANSWER = re.compile(
    rf"\b(?:answer|option|choice|solution)\s*(?:is|was|would\s+be|:|=)\s*(?:therefore\s+|thus\s+)?{lexicon.OUTPUT}",
    re.I,
)
"""What such a reply says of the question's own (a) and (b)."""
RETRACTION = re.compile(lexicon.RETRACTION, re.I)
_REVISION = re.compile(f"{lexicon.RETRACTION}|{lexicon.CONCLUSION}|{lexicon.CONTRAST}", re.I)
_MEANING = {sign: preference for preference, sign in SIGNS.items()}
_MAX_LINES = 3000


class _Event(NamedTuple):
    """A statement where it stands."""

    strength: Strength
    preference: Preference | None
    is_retraction: bool
    """Whether it, or something since the statement before, takes the earlier ones back."""
    is_revision: bool
    """The same, or it concludes."""
    line: int
    is_mention: bool = False
    """Whether it may only mention a name that stands in double square brackets."""


def conclusion(text: str, words: VerdictWords, marker: str, *, with_prose: bool) -> Preference | None:
    """The verdict of an answer; None if there is none.

    Args:
        text: the answer (`farm.judges.parsers.answer.answer_of`).
        words: the names of the verdicts.
        marker: what the prompt asks to write before the verdict; empty for nothing.
        with_prose: whether sentences count that are neither marked nor a line of their own.
    """
    lines = [line for line in text.split("\n") if line.strip()][-_MAX_LINES:]
    events = list(_events(_joined(lines, marker), words, _asked(marker)))
    if not any(event.strength is Strength.MARKED and event.preference for event in events):
        best = {_MEANING[match["best"]] for pattern in _RANKED for match in pattern.finditer(words.signed(text))}
        events += [_Event(Strength.MARKED, preference, False, False, -1) for preference in best]
    events = [
        event._replace(preference=None) if event.preference and not words.is_offered(event.preference) else event
        for event in events
    ]
    return _decided(events, with_prose=with_prose)


def _decided(events: Sequence[_Event], *, with_prose: bool) -> Preference | None:
    """Rules 4 and 5."""
    marked = [event for event in events if event.strength is Strength.MARKED]
    if marked and marked[-1].preference and not marked[-1].is_mention:
        events = [event for event in events if not event.is_mention]
        marked = [event for event in marked if not event.is_mention]
    bare_lines = [event for event in events if event.strength is Strength.BARE]
    if any(event.preference for event in marked):
        place = events.index(next(event for event in marked if event.preference))
        return _last(events[place:], is_strict=True)
    if bare_lines and (with_prose or bare_lines[-1].line < 0):
        if bare_lines[-1].line < 0 and len({e.preference for e in bare_lines[:-1]}) > 1:
            return bare_lines[-1].preference  # the others are headings
        return _last(events, is_strict=True)
    return _last(events, is_strict=False) if with_prose else None


def _last(events: Sequence[_Event], *, is_strict: bool) -> Preference | None:
    """The verdict that the statements come to: the last one if it takes back those that differ, else none."""
    verdict: Preference | None = None
    is_conflict = False
    for event in events:
        revises = event.is_retraction or (event.is_revision and not is_strict)
        if event.preference is None:
            if verdict is not None:
                verdict, is_conflict = None, False
        elif verdict is None or revises:
            is_conflict = is_conflict and not revises
            verdict = event.preference
        elif event.preference is not verdict:
            is_conflict = True
    return None if is_conflict else verdict


def _events(lines: Sequence[str], words: VerdictWords, marker: re.Pattern[str] | None) -> Iterator[_Event]:
    since_last = ""
    is_quiz = any(_QUIZ.search(line) for line in lines)
    for number, line in enumerate(lines):
        signed = _NOT_BUT.sub("", words.signed(_with_strong_names(line, words)))
        place = -1 if number == len(lines) - 1 else number
        alone = bare(signed)
        if alone is not None:
            yield _Event(Strength.BARE, alone, *_revises(since_last + "\n"), place)
            since_last = ""
            continue
        if words.are_answers and FIRST_SIGN in signed and SECOND_SIGN in signed and not RETRACTION.search(signed):
            yield _Event(Strength.PROSE, None, *_revises(since_last), place)
            continue
        for sentence in _sentences(signed):
            if is_quiz and _QUIZ_ANSWER.search(sentence):
                continue
            sentence = _with_positions(sentence)
            is_question = sentence.rstrip(" \"')").endswith("?")
            said = (
                None
                if is_question
                else statement(_CONTRAST_IN_FRONT.sub("", sentence), marker, is_answered=words.are_answers)
            )
            since_last += f"\n{sentence}"
            if said is not None:
                strength = Strength.PROSE if said.strength is Strength.BARE else said.strength
                yield _Event(strength, said.preference, *_revises(since_last), place, said.is_mention)
                since_last = _AFTER_NAMES.sub("", sentence)
    if _TAKEN_BACK.search(since_last):
        yield _Event(Strength.PROSE, None, is_retraction=True, is_revision=True, line=-1)


def _with_positions(sentence: str) -> str:
    """The sentence with the names that "the former" and "the latter" stand for."""
    names = list(dict.fromkeys(re.findall(lexicon.OUTPUT, sentence)))
    if len(names) != 2 or "the" not in sentence:
        return sentence
    return _BY_POSITION.sub(lambda match: names[match["which"].casefold() == "latter"], sentence)


def _revises(text: str) -> tuple[bool, bool]:
    text = text[-3000:]
    return bool(RETRACTION.search(text)), bool(_REVISION.search(text))


def _sentences(line: str) -> Iterator[str]:
    """The sentences of a line, divided at "but" and where another output becomes the subject."""
    start = 0
    pieces = []
    for match in _SENTENCE_END.finditer(line):
        if match.end() > start and not _ABBREVIATION.search(line[start : match.start()]):
            pieces.append(line[start : match.end()])
            start = match.end()
    pieces.append(line[start:])
    for piece in pieces:
        place = 0
        for match in _CONTRAST.finditer(piece):
            if match.start() > place:
                yield from _COORDINATED.split(piece[place : match.start()])
                place = match.start()
        yield from _COORDINATED.split(piece[place:])


def _with_strong_names(line: str, words: VerdictWords) -> str:
    """`[[A]]` and `[[A>B]]` as names that are marked; other brackets are left alone."""

    def strong(match: re.Match[str]) -> str:
        inner = match.group(1)
        preference = words.preference(inner)
        arena = _ARENA.match(inner)
        if preference is None and arena:
            left, right = words.preference(arena.group("left")), words.preference(arena.group("right"))
            if left and right and left is not right:
                sign = arena.group("sign")
                preference = Preference.TIE if "=" in sign else left if ">" in sign else right
        if preference is None and inner.casefold() == "c":
            preference = Preference.TIE
        if preference is None:
            signed = words.signed(inner)
            preference = bare(signed)
        return match.group(0) if preference is None else f" {STRONG_SIGN}{SIGNS[preference]} "

    return _IN_DOUBLE_BRACKETS.sub(strong, line) if "[[" in line else line


def _joined(lines: Sequence[str], marker: str) -> list[str]:
    """The lines, with a marker that has one to itself in front of the next."""
    joined: list[str] = []
    held = ""
    for line in lines:
        if held:
            joined.append(f"{held}: {line.strip()}")
            held = ""
        elif len(line) < 80 and (_MARKER_ALONE.match(line) or (marker and _is_marker(line, marker))):
            held = line.strip().rstrip(":=- ")
        else:
            joined.append(line)
    return [*joined, held] if held else joined


def _is_marker(line: str, marker: str) -> bool:
    return line.strip(" :=-").casefold() == marker.strip(" :=-").casefold()


@lru_cache(maxsize=64)
def _asked(marker: str) -> re.Pattern[str] | None:
    """A line that begins with what the prompt asks for, whatever is said before it on the line."""
    bare_marker = marker.strip().rstrip(":= -")
    if not bare_marker:
        return None
    return re.compile(
        rf"^(?:[^\ue001-\ue010\n\"]{{0,40}}[.,:]\s*)?{re.escape(bare_marker)}\s*[:=-]*\s*(?P<rest>.*)$", re.I
    )
