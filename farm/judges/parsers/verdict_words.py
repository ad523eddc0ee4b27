"""What a judge calls the two outputs, and how its words are recognised."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from farm.records import Preference


@dataclass(frozen=True, kw_only=True)
class VerdictWords:
    """Names of the verdicts. Letter case does not matter."""

    key_name: ClassVar[str] = "Labels"

    first: tuple[str, ...]
    """The output that is shown first: what the prompt asks for, such as `Output (a)`, then what is understood too."""
    second: tuple[str, ...]
    """The other output, likewise."""
    tie: tuple[str, ...]
    """Neither is better, likewise; empty if the prompt offers no tie."""

    def __post_init__(self) -> None:
        if not self.first or not self.second:
            raise ValueError("labels: expected at least one name for the first and for the second output")
        if not all(name.strip() for name in (*self.first, *self.second, *self.tie)):
            raise ValueError("labels: a name is empty")
        if len(self._meaning) < len(self.first) + len(self.second) + len(self.tie):
            raise ValueError(f"labels: a name has two meanings: {self.first}, {self.second}, {self.tie}")

    def preference(self, said: str) -> Preference | None:
        """The verdict that a name stands for; None if it is no name. White space does not matter."""
        return self._meaning.get("".join(said.split()).casefold())

    @cached_property
    def asked_for(self) -> str:
        """Pattern of the names that the prompt asks for."""
        return _any_of((self.first[0], self.second[0], *self.tie[:1]))

    @cached_property
    def understood(self) -> str:
        """Pattern of all names."""
        return _any_of((*self.first, *self.second, *self.tie))

    @cached_property
    def _meaning(self) -> dict[str, Preference]:
        sides = ((self.first, Preference.FIRST), (self.second, Preference.SECOND), (self.tie, Preference.TIE))
        return {"".join(name.split()).casefold(): preference for names, preference in sides for name in names}


def _any_of(names: tuple[str, ...]) -> str:
    return "|".join(_bounded(name) for name in sorted(names, key=len, reverse=True))


def _bounded(name: str) -> str:
    """The name, with or without white space before a bracket, and not inside a longer word.

    A bare word such as `a` or `Tie` is a name only if no other word than `is` follows: "a bit of both" is none.
    """
    words = name.split()
    pattern = re.escape(words[0])
    for word in words[1:]:
        pattern += (r"\s+" if word[0].isalnum() else r"\s*") + re.escape(word)
    if name.isalnum():
        return rf"(?<!\w){pattern}(?!\w)(?!'\w)(?![ \t]+(?!is\b|was\b)\w)"
    return rf"(?<!\w){pattern}(?!\w)" if name[-1].isalnum() else rf"(?<!\w){pattern}"
