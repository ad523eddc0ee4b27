"""The answer in a reply: what is left of it without its reasoning, if the reply was finished at all."""

import re
from typing import NamedTuple

from farm.calls.request import Reply
from farm.judges.parsers.lexicon import DANGLING, REPORTED
from farm.judges.parsers.plain_text import plain
from farm.judges.parsers.reading import excerpt

MAX_CHARACTERS = 100_000
"""Of an answer; a judge that writes more has run away, and reading it would take long."""
_REASONING = re.compile(
    r"(?P<open><|\[|\u25c1|<\||</|\[/|\u25c1/)\s*(?P<shut>/?)\s*"
    r"(?:think|thinking|thought|thoughts|reason|reasoning|reflection|scratchpad|analysis|inner_monologue|seed:think)\s*"
    r"(?:\|?>|\]|\u25b7)",
    re.I,
)
_FINAL_CHANNEL = "<|channel|>final<|message|>"
_CHANNEL = "<|channel|>"
_BARE_CHANNELS = re.compile(r"^analysis(?=[A-Z\u0080-\uffff])")
"""The same channels where a server has left out their control tokens."""
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.M)
_FENCE_LINE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.M)
_REPORTED = re.compile(rf"{REPORTED}|\b(?:contains?|consists?|includes?|not|cannot|can't)\b", re.I)
_QUOTATION = re.compile(r'(?<![\w\d])"([^"\n]{1,400})"')
_DANGLING = re.compile(DANGLING, re.I)
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_OPENING = {")": "(", "]": "[", "}": "{"}


class Answer(NamedTuple):
    """What a reply says, or why it says nothing."""

    text: str
    reason: str = ""
    """Empty if there is an answer."""


def spoken(reply: Reply) -> Answer:
    """The reply as it was written, without reasoning: blocks such as `<think>...</think>`.

    No answer is what reached max_tokens, a block that is never closed, and what holds nothing but reasoning.
    """
    if reply.is_cut:
        return Answer(
            "", f"the reply was cut at max_tokens; raise the judge's max_tokens (it says {excerpt(reply.text)})"
        )
    text = reply.text
    if _CHANNEL in text:
        if _FINAL_CHANNEL not in text:
            return Answer("", f"the reply ends in the middle of its reasoning (it says {excerpt(text)})")
        text = text.rpartition(_FINAL_CHANNEL)[2].partition("<|return|>")[0].partition("<|end|>")[0]
    if _BARE_CHANNELS.match(text):
        _, has_final, text = text.rpartition("assistantfinal")
        if not has_final:
            return Answer("", f"the reply ends in the middle of its reasoning (it says {excerpt(text)})")
    outside: list[str] = []
    depth = place = 0
    for match in _REASONING.finditer(text):
        if depth == 0:
            outside.append(text[place : match.start()])
        is_shut = bool(match.group("shut")) or "/" in match.group("open")
        if is_shut and depth == 0:
            outside.clear()  # some servers send the end of the block without its beginning
        depth = max(0, depth - 1) if is_shut else depth + 1
        place = match.end()
    if depth:
        return Answer("", f"the reply ends in the middle of its reasoning (it says {excerpt(text)})")
    rest = "".join([*outside, text[place:]])
    if text.strip() and not rest.strip():
        return Answer("", f"the reply holds no answer behind its reasoning (it says {excerpt(text)})")
    return Answer(rest)


def answer_of(reply: Reply) -> Answer:
    """The answer in plain text (`plain`); none if it is unfinished: a bracket or code fence that is never closed, or an
    end in the middle of a sentence.
    """
    said = spoken(reply)
    if said.reason:
        return said
    if len(said.text) > MAX_CHARACTERS:
        return Answer("", f"the reply is too long to be a verdict ({len(said.text):,} characters)")
    if len(_FENCE.findall(said.text)) % 2:
        return Answer("", f"the reply is unfinished: a code fence is never closed (it says {excerpt(said.text)})")
    text = without_quotations(plain(_without_blocks(_without_quotes(said.text))))
    if is_unclosed(text):
        return Answer("", f"the reply is unfinished: a bracket is never closed (it says {excerpt(said.text)})")
    if _DANGLING.search(text.rstrip()[-60:]):
        return Answer(
            "", f"the reply is unfinished: it ends in the middle of a sentence (it says {excerpt(said.text)})"
        )
    return Answer(text)


def _without_quotes(text: str) -> str:
    """Without the lines that quote (`> ...`), unless there is nothing else."""
    lines = text.split("\n")
    own = [line for line in lines if not line.lstrip().startswith(">")]
    return "\n".join(own) if any(line.strip() for line in own) else text


def _without_blocks(text: str) -> str:
    """Without code blocks, unless they are the answer: what is left is nothing, or a few words that announce it."""
    if not _FENCE.search(text):
        return text
    pieces = _FENCE_LINE.split(text)
    outside = "\n".join(pieces[::2]).strip()
    is_announced = len(outside) < 100 and not _REPORTED.search(outside)
    return text if is_announced else outside


def _is_name(quoted: str) -> bool:
    return len(quoted) < 14 and "[[" not in quoted


def without_quotations(text: str) -> str:
    """Without what is quoted from somebody else: a quotation of more than a name, where other text stands around it."""
    if '"' not in text or text.lstrip()[:1] in "{[":
        return text

    def kept(match: re.Match[str]) -> str:
        is_all = len(match.group(0)) >= len(text.strip())
        if is_all:
            return match.group(1)
        return match.group(0) if _is_name(match.group(1)) else '""'

    return _QUOTATION.sub(kept, text)


def is_unclosed(text: str) -> bool:
    """Whether a bracket is never closed; those in strings do not count."""
    open_brackets: list[str] = []
    for character in _QUOTED.sub('""', text):
        if character in "([{":
            open_brackets.append(character)
        elif character in _OPENING and open_brackets and open_brackets[-1] == _OPENING[character]:
            open_brackets.pop()
    return bool(open_brackets)
