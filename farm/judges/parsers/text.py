"""Verdicts in running text, by the grammar of `farm.judges.parsers.grammar`."""

import re
from dataclasses import dataclass
from typing import ClassVar

from farm.calls.request import Reply
from farm.judges.parsers.answer import answer_of
from farm.judges.parsers.grammar import conclusion
from farm.judges.parsers.json_object import said_in_json
from farm.judges.parsers.reading import Reading, no_verdict, unreadable, wrong_count
from farm.judges.parsers.verdict_words import SIGNS, VerdictWords
from farm.records import Preference

_BEFORE = r"[ \t'\">|\[(-]*"
_BEHIND = r"[\s'\"|\].,;!)]*"
_MARKER = r"(?:verdict|answer|choice|winner|preferred output|better output|best output)(?:\s+is)?[\s:=-]*"
_MAX_LINE_CHARACTERS = 1000
_PREFERENCES = {sign: preference for preference, sign in SIGNS.items()}
_LINE = re.compile(
    # No two stars beside each other: on a page of blanks they would take the cube of its length.
    rf"(?:^{_BEFORE}|[,;|]\s*)(?:(?:(?:pair|example|comparison"
    rf"|no\.?)\s*)?(?:#\s*)?(?P<number>\d{{1,9}})[^\w\ue001-\ue003]+)?"
    rf"(?:{_MARKER})?[\s'\"(\[]*(?P<name>[\ue001\ue002\ue003])(?={_BEHIND}(?:$|pair\b|\d{{1,9}}\s*[:.)]))",
    re.I | re.M,
)
"""Within one line: a name, with the number of its pair if there is one."""


@dataclass(frozen=True, kw_only=True)
class TextVerdict:
    """The verdict that a reply states.

    With a marker (`Verdict:`) only what is marked counts, or a last line that holds nothing but a name: an explanation
    names the outputs freely. Without one, sentences that say which output is better count as well.
    """

    key_name: ClassVar[str] = "TextVerdict"

    verdict: VerdictWords
    """The labels."""
    marker: str
    """What the prompt asks to write before the verdict; empty for nothing."""

    @property
    def labels(self) -> tuple[str, ...]:
        return ()

    def readings(self, reply: Reply, n_pairs: int) -> list[Reading]:
        assert n_pairs == 1, "reads one verdict; NumberedVerdicts reads several"
        answer = answer_of(reply)
        if answer.reason:
            return [no_verdict(answer.reason)]
        text = said_in_json(answer.text) or answer.text
        preference = conclusion(text, self.verdict, self.marker, with_prose=not self.marker)
        if preference is None:
            expected = f"{self.marker} {self.verdict.first[0]}".strip()
            return [unreadable("no verdict in the reply", reply.text, f"expected one such as {expected!r}")]
        return [Reading(preference)]


@dataclass(frozen=True, kw_only=True)
class NumberedVerdicts:
    """One verdict per pair of a prompt with several: lines such as `Pair 2: Output (b)`.

    Lines without numbers count in their order, if there are exactly as many as pairs. A number that is no pair's
    spoils the whole reply: nobody knows then what the others stand for. Two different verdicts on a pair are none.
    """

    key_name: ClassVar[str] = "NumberedVerdicts"

    verdict: VerdictWords
    """The labels."""

    @property
    def labels(self) -> tuple[str, ...]:
        return ()

    def readings(self, reply: Reply, n_pairs: int) -> list[Reading]:
        answer = answer_of(reply)
        if answer.reason:
            return [no_verdict(answer.reason)] * n_pairs
        found = [
            (match.group("number"), _PREFERENCES[match.group("name")])
            for line in answer.text.split("\n")
            if len(line) <= _MAX_LINE_CHARACTERS
            for match in _LINE.finditer(self.verdict.signed(line))
        ]
        numbered: dict[int, set[Preference]] = {}
        for number, preference in found:
            if number:
                numbered.setdefault(int(number), set()).add(preference)
        if not numbered and len(found) == n_pairs:
            numbered = {place: {preference} for place, (_, preference) in enumerate(found, start=1)}
        n_verdicts = len(numbered) or len(found)
        missing = wrong_count(n_verdicts, n_pairs, reply.text)
        if not numbered.keys() <= set(range(1, n_pairs + 1)):
            return [missing] * n_pairs
        return [self._reading(numbered.get(n, set()), n, missing, reply.text) for n in range(1, n_pairs + 1)]

    def _reading(self, said: set[Preference], number: int, missing: Reading, text: str) -> Reading:
        if len(said) > 1:
            return unreadable("two verdicts on one pair", text, f"pair {number}")
        if not said:
            return missing
        (preference,) = said
        return Reading(preference) if self.verdict.is_offered(preference) else missing
