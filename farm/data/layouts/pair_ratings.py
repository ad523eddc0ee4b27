"""What the columns beside a chosen and a rejected answer rate them with, and whether they call the two equal.

- A column for each answer: `chosen_rating`, `score_chosen`, ... as Argilla, distilabel and UltraFeedback write them, or
  any two whose names differ only in chosen and rejected and speak of a rating, score, reward or average
  (`chosen_avg_rating`, `rejectedRating`). Of several such pairs the shortest names count; of as short ones, as for
  aspects, their mean.
- One list of two for both: `rating: [9, 7]`, with the answers in the order of a column `order`. Without one, only two
  equal entries say something.
- A word: `status: tie`, as distilabel's Orca pairs have it.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from farm.bounded.json_text import read_json
from farm.data.files.rows import MISSING, Row
from farm.data.layouts.asked import cell
from farm.data.layouts.messages import LayoutError, plain_value

_NAMES = ("{side}_rating", "{side}-rating", "score_{side}", "{side}_score", "{side}-score", "rating_{side}")
_LISTS = ("rating", "ratings", "score", "scores", "reward", "rewards")
_WORDS = ("status", "winner", "preference", "verdict", "label", "result")
_TIES = ("tie", "tied")
_MEASURES = {"rating", "ratings", "score", "scores", "reward", "rewards", "avg", "average"}
_NO_MEASURES = {
    *("std", "stdev", "sd", "stderr", "sem", "se", "var", "variance", "ci", "low", "high", "min", "max"),
    *("n", "num", "number", "count", "counts", "id", "index", "idx", "rank", "margin", "length", "len", "tokens"),
}
"""Words of columns that say how sure a rating is, or how many there are, and no rating."""
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


class Ratings(NamedTuple):
    """The ratings of the two answers, on the source's own scale; None where there is none."""

    chosen: float | None
    rejected: float | None


def pair_ratings(row: Row) -> Ratings:
    """The ratings beside a pair.

    Raises:
        LayoutError: a column of the known names holds no number.
    """
    known = Ratings(_known(row, "chosen"), _known(row, "rejected"))
    if None not in known:
        return known
    return _of_two_columns(row) or _of_list(row) or known


def is_called_tie(row: Row) -> bool:
    """Whether a column of the row says in a word that neither answer is better."""
    return any(str(row[name]).strip().lower() in _TIES for name in _WORDS if isinstance(row.get(name), str))


def _known(row: Row, side: str) -> float | None:
    cells = (cell(row, name.format(side=side)) for name in _NAMES)
    value = next((value for value in cells if value is not None), None)
    if value is None or str(value).strip().lower() in MISSING:
        return None
    number = _number(value)
    if number is None:
        raise LayoutError(f"the rating of `{side}` as a number, got {value!r:.40}")
    return number


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if number == number else None


def _of_two_columns(row: Row) -> Ratings | None:
    pairs: dict[int, list[Ratings]] = {}
    others = {_without_side(name, "rejected"): name for name in row}
    for name in row:
        words = _without_side(name, "chosen")
        other = others.get(words) if words else None
        if words and other and _MEASURES & set(words) and not _NO_MEASURES & set(words):
            chosen, rejected = _number(cell(row, name)), _number(cell(row, other))
            if chosen is not None and rejected is not None:
                pairs.setdefault(len(words), []).append(Ratings(chosen, rejected))
    if not pairs:
        return None
    rated = pairs[min(pairs)]
    sums = [sum(value for value in values if value is not None) for values in zip(*rated, strict=True)]
    return Ratings(*(total / len(rated) for total in sums))


def _without_side(name: str, side: str) -> tuple[str, ...]:
    """The words of a column's name with a mark where it names this answer; empty if it does not."""
    words = [word.lower() for word in _PART.findall(name)]
    return tuple("" if word == side else word for word in words) if words.count(side) == 1 else ()


def _of_list(row: Mapping[str, object]) -> Ratings | None:
    for name in _LISTS:
        numbers = [_number(value) for value in _listed(row.get(name))]
        if len(numbers) == 2 and numbers[0] is not None and numbers[1] is not None:
            order = _listed(row.get("order"))
            if order == ["rejected", "chosen"]:
                return Ratings(numbers[1], numbers[0])
            if order == ["chosen", "rejected"] or numbers[0] == numbers[1]:
                return Ratings(numbers[0], numbers[1])
    return None


def _listed(value: object) -> list[object]:
    """The entries of a list, which in CSV files is JSON text; of anything else none."""
    plain = plain_value(value)
    if isinstance(plain, str) and plain.lstrip().startswith("["):
        try:
            plain = read_json(plain)
        except ValueError:
            return []
    return plain if isinstance(plain, list) else []
