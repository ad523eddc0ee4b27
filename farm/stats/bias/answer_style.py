"""What a reader sees of answers before reading them: how long they are, their headings, lists and bold passages."""

import math
import re
from typing import NamedTuple

# A line that starts with a bullet or with a number or letter and a dot or bracket ("- x", "2. x", "a) x"); a dash or a
# star must be followed by a blank, so that "**bold**", "-5" and a rule of dashes are no items.
_ITEM = re.compile(r"^[ \t]*(?:[-*+\u2022\u2023\u25e6\u2013][ \t]+|(?:\d{1,3}|[A-Za-z])[.)][ \t]+)\S", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+\S", re.MULTILINE)
# Within a line; four stars in a row enclose nothing.
_BOLD = re.compile(r"\*\*(?![*\s])[^*\n]+\*\*|(?<!\w)__(?![_\s])[^_\n]+__(?!\w)")
_FENCES = ("```", "~~~")


class MarkupCounts(NamedTuple):
    """Arena's style features of one Markdown text, beside its length; what stands in fenced code does not count."""

    n_headings: int
    n_list_items: int
    """Of ordered and unordered lists; 0 of a text with a single item (`has_list`)."""
    n_bold: int


def markup_counts(text: str) -> MarkupCounts:
    """Count headings (# to ######), list items and bold passages (** or __) outside fenced code."""
    prose = _without_fences(text)
    n_items = len(_ITEM.findall(prose))
    return MarkupCounts(len(_HEADING.findall(prose)), n_items if n_items > 1 else 0, len(_BOLD.findall(prose)))


def has_list(text: str) -> bool:
    """Whether at least two lines look like items of a list; a single one is as often a sentence that begins so."""
    return len(_ITEM.findall(text)) >= 2


def log_length_ratio(output_1: str, output_2: str) -> float:
    """log((1 + characters of output_1) / (1 + characters of output_2)): 0.69 means twice as long."""
    return math.log1p(len(output_1)) - math.log1p(len(output_2))


def list_difference(output_1: str, output_2: str) -> int:
    """1 if only output_1 has a list, -1 if only output_2 has one, else 0."""
    return int(has_list(output_1)) - int(has_list(output_2))


def _without_fences(text: str) -> str:
    """The lines outside fenced code; a fence that is never closed holds the rest of the text."""
    if not any(fence in text for fence in _FENCES):
        return text
    kept, opened = [], ""
    for line in text.split("\n"):
        mark = line.lstrip(" ")[:3]
        if opened:
            opened = "" if mark == opened else opened
        elif mark in _FENCES:
            opened = mark
        else:
            kept.append(line)
    return "\n".join(kept)
