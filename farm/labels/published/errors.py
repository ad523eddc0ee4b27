"""Which columns of published standings hold the noise of their figures, and what standard error a row has by them.

The first of these that a file has counts, for a figure in the column FIGURE (large and small letters, blanks and points
do not count):

1. FIGURE_standard_error, FIGURE_se, FIGURE_stderr, FIGURE_std_err, FIGURE_std_error, FIGURE_sem; of a win rate also
   with that word in place of `win_rate` (human_win_rate: human_se), of length_controlled_winrate lc_standard_error;
2. standard_error, se, stderr, std_err, std_error, sem by themselves, of the column win_rate if there is one, else of
   the only column of figures;
3. a 95% interval, its width / 3.92: FIGURE_low and FIGURE_high (or lower, upper; ci_low, ci_high; ci_lower, ci_upper;
   lower_ci, upper_ci; q025, q975), or these words by themselves, as in 2; or one column ci, 95_ci or FIGURE_ci with
   `+5/-4`, `+-5`, `[0.51, 0.57]` or `(-1.9, 1.8)` (`farm.labels.published.intervals`);
4. of a win rate, its number of verdicts n: sqrt(p (1 - p) / n), the most by which independent wins, ties and losses can
   vary (ties make it less). At a win rate of exactly 0 or 1, where that would be nothing, p is (n p + 1) / (n + 2):
   Laplace's rule of succession, the mean of p after n verdicts if each p was as likely before.
"""

import math
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from farm.data.files.rows import MISSING, DataError, Row
from farm.labels.published.intervals import PLUS_MINUS, published_interval

ERROR_WORDS = ("standard_error", "se", "stderr", "std_err", "std_error", "sem")
LOW_HIGH = (
    ("ci_low", "ci_high"), ("ci_lower", "ci_upper"), ("lower_ci", "upper_ci"), ("low", "high"), ("lower", "upper"),
    ("lower_bound", "upper_bound"), ("q025", "q975"),
)  # fmt: skip
INTERVAL_WORDS = ("ci", "95_ci", "ci_95", "ci95")
_WIN_RATE = ("win_rate", "winrate")
_LARGEST_ERROR = 0.5
"""Of one verdict between 0 and 1."""
WIDTH_OF_95 = 3.92
"""A 95% interval is this many standard errors wide: 2 times 1.96."""
_MISSING = (*MISSING, "-", "--", "?")


class PublishedFigure(NamedTuple):
    """One cell of standings."""

    model: str
    column: str
    value: float
    """As the file has it."""
    divisor: float
    """What brings it to the scale of the laboratory: 100 for percent."""
    is_win_rate: bool


class ErrorColumns(NamedTuple):
    """Where the standard errors of a file come from."""

    kind: Literal["error", "ends", "interval", "n", "none"]
    columns: tuple[str, ...]
    """As the file calls them."""
    note: str
    """What is to be said about it; empty if nothing is."""


def error_columns(names: Sequence[str], value: str, figures: Collection[str], n_total: str | None) -> ErrorColumns:
    """The columns that hold the noise of a figure.

    Args:
        names: every column of the file.
        value: the column of the figure.
        figures: the columns of numbers that a word by itself could be about, besides `value`.
        n_total: the column with the number of verdicts behind a win rate; None if there is none, or the figure is no
            win rate.
    """
    known = {plain_name(name): name for name in reversed(names)}
    prefixes = _prefixes(value)
    if own := _first(known, [f"{prefix}{word}" for prefix in prefixes for word in ERROR_WORDS]):
        return ErrorColumns("error", own, "")
    pairs = [(f"{prefix}{low}", f"{prefix}{high}") for prefix in prefixes for low, high in LOW_HIGH]
    if ends := _first_pair(known, pairs):
        return ErrorColumns("ends", ends, _from_ends(ends))
    if text := _first(known, [f"{prefix}{word}" for prefix in prefixes for word in INTERVAL_WORDS]):
        return ErrorColumns("interval", text, _from_ends(text))
    bare = _bare(known)
    if bare.kind != "none" and (not figures or plain_name(value) in _WIN_RATE):
        return bare
    unused = ""
    if bare.kind != "none":
        unused = (
            f"{' and '.join(bare.columns)} could be about {value} or {', '.join(sorted(figures))} and is not used; "
            f"call it {value}_{plain_name(bare.columns[0])} if it is"
        )
    if n_total is not None:
        words = (
            f"no standard errors are given; from {n_total} follows the most that independent verdicts can vary, "
            "sqrt(p (1 - p) / n), and that is taken (ties make it less)"
        )
        return ErrorColumns("n", (n_total,), "; ".join(filter(None, (unused, words))))
    return ErrorColumns("none", (), unused)


def plain_name(name: str) -> str:
    """A column's name in small letters, with an underscore for whatever is no letter and no figure."""
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")


def is_about_noise(name: str) -> bool:
    """Whether a column holds an error or an end of an interval, and no figure of its own."""
    plain = plain_name(name)
    words = (*ERROR_WORDS, *INTERVAL_WORDS, *(word for pair in LOW_HIGH for word in pair), "std", "variance", "n")
    return any(plain == word or plain.endswith(f"_{word}") for word in words)


def row_error(path: Path, row: Row, columns: ErrorColumns, figure: PublishedFigure) -> float | None:
    """The standard error of a figure, on the figure's scale after division; None if the row does not say.

    Raises:
        DataError: it is no number, below 0, of another figure or on another scale.
    """
    if columns.kind == "none" or any(is_missing(row.get(name)) for name in columns.columns):
        return None
    if columns.kind == "n":
        n = int(table_number(path, row, columns.columns[0]))
        return _binomial_error(figure.value / figure.divisor, n) if n > 0 else None
    error = _given_error(path, row, columns, figure) / figure.divisor
    where = f"{path}: {' and '.join(columns.columns)} of {figure.model!r}"
    if error < 0:
        raise DataError(f"{where}: expected a standard error, this one is negative: {error * figure.divisor:g}")
    if figure.is_win_rate and error > _LARGEST_ERROR:
        raise DataError(
            f"{where}: a standard error of {error:g} is more than any win rate between 0 and 1 can have; give both as "
            "fractions, or both in percent"
        )
    return error


