"""Texts in Hydra's grammar: quoted wherever they could be read as something else."""

import re

_PLAIN = re.compile(r"[A-Za-z_][\w./+-]*")
_NOT_TEXT = re.compile("null|true|false|nan|inf", re.IGNORECASE)
"""Words that Hydra reads as something else than text."""
_CONDITION = re.compile(r"(?P<key>\w*where)=(?P<value>.*)", re.DOTALL)
_QUOTED = re.compile(r"\s*(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")\s*", re.DOTALL)


def quoted(text: str) -> str:
    """The text as a value of a command line.

    >>> quoted("it's")
    "'it\\\\'s'"
    """
    if _PLAIN.fullmatch(text) and not _NOT_TEXT.fullmatch(text):
        return text
    # Hydra: backslashes before a quote are doubled; OmegaConf: ${ would begin a reference to another key.
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", text.replace("${", r"\${"))
    return "'" + re.sub(r"(\\+)$", r"\1\1", escaped) + "'"


def with_quoted_condition(argument: str) -> str:
    """An argument of a command line; the condition of `where=...` or `..._where=...` as the text that it is.

    Hydra's grammar has no quotation marks inside a text without quotes, and a condition has them. One that is written
    in Hydra's own quotes, or is null, stays as it is.

    >>> with_quoted_condition('where=turn == 1 and judge_kind == "expert"')
    'where=\\'turn == 1 and judge_kind == "expert"\\''
    """
    match = _CONDITION.fullmatch(argument)
    if match is None or _QUOTED.fullmatch(match["value"]) or match["value"].strip() in ("null", ""):
        return argument
    return f"{match['key']}={quoted(match['value'])}"
