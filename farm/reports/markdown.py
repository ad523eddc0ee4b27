"""Foreign text in Markdown: no formatting, no link, no picture, no HTML, no row of a table, no formula."""

import re

from farm.plain_text import one_line

_HTML = {ord("&"): "&amp;", ord("<"): "&lt;"}
_SIGNS = re.compile(
    r"[\\|*`$]"
    r"|(?<=\])[(:\[]"  # brackets are text (every interval has them); followed by one of these they may be a link
    r"|(?<=:)//|(?<=\bwww)\.|(?<=~)~"
    r"|(?<![^\W_])_|_(?![^\W_])"  # an underscore within a word is text
)
_FIRST = re.compile(r"^(?:[#=~>]|[+-](?=[\s-]|$)|(\d+)(?=[.)](?:\s|$)))")
"""What makes a heading, a list, a rule, a fence or a quotation at the beginning of a line."""


def escaped(text: str) -> str:
    """One line that Markdown and the HTML in it leave alone, behind something else on its line: a cell, a heading."""
    line = _SIGNS.sub(lambda sign: "".join(f"\\{c}" for c in sign[0]), one_line(text)).translate(_HTML)
    # A lone star at the end marks a row; it cannot open anything.
    return f"{line[:-2]}*" if line.endswith(" \\*") else line


def escaped_paragraph(text: str) -> str:
    """The same at the beginning of a line or of a list's item."""
    return _FIRST.sub(lambda first: f"{first[1]}\\" if first[1] else f"\\{first[0]}", escaped(text))
