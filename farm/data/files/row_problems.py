"""What is wrong with the rows of a file, in a few lines however many rows are wrong."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

_WORDS = {
    "model_type": "an object with named fields",
    "dict_type": "an object with named fields",
    "too_short": "at least {min_length} entries",
    "too_long": "at most {max_length} entries",
}
"""What pydantic says with names that no file has, or of what comes after its own steps."""
MAX_SHOWN = 10
"""Errors that a message spells out; the rest is counted."""


class RowProblems:
    """Collects what is wrong with the rows of a file; what is wrong with many rows is said once."""

    def __init__(self) -> None:
        self.n_bad = 0
        self._n_hidden = 0
        self._first_rows: dict[str, int] = {}
        self._n_rows: Counter[str] = Counter()

    def add(self, number: int, error: ValidationError, names: Iterable[str]) -> None:
        """Take in one more wrong row; rows count from 1.

        Args:
            number: which row.
            error: what is wrong with it.
            names: the fields that it has in the file.
        """
        self.n_bad += 1
        for sentence in explain_row(error, names):
            if sentence in self._first_rows or len(self._first_rows) < MAX_SHOWN:
                self._first_rows.setdefault(sentence, number)
                self._n_rows[sentence] += 1
            else:
                self._n_hidden += 1

    def report(self, path: Path, *, n_rows: int) -> str:
        """The first problems spelt out, the others counted."""
        lines = [
            f"  row {number}{sentence if self._n_rows[sentence] == 1 else self._also(sentence)}"
            for sentence, number in self._first_rows.items()
        ]
        more = [f"  and {self._n_hidden} other things in further rows"] if self._n_hidden else []
        head = f"{path}: {self.n_bad} of {n_rows} rows are not as expected (rows count from 1):"
        return "\n".join([head, *lines, *more])

    def _also(self, sentence: str) -> str:
        return f" and {self._n_rows[sentence] - 1} more{sentence}"


def explain_row(error: ValidationError, names: Iterable[str]) -> list[str]:
    """One sentence per wrong field; fields that are missing share one.

    Args:
        error: what is wrong with a row.
        names: the fields that it has.
    """
    present = ", ".join(sorted(map(str, names)))
    problems = error.errors(include_url=False)
    missing = [_dotted(problem["loc"]) for problem in problems if problem["type"] == "missing"]
    sentences = []
    if missing:
        sentences.append(f": expected the fields {', '.join(missing)}; it has only {present}")
    for problem in problems:
        if not problem["loc"]:
            reason = problem["msg"].removeprefix("Value error, ")
            sentences.append(f": expected {reason}; its fields are {present}")
        elif problem["type"] != "missing":
            expected = _WORDS.get(problem["type"], "{msg}").format(**{"msg": problem["msg"], **problem.get("ctx", {})})
            expected = expected.removeprefix("Input should be ").removeprefix("Value error, ")
            sentences.append(f", field `{_dotted(problem['loc'])}`: expected {expected}, got {shown(problem['input'])}")
    return sentences


def _dotted(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location)


def shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
