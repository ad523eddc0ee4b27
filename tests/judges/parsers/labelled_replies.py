"""Labelled replies of judges, what the shipped parsers make of them, and how far the parsers can be trusted.

    python -m tests.judges.parsers.labelled_replies

A row is a kind of reply, its text, how it ended, and the verdict that a person reads in it: first, second, tie, none,
a number, or two. `source` says who wrote it: the writers of `outside` and of `outside_adversarial`, who tried to
mislead, never saw the parsers; those of `own` did.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from scipy.stats import beta

from farm.calls.request import Reply
from farm.judges.parsers.grades import GradeParser, TwoScores
from farm.judges.parsers.json_object import RankList
from farm.judges.parsers.reading import ReplyParser
from farm.judges.parsers.text import TextVerdict
from farm.judges.parsers.verdict_words import VerdictWords

FILE = Path(__file__).with_name("labelled_replies.jsonl")
Verdict = str | float | list[float]
LETTERS = VerdictWords(
    first=("Output (a)", "Output a", "(a)", "a"), second=("Output (b)", "Output b", "(b)", "b"), tie=("Tie",)
)
NAMES = VerdictWords(first=("m", "model_1"), second=("M", "model_2"), tie=("Tie", "tie"))
ANSWERS = VerdictWords(
    first=("Yes", "Ja", "Oui", "Sí", "Да", "是", "はい", "예", "네", "Sim"),
    second=("No", "Nein", "Non", "Нет", "否", "いいえ", "아니요", "Não"),
    tie=(),
)
GRADE = GradeParser(label="Grade", low=1, high=10)
SCORES = TwoScores(
    first=GradeParser(label="Score of Output (a)", low=1, high=10),
    second=GradeParser(label="Score of Output (b)", low=1, high=10),
)
RANKINGS = tuple(RankList(first=a, second=b) for a, b in (("model_1", "model_2"), ("m", "M"), ("a", "b")))


class Row(NamedTuple):
    """One labelled reply."""

    kind: str
    reply: str
    finish_reason: str | None
    verdict: Verdict
    source: str
    note: str = ""


class Outcome(NamedTuple):
    """What the parsers made of a list."""

    n: int
    n_right: int
    false: list[tuple[Row, Verdict]]
    """A verdict where there is none, or another one."""
    missed: list[Row]

    @property
    def upper_bound(self) -> float:
        """Clopper and Pearson's one-sided 95% bound of the share of false verdicts."""
        return float(beta.ppf(0.95, len(self.false) + 1, self.n - len(self.false)))


def read_rows(path: Path = FILE) -> list[Row]:
    """The rows of a list."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Row(**{"source": path.stem, **json.loads(line)}) for line in lines if line.strip()]


def parsed(row: Row) -> Verdict:
    """What the parser of a row's kind reads."""
    return _PARSED[row.kind](Reply(text=row.reply, is_cut=row.finish_reason == "length"))


def outcome(rows: Sequence[Row]) -> Outcome:
    """Compare labels and parsers."""
    said = [(row, parsed(row)) for row in rows]
    return Outcome(
        n=len(rows),
        n_right=sum(_equal(verdict, row.verdict) for row, verdict in said),
        false=[(row, verdict) for row, verdict in said if verdict != "none" and not _equal(verdict, row.verdict)],
        missed=[row for row, verdict in said if verdict == "none" and row.verdict != "none"],
    )


def _equal(a: Verdict, b: Verdict) -> bool:
    return json.dumps(_floats(a)) == json.dumps(_floats(b))


def _floats(verdict: Verdict) -> object:
    if isinstance(verdict, list):
        return [float(number) for number in verdict]
    return verdict if isinstance(verdict, str) else float(verdict)


def _preference(parser: ReplyParser, reply: Reply) -> Verdict:
    (reading,) = parser.readings(reply, 1)
    return "none" if reading.preference is None else reading.preference.name.lower()


def _text(words: VerdictWords) -> Callable[[Reply], Verdict]:
    return lambda reply: _preference(TextVerdict(verdict=words, marker=""), reply)


def _grade(reply: Reply) -> Verdict:
    value = GRADE.grade(reply).value
    return "none" if value is None else value


def _scores(reply: Reply) -> Verdict:
    first, second = (grade.value for grade in SCORES.grades(reply))
    return "none" if first is None or second is None else [first, second]


def _ranking(reply: Reply) -> Verdict:
    return next((v for parser in RANKINGS if (v := _preference(parser, reply)) != "none"), "none")


_PARSED: dict[str, Callable[[Reply], Verdict]] = {
    "pair_letters": _text(LETTERS),
    "pair_brackets": _text(LETTERS),
    "pair_names": _text(NAMES),
    "pair_model_names": _text(NAMES),
    "yes_no": _text(ANSWERS),
    "score": _grade,
    "two_scores": _scores,
    "ranking": _ranking,
}


def main(paths: Sequence[str]) -> None:
    """Print the figures of the list, or of others."""
    rows = [row for path in paths for row in read_rows(Path(path))] if paths else read_rows()
    for source in [*sorted({row.source for row in rows}), "all"]:
        some = [row for row in rows if source in ("all", row.source)]
        result = outcome(some)
        print(
            f"{source}: {result.n} replies, {100 * result.n_right / result.n:.1f}% right, {len(result.false)} false "
            f"verdicts (at most {100 * result.upper_bound:.2f}% at 95%), {len(result.missed)} missed"
        )
    result = outcome(rows)
    for row, verdict in result.false:
        print(f"false: {row.kind}: {row.reply!r} is {row.verdict}, read as {verdict}")
    for row in result.missed:
        print(f"missed: {row.kind}: {row.reply!r} is {row.verdict}")
    print(dict(sorted(Counter(row.kind for row in rows).items())))


if __name__ == "__main__":
    main(sys.argv[1:])
