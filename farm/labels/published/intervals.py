"""Intervals that published standings write into one cell: `+5/-4`, `+-5`, `[0.51, 0.57]`, `(-1.9, 1.8)`.

Two numbers are the ends of the interval, as most tables have them, or how far these lie from the figure, as the
leaderboard of Arena-Hard prints them (`score: 82.6 | 95% CI: (-1.9, 1.8)`). They are read as distances where one is
below 0 and the other above (or one is 0) and the figure does not lie between them; the width is the same either way.
"""

import re
from typing import NamedTuple

PLUS_MINUS = re.compile(r"\s*(?:\u00b1|\+/?-)\s*")
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_OFFSETS = re.compile(rf"(?P<first>{_NUMBER})%?\s*/\s*(?P<second>{_NUMBER})%?")
_PAIR = re.compile(rf"[\[(]?\s*(?P<first>{_NUMBER})%?\s*(?:,|;|to|\.\.)\s*(?P<second>{_NUMBER})%?\s*[\])]?")
_COMMA_NUMBER = _NUMBER.replace(r"\.", ",")
_COMMA_PAIR = re.compile(
    rf"[\[(]?\s*(?P<first>{_COMMA_NUMBER})%?\s*(?:;|to|\.\.|/)\s*(?P<second>{_COMMA_NUMBER})%?\s*[\])]?"
)
"""With decimal commas, which nothing but a comma between the two numbers could be taken for."""
_HALF_WIDTH = re.compile(r"(?P<half>\d+(?:\.\d+)?)%?")
_BLANK_AFTER_SIGN = re.compile(r"([+-])\s+(?=\d)")
_MINUS_SIGNS = str.maketrans("\u2212\u2013", "--")


class PublishedInterval(NamedTuple):
    """What a cell says, on the file's scale."""

    low: float
    high: float
    is_distance: bool
    """Whether two numbers, as the ends of an interval are written, were read as distances from the figure."""


def published_interval(text: str, figure: float) -> PublishedInterval | None:
    """The interval about a figure.

    Args:
        text: the cell.
        figure: what the interval is about, on the same scale.

    Returns:
        None: the cell holds none.
    """
    plain = _BLANK_AFTER_SIGN.sub(r"\1", text.translate(_MINUS_SIGNS).strip())
    if _COMMA_PAIR.fullmatch(plain):
        plain = plain.replace(",", ".")
    without_sign = PLUS_MINUS.sub("", plain, count=1)
    if without_sign != plain and (half := _HALF_WIDTH.fullmatch(without_sign)):
        return PublishedInterval(figure - float(half["half"]), figure + float(half["half"]), is_distance=False)
    if (offsets := _OFFSETS.fullmatch(plain.strip("()[] "))) and _are_opposite(*_numbers(offsets)):
        down, up = sorted(_numbers(offsets))
        return PublishedInterval(figure + down, figure + up, is_distance=False)
    pair = _PAIR.fullmatch(plain)
    if pair is None:
        return None
    first, second = _numbers(pair)
    down, up = sorted((first, second))
    if _are_opposite(first, second) and not down <= figure <= up:
        return PublishedInterval(figure + down, figure + up, is_distance=True)
    return PublishedInterval(first, second, is_distance=False)


def _numbers(match: re.Match[str]) -> tuple[float, float]:
    return float(match["first"]), float(match["second"])


def _are_opposite(first: float, second: float) -> bool:
    return first * second <= 0
