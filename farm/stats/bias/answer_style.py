"""What a reader sees of two answers before reading them: how much longer one is, and whether it has a list."""

import math
import re

# A line that starts with a bullet or with a number or letter and a dot or bracket ("- x", "2. x", "a) x"); a dash or a
# star must be followed by a blank, so that "**bold**", "-5" and a rule of dashes are no items.
_ITEM = re.compile(r"^[ \t]*(?:[-*+\u2022\u2023\u25e6\u2013][ \t]+|(?:\d{1,3}|[A-Za-z])[.)][ \t]+)\S", re.MULTILINE)


def has_list(text: str) -> bool:
    """Whether at least two lines look like items of a list; a single one is as often a sentence that begins so."""
    return len(_ITEM.findall(text)) >= 2


def log_length_ratio(output_1: str, output_2: str) -> float:
    """log((1 + characters of output_1) / (1 + characters of output_2)): 0.69 means twice as long."""
    return math.log1p(len(output_1)) - math.log1p(len(output_2))


def list_difference(output_1: str, output_2: str) -> int:
    """1 if only output_1 has a list, -1 if only output_2 has one, else 0."""
    return int(has_list(output_1)) - int(has_list(output_2))
