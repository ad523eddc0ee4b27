"""What counts as a verdict in running text, and what does not."""

import pytest

from farm.calls.request import Reply
from farm.judges.parsers.text import NumberedVerdicts, TextVerdict
from farm.judges.parsers.verdict_words import VerdictWords
from farm.records import Preference

FIRST, SECOND, TIE = Preference.FIRST, Preference.SECOND, Preference.TIE
LABELS = VerdictWords(first=("Output (a)", "(a)", "a"), second=("Output (b)", "(b)", "b"), tie=())
PLAIN = TextVerdict(verdict=LABELS, marker="")
MARKED = TextVerdict(verdict=VerdictWords(first=LABELS.first, second=LABELS.second, tie=("Tie",)), marker="Verdict:")


def said(parser: TextVerdict, text: str) -> Preference | None:
    (reading,) = parser.readings(Reply(text=text), 1)
    assert (reading.preference is None) == bool(reading.reason)
    return reading.preference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Output (a)", FIRST),
        ("output (B).", SECOND),
        ("**Output (b)**", SECOND),
        ('"Output(b)"', SECOND),
        ("(b)", SECOND),
        ("A", FIRST),
        ("Answer: b", SECOND),
        ("The better output is (b)", SECOND),
        ("Output (a) is better than Output (b).", FIRST),
        ("I prefer Output (a) over Output (b).", FIRST),
        ("Output (a)\n\nOutput (b) is worse because it lies.", FIRST),
        ("Output (a)\nOn second thought:\nOutput (b)", SECOND),
        ("I first thought Output (a), but Output (b)", SECOND),
        ("Both are correct, but Output (a) is better", FIRST),
        ("Output (a):\nfine\nOutput (b):\nfine\n\nI would take Output (a).", FIRST),
    ],
)
def test_the_last_verdict_wins(text: str, expected: Preference) -> None:
    assert said(PLAIN, text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Neither is better.",
        "Neither Output (a) nor Output (b) helps.",
        "Output (a) is fine and Output (b) is fine; both are equal.",
        "Output (a) or Output (b)",
        "As a language model I cannot choose.",
        "Answer: a bit of both",
        "Output (c)",
        "Both outputs have their merits and it depends on the reader.",
    ],
)
def test_what_is_no_verdict_stays_unparsed(text: str) -> None:
    assert said(PLAIN, text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Output (a) is better at facts.\nVerdict: Output (b)", SECOND),
        ("Verdict: Output (a)\nNo, I was wrong.\nVerdict: Output (b)", SECOND),
        ("**Verdict:** Output (a)", FIRST),
        ("## Verdict\nOutput (b)", SECOND),
        ("verdict: tie.", TIE),
        ("Verdict: a tie", TIE),
        ("Verdict: Output (a) or Output (b)", None),
        ("Output (a) is better. Output (b) is", None),  # cut off before the verdict
        ("Output (a):\nshort\n\nOutput (b):", None),  # cut off behind a heading
        ("Output (b)", SECOND),
    ],
)
def test_an_explanation_names_the_outputs_freely(text: str, expected: Preference | None) -> None:
    assert said(MARKED, text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pair 1: Output (a)\nPair 2: Output (b)", [FIRST, SECOND]),
        ("2. Output (b)\n1. Output (a)", [FIRST, SECOND]),
        ("Output (b)\nOutput (a)", [SECOND, FIRST]),
        ("| 1 | Output (a) |\n| 2 | Output (b) |", [FIRST, SECOND]),
        ("Pair 1: Output (a)\nPair 1: Output (b)\nPair 2: Output (a)", [None, FIRST]),
        ("Pair 2: Output (b)", [None, SECOND]),
        ("Output (b)", [None, None]),  # nobody knows of which pair
        ("Pair 1: Output (a)\nPair 2: Output (b)\nPair 3: Output (a)", [None, None]),
        ("Output (a)\nOutput (b)\nOutput (a)", [None, None]),
        ("", [None, None]),
    ],
)
def test_several_verdicts_are_told_apart_by_number(text: str, expected: list[Preference | None]) -> None:
    readings = NumberedVerdicts(verdict=LABELS).readings(Reply(text=text), 2)
    assert [reading.preference for reading in readings] == expected
    assert all("verdicts" in reading.reason for reading in readings if reading.preference is None)


def test_a_name_with_two_meanings_is_refused() -> None:
    with pytest.raises(ValueError, match="two meanings"):
        VerdictWords(first=("A", "one"), second=("A",), tie=())
    with pytest.raises(ValueError, match="at least one name"):
        VerdictWords(first=(), second=("b",), tie=())
