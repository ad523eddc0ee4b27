"""A finding comes back from the note that it was written as; other notes stay notes."""

from farm.leaderboard.board import Finding
from farm.leaderboard.integrity.noted import as_note, told_apart


def test_findings_come_back_from_their_notes() -> None:
    findings = [
        Finding(check="constant_outputs", sentence="5 of 9 (or so): are\nthe same", n_rows=5, is_severe=True),
        Finding(check="truncated", sentence="2 were cut", n_rows=2, is_severe=False),
    ]
    notes = ["collapsed (it says): yes", *map(as_note, findings), "seed 1: odd"]
    assert as_note(findings[1]) == "truncated (slight, 2): 2 were cut"
    read = told_apart([*notes, notes[1]])
    assert list(read.findings) == findings
    assert read.notes == ("collapsed (it says): yes", "seed 1: odd")
