"""Grades and scores in a reply, by the grammar of `farm.judges.parsers.grammar`: on the scale, or none."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

from farm.calls.request import Reply
from farm.judges.parsers.answer import answer_of
from farm.judges.parsers.grade_words import (
    COUNTS_NOTHING,
    DENIED,
    DIGITS,
    GIVEN,
    LEAD,
    NOT_A_GRADE,
    NUMBER,
    WORDS,
    in_digits,
)
from farm.judges.parsers.grammar import RETRACTION, conclusion
from farm.judges.parsers.json_object import json_objects
from farm.judges.parsers.lexicon import TAKEN_BACK, UNDECIDED
from farm.judges.parsers.reading import Reading, compared, excerpt, no_verdict
from farm.judges.parsers.verdict_words import FIRST_SIGN, OUTPUT_NOUN, SECOND_SIGN, VerdictWords
from farm.records import Preference

_FINAL = re.compile(r"\b(?:final|overall|total|gesamt\w*|finale?|globale?|total\w*)\s*(?:\w+\s*)?\W*$", re.I)
_CONDITIONAL = re.compile(r"\b(?:if|unless|would\s+have|could\s+have|had\s+it)\b[^.!?\n]*$", re.I)
_NO_GRADE = re.compile(f"{TAKEN_BACK}|{UNDECIDED}", re.I)
_NO_SCORES = re.compile(
    rf"{TAKEN_BACK}|\b(?:cannot|can't|unable\s+to|could\s+not)\s+(?:score|rate|grade|judge)\b", re.I
)
_BARE = re.compile(
    rf"[\s*\[(\"'{{]*{NUMBER}[\s*\])\"'}}.!]*(?:points?|stars?|\u5206|\u70b9|\uc810|Punkte|punti|puntos)?[\s.!]*", re.I
)
_STRONG = re.compile(rf"\[\[\s*{NUMBER}\s*\]\]")
_SCALED = re.compile(
    rf"(?P<number>{DIGITS})\s*(?:/|out\s+of|von|sur|su)\s*(?P<top>\d{{1,4}}(?:[.,]0+)?)(?![\d/])"
    rf"(?!\s*points?\s+for){COUNTS_NOTHING}",
    re.I,
)
_TWO_BARE = re.compile(
    rf"(?:(?:scores?|ratings?|grades?)\s*[:=]?)?[\s(\[]*{NUMBER}\s*(?:[,;|]\s+|[;|]|vs\.?\s"
    rf"|[\])]*\s+)[\s(\[]*{NUMBER.replace('<number>', '<other>').replace('<top>', '<other_top>')}[\s)\].]*",
    re.I,
)
_OUTPUTS = VerdictWords(
    first=("Output (a)", "Output a", "(a)", "a"), second=("Output (b)", "Output b", "(b)", "b"), tie=()
)
_KEY = re.compile(
    r"(?<![a-zA-Z])(?:(?:scores?|ratings?|grades?)(?:[\s_-]*(?:of|for))?[\s_-]*)?"
    rf"(?:(?:scores?|ratings?|grades?|{OUTPUT_NOUN})[\s_#-]{{0,3}})(?P<which>[ab12])"
    r"(?![a-zA-Z0-9])(?=[\"')\]]*\s*(?:[:=]|score|is\b|gets\b|->))",
    re.I,
)
_KEYS = ("score", "rating", "grade")


class Grade(NamedTuple):
    """A number on the scale, or the reason why there is none."""

    value: float | None
    reason: str = ""


class _Said(NamedTuple):
    """A number in a text, with what is needed to know whether it counts."""

    value: float
    top: float | None
    is_final: bool
    end: int = 0


@dataclass(frozen=True, kw_only=True)
class GradeParser:
    """The number behind a label (here `Grade`): `Grade: 7`, `Grade: [[7]]`, `**Grade:** 7/10`, `Grade: 7,5`.

    Where the label is missing, `[[7]]`, `7/10`, "I give it a 7" and a reply that is a number count as well.
    """

    key_name: ClassVar[str] = "GradeParser"

    label: str
    """What the prompt asks to write before the number."""
    low: float
    """The lowest number of the scale."""
    high: float
    """The highest one."""

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low, high: expected low below high, got {self.low} and {self.high}")

    def grade(self, reply: Reply) -> Grade:
        """The grade that a reply gives."""
        answer = answer_of(reply)
        if answer.reason:
            return Grade(None, answer.reason)
        text = in_digits(answer.text)
        if not (said := self._said(text)):
            return Grade(None, f"no number in the reply (behind {self.label!r}; it says {excerpt(reply.text)})")
        if _NO_GRADE.search(text, said[-1].end):
            return Grade(None, f"a grade that is taken back (it says {excerpt(reply.text)})")
        return self.one_of(said, text)

    def one_of(self, said: Sequence[_Said], text: str) -> Grade:
        """The last of several numbers, if they agree or one is taken back, and if it is on the scale."""
        final = [number for number in said if number.is_final]
        said = final or said
        if len({number.value for number in said}) > 1 and not RETRACTION.search(text):
            values = " and ".join(f"{number.value:g}" for number in said[-2:])
            return Grade(None, f"two numbers in the reply ({self.label} {values})")
        value, top = said[-1].value, said[-1].top
        if top is not None and top != self.high:
            return Grade(
                None, f"a number on another scale ({value:g} of {top:g}, expected {self.low:g} to {self.high:g})"
            )
        if not self.low <= value <= self.high:
            return Grade(
                None, f"a number off the scale ({self.label} {value:g}, expected {self.low:g} to {self.high:g})"
            )
        return Grade(value)

    def labelled(self, text: str) -> list[_Said]:
        """Numbers behind the label."""
        return _found(self._labelled, text)

    def _said(self, text: str) -> list[_Said]:
        """The numbers that the most explicit form gives."""
        whole = _BARE.fullmatch(text)
        if whole:
            return [_said(whole, text)]
        in_json = [
            said
            for item in json_objects(text)
            for key, value in item.items()
            if str(key).strip().casefold() in {self.label.casefold(), *_KEYS} and (match := _BARE.fullmatch(str(value)))
            for said in [_said(match, str(value))]
        ]
        for said in (in_json, _found(_STRONG, text), self.labelled(text)):
            if said:
                return said
        last = text.strip().rpartition("\n")[2]
        if match := _BARE.fullmatch(last):
            return [_said(match, last)]
        return _found(_GIVEN_NUMBER, text, in_prose=True) or _found(_SCALED, text, in_prose=True)

    @cached_property
    def _labelled(self) -> re.Pattern[str]:
        label = r"\s+".join(re.escape(word) for word in self.label.split())
        # At most a few signs and words between label and number: the next sentence's numbers are not meant.
        return re.compile(
            rf"(?<![\w-])(?:{label}|{WORDS})(?:\s*\([a-z ]{{1,20}}\))?{LEAD}(?:(?:is|ist|est|es|of|\u4e3a|\u662f"
            rf"|\u306f)\s*[\s*_`\[(]*)?{NUMBER}{COUNTS_NOTHING}",
            re.I,
        )


@dataclass(frozen=True, kw_only=True)
class TwoScores:
    """A score for each output in one reply; the higher one wins, equal scores are a tie.

    They stand behind their labels, behind the outputs' names ("(a): 8"), or by themselves on the first or last line
    ("8 9", "8, 9"; "7,5" is one number).
    """

    key_name: ClassVar[str] = "TwoScores"

    first: GradeParser
    """Score of the output that is shown first."""
    second: GradeParser
    """Score of the other one."""

    @property
    def labels(self) -> tuple[str, ...]:
        return ()

    def readings(self, reply: Reply, n_pairs: int) -> list[Reading]:
        assert n_pairs == 1, "reads the scores of one pair"
        grades = self.grades(reply)
        missing = [grade.reason for grade in grades if grade.value is None]
        first, second = grades[0].value, grades[1].value
        if first is None or second is None:
            return [no_verdict(missing[0])]
        return [compared(first, second)]

    def grades(self, reply: Reply) -> tuple[Grade, Grade]:
        """The two scores."""
        answer = answer_of(reply)
        if answer.reason:
            return Grade(None, answer.reason), Grade(None, answer.reason)
        signed = _OUTPUTS.signed(_with_keys(answer.text))
        for said in (
            (_found(_of_output(FIRST_SIGN), signed), _found(_of_output(SECOND_SIGN), signed)),
            _on_a_line(signed),
        ):
            if all(said):
                if reason := _taken_back(said, signed, reply.text):
                    return Grade(None, reason), Grade(None, reason)
                return self.first.one_of(said[0], answer.text), self.second.one_of(said[1], answer.text)
        missing = Grade(
            None, f"no two scores in the reply (expected {self.first.label!r}; it says {excerpt(reply.text)})"
        )
        return missing, missing


_GIVEN_NUMBER = re.compile(rf"(?:{GIVEN}[\[(]*|[\u6253\u7ed9\u7d66]\s*){NUMBER}{COUNTS_NOTHING}", re.I)


def _taken_back(said: tuple[list[_Said], list[_Said]], signed: str, reply: str) -> str:
    """Why two scores do not count: the judge withdraws them, or says that the other output is better."""
    if _NO_SCORES.search(signed, max(said[0][-1].end, said[1][-1].end)):
        return f"scores that are taken back (it says {excerpt(reply)})"
    stated = conclusion(signed, _OUTPUTS, "", with_prose=True)
    if {stated, compared(said[0][-1].value, said[1][-1].value).preference} == {Preference.FIRST, Preference.SECOND}:
        return f"scores that the reply contradicts (it says {excerpt(reply)})"
    return ""


def _of_output(sign: str) -> re.Pattern[str]:
    """A number that a sentence gives an output: `(a): 8`, `score of (a) is 8/10`, `(a) gets 8`."""
    words = (
        r"(?:score|rating|grade|is|gets?|receives?|earns?|deserves?|scores?|has|an?|of|rated|points?|=|:|-|\u2192"
        r"|\u2013|\u2014|\||ist|est|es|\u5f97\u5206|\u8bc4\u5206|\u4e3a|\u662f|\u306f)"
    )
    return re.compile(
        rf"{sign}[\s\"'\])}}]*(?:{words}[\s\"'\[({{]*){{0,4}}{NUMBER}(?=\s*(?:$|[.,;)\]}}|\n\"'(]"
        rf"|[-\u2013\u2014]|points?\b|and\b|while\b|but\b|vs\b|{FIRST_SIGN}|{SECOND_SIGN}|\u5206|\u70b9"
        rf"|\uc810))",
        re.I,
    )


def _with_keys(text: str) -> str:
    """JSON keys such as `score_a` and `output_1`, and `Assistant 2`, as names of outputs."""

    def named(match: re.Match[str]) -> str:
        return "Output (a)" if match.group("which").casefold() in "a1" else "Output (b)"

    return _KEY.sub(named, text)


def _on_a_line(text: str) -> tuple[list[_Said], list[_Said]]:
    """Two numbers that have the first or the last line to themselves."""
    lines = [line for line in text.split("\n") if line.strip()]
    matches = [
        match for line in (lines[:1] + lines[-1:] if len(lines) > 1 else lines) if (match := _TWO_BARE.fullmatch(line))
    ]
    return (
        [_Said(_value(m["number"]), _top(m["top"]), False, text.rfind(m.string)) for m in matches],
        [_Said(_value(m["other"]), _top(m["other_top"]), False, text.rfind(m.string) + m.end()) for m in matches],
    )


def _found(pattern: re.Pattern[str], text: str, *, in_prose: bool = False) -> list[_Said]:
    """Numbers that are not denied; in running text none that depends on a condition."""
    return [
        _said(match, text)
        for match in pattern.finditer(text)
        if not (in_prose and _CONDITIONAL.search(text[max(0, match.start() - 200) : match.end()]))
        and not DENIED.search(text[max(0, match.start() - 40) : match.start()].rpartition("\n")[2])
        and not NOT_A_GRADE.search(text[max(0, match.start() - 90) : match.start()].rpartition("\n")[2])
    ]


def _said(match: re.Match[str], text: str) -> _Said:
    is_final = bool(_FINAL.search(text[max(0, match.start() - 20) : match.start()]))
    return _Said(_value(match["number"]), _top(match["top"]), is_final, match.end())


def _value(digits: str) -> float:
    return float(digits.replace(",", "."))


def _top(digits: str | None) -> float | None:
    return None if digits is None else _value(digits)
