"""Verdicts in running text: the last one wins (a judge may change its mind while it writes)."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from farm.calls.request import Reply
from farm.judges.parsers.reading import Reading, unreadable, wrong_count
from farm.judges.parsers.verdict_words import VerdictWords
from farm.records import Preference

_AROUND = r"[\s*_`'\"#>|\[\]:.,;!-]*"
"""Markdown and punctuation around a verdict."""
_BEFORE = r"[ \t*_`'\">|\[-]*"
_BEHIND = r"[\s*_`'\"|\].,;!]*"
"""Around a label that has a line to itself; a heading (`# Output (a)`, `Output (a):`) is none."""
_ENDS = rf"{_BEHIND}(?:$|\b(?:is|was)\s+(?:\w+\s+)?(?:better|best|preferred)\b)"
"""Behind a label at the start of a line: nothing, or that it is better."""
_MARKER = r"(?:verdict|answer|choice|winner|preferred output|better output|best output)(?:\s+is)?"
"""What stands before a verdict where the prompt asks for no marker of its own."""
_COMPARED_WITH = re.compile(r"\b(?:than|over|to|unlike|versus|vs\.?|and|or|nor|not|neither|from|against)\s+$", re.I)
"""In front of a label: it is what the verdict is compared with."""
_DISMISSED = re.compile(
    r"[\s*_`'\"]*(?:or\b|(?:is|was|does|has)\s+(?:\w+\s+)?(?:worse|worst|not|wrong|less|weaker|incorrect|no)\b)", re.I
)
"""Behind a label: it is said to be the worse one, or the question is repeated."""
_UNDECIDED = r"\b(?:neither|both|equal|equally|tie|tied)\b"


@dataclass(frozen=True, kw_only=True)
class TextVerdict:
    """The last verdict in the reply.

    With a marker (`Verdict:`) only what follows a marker counts, or a last line that holds nothing but a label: an
    explanation names the outputs freely. Without one, the last line counts that is a label, or begins with one and `is
    better`; a label with a colon is a heading. If there is none, the last label in running text counts, unless it is
    what another is compared with ("than Output (b)"), dismissed ("Output (b) is worse"), or followed by neither or
    both.
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
        text = reply.text
        stated = (self._last(pattern, text) for pattern in self._statements)
        preference = next((preference for preference in stated if preference is not None), None)
        if preference is None and not self.marker:
            preference = self._mentioned(text)
        if preference is None:
            expected = f"{self.marker} {self.verdict.first[0]}".strip()
            return [unreadable("no verdict in the reply", text, f"expected one such as {expected!r}")]
        return [Reading(preference)]

    def _last(self, pattern: re.Pattern[str], text: str) -> Preference | None:
        """The last match of a pattern."""
        found = list(pattern.finditer(text))
        return self.verdict.preference(found[-1].group(found[-1].lastgroup or 0)) if found else None

    def _mentioned(self, text: str) -> Preference | None:
        """The last label that the text is for."""
        counted = [
            match
            for match in self._mentions.finditer(text)
            if not _COMPARED_WITH.search(text, max(0, match.start() - 20), match.start())
            and not _DISMISSED.match(text, match.end())
        ]
        return self.verdict.preference(counted[-1].group(0)) if counted else None

    @cached_property
    def _statements(self) -> tuple[re.Pattern[str], ...]:
        """Patterns of a verdict that is stated; the first that occurs at all counts."""
        name = self.verdict.understood
        if self.marker:
            behind_marker = rf"{re.escape(self.marker)}{_AROUND}(?P<marked>{name})(?!\s+or\b)"
            last_line = rf"^{_BEFORE}(?P<alone>{name}){_BEHIND}\Z"
            return _compiled(behind_marker), _compiled(last_line)
        return (_compiled(rf"^{_BEFORE}(?P<alone>{name})(?={_ENDS})|{_MARKER}{_AROUND}(?P<marked>{name})"),)

    @cached_property
    def _mentions(self) -> re.Pattern[str]:
        return _compiled(rf"{_UNDECIDED}|{self.verdict.asked_for}")


@dataclass(frozen=True, kw_only=True)
class NumberedVerdicts:
    """One verdict per pair of a prompt with several: lines such as `Pair 2: Output (b)`; the last for a pair wins.

    Lines without numbers count in their order, if there are exactly as many as pairs. A number that is no pair's
    spoils the whole reply: nobody knows then what the others stand for.
    """

    key_name: ClassVar[str] = "NumberedVerdicts"

    verdict: VerdictWords
    """The labels."""

    @property
    def labels(self) -> tuple[str, ...]:
        return ()

    def readings(self, reply: Reply, n_pairs: int) -> list[Reading]:
        found = [
            (match.group("number"), self.verdict.preference(match.group("name")))
            for match in self._lines.finditer(reply.text)
        ]
        numbered = {int(number): preference for number, preference in found if number}
        if not numbered and len(found) == n_pairs:
            numbered = {place: preference for place, (_, preference) in enumerate(found, start=1)}
        n_verdicts = len(numbered) or len(found)
        missing = wrong_count(n_verdicts, n_pairs, reply.text)
        if not numbered.keys() <= set(range(1, n_pairs + 1)):
            return [missing] * n_pairs
        said = [numbered.get(number) for number in range(1, n_pairs + 1)]
        return [missing if preference is None else Reading(preference) for preference in said]

    @cached_property
    def _lines(self) -> re.Pattern[str]:
        # No two stars beside each other: on a page of blanks they would take the cube of its length.
        number = r"(?:(?:(?:pair|example|comparison|no\.?)\s*)?(?:#\s*)?(?P<number>\d{1,9})\W+)?"
        name = rf"(?:{_MARKER}{_AROUND})?(?P<name>{self.verdict.understood})(?={_BEHIND}(?:$|pair\b))"
        return _compiled(rf"(?:^{_BEFORE}|[,;]\s*){number}{name}")


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE)