def reading_notes(path: Path, rows: Sequence[Row], columns: ErrorColumns, value: str, divisor: float) -> list[str]:
    """How the cells with the noise of a column of figures were read, where there is more than one way.

    Args:
        path: the file.
        rows: those with a figure.
        columns: what `error_columns` says.
        value: the column of the figure.
        divisor: as in `PublishedFigure`.
    """
    known = [row for row in rows if not any(is_missing(row.get(name)) for name in columns.columns)]
    figures = [table_number(path, row, value) for row in known]
    if columns.kind == "n":
        counts = [table_number(path, row, columns.columns[0]) for row in known]
        n_certain = sum(figure / divisor in (0.0, 1.0) and n >= 1 for figure, n in zip(figures, counts, strict=True))
        return [_about_certain(n_certain, len(known), columns.columns[0])] if n_certain else []
    if columns.kind != "interval":
        return []
    name = columns.columns[0]
    intervals = [published_interval(str(row[name]), figure) for row, figure in zip(known, figures, strict=True)]
    distances = [k for k, interval in enumerate(intervals) if interval is not None and interval.is_distance]
    if not distances:
        return []
    example = known[distances[0]]
    return [
        f"{name} is read as distances from {value}, not as the ends of an interval, in {len(distances)} of "
        f"{len(known)} rows: its numbers have opposite signs and {value} is not between them, as in {example[name]} of "
        f"{figures[distances[0]]:g}"
    ]


def is_missing(cell: object) -> bool:
    """Whether a cell says that there is no figure."""
    return cell is None or str(cell).strip().lower() in _MISSING


def table_number(path: Path, row: Row, column: str) -> float:
    """A cell as a finite number, with or without a percent sign.

    Raises:
        DataError: it is none.
    """
    if not is_number(row[column]):
        raise DataError(f"{path}: {column}: expected a number, got {row[column]!r}")
    return float(str(row[column]).removesuffix("%"))


def is_number(value: object) -> bool:
    """Whether a cell holds a finite number."""
    try:
        return math.isfinite(float(str(value).removesuffix("%")))
    except ValueError:
        return False


def _given_error(path: Path, row: Row, columns: ErrorColumns, figure: PublishedFigure) -> float:
    """On the file's scale."""
    names = columns.columns
    if columns.kind == "error":
        return table_number(path, {names[0]: PLUS_MINUS.sub("", str(row[names[0]]), count=1)}, names[0])
    if columns.kind == "interval":
        text = str(row[names[0]])
        interval = published_interval(text, figure.value)
        if interval is None:
            raise DataError(
                f"{path}: {names[0]} of {figure.model!r}: expected an interval as +5/-4, +-5, [0.51, 0.57] or "
                f"(-1.9, 1.8), got {text!r}"
            )
        low, high = interval.low, interval.high
    else:
        low, high = (table_number(path, row, name) for name in names)
    # A little outside is rounding; further outside, the ends are of another figure or on another scale.
    slack = 0.05 * abs(high - low) + 1e-9
    if not low - slack <= figure.value <= high + slack:
        raise DataError(
            f"{path}: {figure.column} of {figure.model!r} is {figure.value:g}, outside {' and '.join(names)}, {low:g} "
            f"to {high:g}; expected a 95% interval about it, on the same scale"
        )
    return (high - low) / WIDTH_OF_95


def _binomial_error(rate: float, n: int) -> float:
    """The most by which the mean of n independent verdicts (0, one half, 1) with this mean can vary."""
    inside = (n * rate + 1) / (n + 2) if rate in (0.0, 1.0) else rate
    return math.sqrt(inside * (1 - inside) / n)


def _about_certain(n_certain: int, n_rows: int, n_column: str) -> str:
    return (
        f"{n_certain} of {n_rows} win rates are exactly 0 or 1, where sqrt(p (1 - p) / n) is 0; there p is taken as "
        f"(n p + 1) / (n + 2), Laplace's rule of succession, with n from {n_column}"
    )


def _bare(known: dict[str, str]) -> ErrorColumns:
    """Words by themselves."""
    if error := _first(known, ERROR_WORDS):
        return ErrorColumns("error", error, "")
    if ends := _first_pair(known, LOW_HIGH):
        return ErrorColumns("ends", ends, _from_ends(ends))
    if text := _first(known, INTERVAL_WORDS):
        return ErrorColumns("interval", text, _from_ends(text))
    return ErrorColumns("none", (), "")


def _from_ends(columns: Sequence[str]) -> str:
    return f"standard errors are the width of the 95% interval in {' and '.join(columns)} over {WIDTH_OF_95}"


def _prefixes(value: str) -> list[str]:
    """What stands before the words in the columns of one figure."""
    plain = plain_name(value)
    prefixes = [f"{plain}_"]
    for name in _WIN_RATE:
        if plain.endswith(name) and plain != name:
            prefixes.append(plain.removesuffix(name))
    return [*prefixes, "lc_"] if plain.startswith("length_controlled") else prefixes


def _first(known: dict[str, str], wanted: Sequence[str]) -> tuple[str, ...]:
    return next(((known[name],) for name in wanted if name in known), ())


def _first_pair(known: dict[str, str], wanted: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return next(((known[low], known[high]) for low, high in wanted if low in known and high in known), ())
