"""A reply without its dress: Markdown, LaTeX, HTML, full-width letters and smart quotes say nothing about a verdict."""

import html
import re
import unicodedata

_REPLACED = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u2039\u203a\u00b4\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u300c\u300d\u300e\u300f\u2033\uff02", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2212", "-"),
        **dict.fromkeys("\u3010\u3014\u3016", "["),
        **dict.fromkeys("\u3011\u3015\u3017", "]"),
        **dict.fromkeys("\u2192\u21d2\u279c\u27a1\u2794", " -> "),
        "\u227b": ">",
        "\u227a": "<",
        **dict.fromkeys("\U0001f170\U0001f1e6", " A "),
        **dict.fromkeys("\U0001f171\U0001f1e7", " B "),
        "\U0001f947": " 1st place: ",
        "\U0001f948": " 2nd place: ",
        "\u3002": ". ",
        "\u3001": ", ",
        "\u00ad": None,
        "\u00bd": ".5",
        "\u00bc": ".25",
        "\u00be": ".75",
        **dict.fromkeys("\u00b9\u00b2\u00b3\u2070\u2074\u2075\u2076\u2077\u2078\u2079", " "),
    }
)
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufe0e\ufe0f\ue000-\uf8ff]")
_BOXED = re.compile(r"\\(?:d?f?boxed|framebox|fbox)\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]{0,200}\}){0,200}\}){0,200})\}")
_LATEX_WRAPPED = re.compile(
    r"\\(?:text(?:bf|it|rm|tt|sf)?|math(?:bf|rm|it|tt|sf|bb|cal)|operatorname|emph|underline|mbox|bf|rm)\s*"
    r"\{([^{}]{0,200})\}"
)
_LATEX_SIGNS = (
    (re.compile(r"\\(?:succ|gt|gg)(?![a-zA-Z])"), ">"),
    (re.compile(r"\\(?:prec|lt|ll)(?![a-zA-Z])"), "<"),
    (re.compile(r"\\(?:left|right|big|Big|,|;|!|quad|displaystyle)(?![a-zA-Z])"), " "),
    (re.compile(r"\\[()\[\]]|\${1,2}"), " "),
)
_NAMED_TAG = re.compile(
    r"<(verdict|answer|final_answer|final_verdict|choice|decision|winner|result|score|rating|grade|output)\s*>"
    r"([^<>]{0,2000})</\1\s*>",
    re.I,
)
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9_-]{0,20}(?:\s[^<>]{0,200})?/?>")
_CONTROL = re.compile(r"<\|[^|<>\n]{1,40}\|>")
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~|</?(?:del|s|strike)>[^<\n]{0,200}</(?:del|s|strike)>")
_COMMENT = re.compile(r"<!--.{0,2000}?-->", re.S)
_LINK = re.compile(r"\[([^\[\]\n]{1,80})\]\(\s*(?:https?:|#|/)[^()\s]{0,200}\)")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[ \t]*[\w+-]{0,20}[ \t]*$", re.M)
_EMPHASIS = re.compile(r"\*{1,3}|~~|`{1,3}|(?<![\w])_{1,3}(?=[^\s_])|(?<=[^\s_])_{1,3}(?!\w)")
_LINE_DRESS = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|[-*+\u2022\u25cf\u25aa\u2192\u21d2=>]+[ \t]+|\|[ \t]*)+", re.M)
_RULE = re.compile(r"^[ \t]*[-=_*#~]{3,}[ \t]*$|(?<=\s)#{1,6}[ \t]*$", re.M)
_BLANKS = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n ?(?:\n ?)+")
_LOOK_ALIKES = str.maketrans("\u0410\u0412\u0421\u0430\u0441\u0391\u0392\u03b1", "ABCacABa")
_LOOK_ALIKE = re.compile(
    r"(?<=[(\[])\s*[\u0410\u0412\u0421\u0430\u0441\u0391\u0392\u03b1]\s*(?=[)\]])"
    r"|(?<=output |sponse |answer |istant )[\u0410\u0412\u0430\u0391\u0392\u03b1](?!\w)",
    re.I,
)
"""Cyrillic and Greek letters that look like A, B and C, where only those can be meant."""
_PICTURES = re.compile("[\u2190-\u21ff\u2600-\u26ff\u2700-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")


def plain(text: str) -> str:
    r"""The text as one would read it aloud, line by line.

    Full-width and styled letters become plain ones, HTML entities what they stand for, `<verdict>b</verdict>` becomes
    `verdict: b` on a line of its own, `\\boxed{b}` becomes `[[b]]`; emphasis, headings, bullets, code fences, LaTeX
    commands, link targets, rules and pictures are left out.
    """
    text = _ESCAPES.sub("", text)
    text = html.unescape(text) if "&" in text else text
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text.translate(_REPLACED)).translate(_REPLACED))
    if "\\" in text or "$" in text:
        text = _without_latex(text)
    text = _LOOK_ALIKE.sub(lambda match: match.group(0).translate(_LOOK_ALIKES), text)
    text = _STRUCK.sub(" ", text)
    if "<" in text:
        text = _CONTROL.sub(" ", text)
        text = _NAMED_TAG.sub(r"\n\1: \2\n", _COMMENT.sub(" ", text))
        text = _TAG.sub(" ", text)
    text = _LINK.sub(r"\1", _FENCE.sub("", text))
    text = _RULE.sub("", text)
    text = _LINE_DRESS.sub("", text)
    text = _EMPHASIS.sub("", text)
    return _BLANK_LINES.sub("\n\n", _BLANKS.sub(" ", _PICTURES.sub(" ", text)))


def _without_latex(text: str) -> str:
    for _ in range(3):
        text = _LATEX_WRAPPED.sub(r"\1", text)
    text = _BOXED.sub(lambda match: f" [[{match.group(1).strip()}]] ", text)
    for pattern, sign in _LATEX_SIGNS:
        text = pattern.sub(sign, text)
    return text
