"""What a judge may like an answer for, whatever it says, counted from its text."""

import re

from farm.leaderboard.entries import AnswerStyle

_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+\S", re.MULTILINE)
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\S", re.MULTILINE)
_BOLD = re.compile(r"\*\*[^*\n]+\*\*|__[^_\n]+__")


def style_of(text: str, *, n_tokens: int | None = None) -> AnswerStyle:
    """Arena's style features; Markdown within blocks of code is no style."""
    prose = _CODE.sub("", text) if "```" in text else text
    return AnswerStyle(
        length=len(text),
        n_tokens=n_tokens,
        n_headings=len(_HEADING.findall(prose)) if "#" in prose else 0,
        n_list_items=len(_ITEM.findall(prose)),
        n_bold=len(_BOLD.findall(prose)) if "**" in prose or "__" in prose else 0,
    )
