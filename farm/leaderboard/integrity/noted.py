"""Findings as notes of an entry, and back: so they stand in what a leaderboard is made from, and prove its pages."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from farm.leaderboard.board import Finding

_SEVERE, _SLIGHT = "severe", "slight"
_NOTE = re.compile(
    rf"(?P<check>[a-z_]+) \((?P<weight>{_SEVERE}|{_SLIGHT}), (?P<rows>\d{{1,9}})\): (?P<sentence>.+)", re.DOTALL
)


class Noted(NamedTuple):
    """The notes of an entry, told apart."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    """Those that are no findings."""


def as_note(finding: Finding) -> str:
    """The finding as a note: `constant_outputs (severe, 805): the outputs are ...`."""
    weight = _SEVERE if finding.is_severe else _SLIGHT
    return f"{finding.check} ({weight}, {finding.n_rows}): {finding.sentence}"


def told_apart(notes: Iterable[str]) -> Noted:
    """Findings and other notes, each once, in their order."""
    findings, others = list[Finding](), list[str]()
    for note in dict.fromkeys(notes):
        match = _NOTE.fullmatch(note)
        if match is None:
            others.append(note)
            continue
        findings.append(
            Finding(
                check=match["check"],
                sentence=match["sentence"],
                n_rows=int(match["rows"]),
                is_severe=match["weight"] == _SEVERE,
            )
        )
    return Noted(tuple(findings), tuple(others))
