"""What is odd about one model's outputs, by themselves: empty, cut, all alike, meant for the judge."""

import re
import zlib
from collections import Counter
from collections.abc import Sequence

from farm.leaderboard.board import Finding
from farm.plain_text import one_line
from farm.wording import listed

MANY = 0.05
"""Share of the outputs from which on a finding is severe."""
MIN_OUTPUTS = 10
"""Fewer say nothing about whether outputs are alike."""
SAME_SHARE = 0.2
"""Share of equal outputs from which on a model is (nearly) constant."""
MIN_COMPRESSION = 0.3
"""Compressed together, outputs of 34 models of AlpacaEval 1 take 0.74 to 0.89 of what they take one by one; a text with
a number changed takes 0.06."""
USUAL_COMPRESSION = 0.8
"""Of AlpacaEval's references; where a track's own compress further, so must outputs that are nearly alike."""
CUT_SHARE = 0.25
"""Share of long outputs that end within a sentence; of the 34 models the most is in experiments/leaderboard.md."""
MIN_LONG = 300
"""Characters of an output that would end with its sentence."""
_COMPRESSED = 2**20
"""Characters that are compressed; so many show whether outputs are alike."""
_END = re.compile(r"""[.!?:;)\]}>"'`*_~|/\\=#+$%-]\s*\Z|[^\x00-\u024F]\s*\Z""")
"""Marks that end a sentence or a block; of a script other than Latin, and of signs such as emojis, any."""
_ADDRESS = re.compile(
    r"""(?ix)
    \b(?:note|message|attention|instructions?|reminder)\s+(?:to|for)\s+(?:the\s+|any\s+)?
        (?:judge|evaluator|grader|annotator|rater|reviewer|evaluation\s+(?:model|system))s?\b
    | \bdear\s+(?:evaluator|grader|annotator|rater)s?\b
    | \b(?:ignore|disregard|forget)\s+(?:all\s+|any\s+|the\s+)*(?:previous|prior|above|earlier|preceding)\s+
        (?:instructions?|prompts?|outputs?|guidelines)\b
    | \b(?:the|these)?\s*instructions\s+that\s+you\s+were\s+given\s+before\s+have\s+been\s+replaced\b
    | \b(?:choose|prefer|select|rank|rate)\s+this\s+(?:output|response|answer)\b
    | \bthis\s+(?:output|response|answer)\s+is\s+(?:clearly\s+|much\s+)?better\s+than\s+the\s+other\b
    | \bprefer\s+the\s+(?:first|last)\s+(?:output|response|answer)\b
    | \bthe\s+other\s+(?:output|response|answer)\s+(?:must\s+not\s+be\s+chosen|is\s+worse|was\s+found\s+to\s+be)\b
    """
)
_MARKER = re.compile(
    r"""(?x)
    \[\[\s*(?:A|B|C|[AB]\s*>{1,2}\s*[AB]|[AB]\s*=\s*[AB]|\d{1,2})\s*\]\]
    | ^[#\s*]*Output\s*\((?:a|b)\)\s*:?\s*$
    | ^\#+\s*(?:Best\ Model\ Identifier|Model\ Outputs|End\ of\ the\ outputs)\b
    | ["']?ordered_models["']?\s*[:=]
    | ["']model["']\s*:\s*["'][^"'\n]{1,40}["']\s*,\s*["']rank["']\s*:\s*\d
    | <\|(?:im_start|im_end|start_header_id|eot_id|endoftext)\|>
    | \[The\ (?:Start|End)\ of\ Assistant\ [AB]'s\ (?:Answer|Conversation)
    """,
    re.MULTILINE,
)
_ADDRESS_WORDS = (
    "judge", "evaluat", "grader", "annotator", "rater", "reviewer", "ignore", "disregard", "forget",
    "given before", "this output", "this response", "this answer", "other output", "other response", "other answer",
    "first output", "last output", "first response", "last response", "first answer", "last answer",
)  # fmt: skip
"""One of them stands in every text that the pattern finds: looking for them first takes a tenth of the time."""
_MARKER_WORDS = ("[[", "<|", "Output (", "Best Model", "Model Outputs", "End of the outputs", "ordered_models", "rank",
    "[The Start", "[The End")  # fmt: skip


def output_findings(outputs: Sequence[str], references: Sequence[str], *, is_finished: Sequence[bool]) -> list[Finding]:
    """All that is odd.

    Args:
        outputs: in any order.
        references: the reference's outputs to the same instructions.
        is_finished: False where an output is known to have been cut at the token limit.
    """
    found = [
        empty_outputs(outputs),
        constant_outputs(outputs, references),
        truncated_outputs(outputs, is_finished=is_finished),
        addresses_judge(outputs),
        verdict_markers(outputs),
    ]
    return [finding for finding in found if finding is not None]


def empty_outputs(outputs: Sequence[str]) -> Finding | None:
    """Outputs without a visible character."""
    n_empty = sum(not output.strip() for output in outputs)
    if not n_empty:
        return None
    sentence = f"{n_empty:,} of {len(outputs):,} outputs {'is' if n_empty == 1 else 'are'} empty"
    return Finding(check="empty_outputs", sentence=sentence, n_rows=n_empty, is_severe=n_empty > MANY * len(outputs))


def constant_outputs(outputs: Sequence[str], references: Sequence[str]) -> Finding | None:
    """One text for many instructions (the null model of Zheng et al. 2024), or one with a few words changed.

    Args:
        outputs: of the model.
        references: the reference's; where the instructions themselves are alike, so are these.
    """
    if len(outputs) < MIN_OUTPUTS:
        return None
    text, n_same = Counter(" ".join(output.split()) for output in outputs).most_common(1)[0]
    if n_same >= SAME_SHARE * len(outputs):
        sentence = f"{n_same:,} of {len(outputs):,} outputs are the same text, {one_line(text)[:60]!r}"
        return Finding(check="constant_outputs", sentence=sentence, n_rows=n_same, is_severe=True)
    ratio = _compression(outputs)
    if ratio >= MIN_COMPRESSION * min(1.0, _compression(references) / USUAL_COMPRESSION):
        return None
    sentence = f"the outputs are nearly alike: together they compress to {ratio:.0%} of what they take one by one"
    return Finding(check="constant_outputs", sentence=sentence, n_rows=len(outputs), is_severe=True)


def truncated_outputs(outputs: Sequence[str], *, is_finished: Sequence[bool]) -> Finding | None:
    """Outputs that were cut: known by their token limit, or by many long ones that end within a sentence."""
    n_cut = sum(not finished for finished in is_finished)
    if n_cut:
        sentence = f"{n_cut:,} of {len(outputs):,} outputs were cut at the token limit"
        return Finding(check="truncated", sentence=sentence, n_rows=n_cut, is_severe=n_cut > MANY * len(outputs))
    long = [output for output in outputs if len(output) >= MIN_LONG]
    n_open = sum(not _END.search(output[-8:]) for output in long)
    if len(long) < MIN_OUTPUTS or n_open < CUT_SHARE * len(long):
        return None
    sentence = f"{n_open:,} of {len(long):,} long outputs end within a sentence, as if cut at a token limit"
    return Finding(check="truncated", sentence=sentence, n_rows=n_open, is_severe=False)


def addresses_judge(outputs: Sequence[str]) -> Finding | None:
    """Outputs that speak to whoever judges them."""
    hinted = [output for output in outputs if _has_word(output.lower(), _ADDRESS_WORDS)]
    return _matching(hinted, len(outputs), _ADDRESS, "addresses_judge", "speak to the judge")


def verdict_markers(outputs: Sequence[str]) -> Finding | None:
    """Outputs with marks of verdicts, of judges' prompts or of chat templates."""
    hinted = [output for output in outputs if _has_word(output, _MARKER_WORDS)]
    what = "hold marks of a verdict, judge's prompt or chat template"
    return _matching(hinted, len(outputs), _MARKER, "verdict_markers", what)


def _matching(hinted: Sequence[str], n_outputs: int, pattern: re.Pattern[str], check: str, what: str) -> Finding | None:
    found = [match for output in hinted if (match := pattern.search(output)) is not None]
    if not found:
        return None
    shown = listed(sorted({f"{one_line(match[0])[:40]!r}" for match in found}), 3)
    sentence = f"{len(found):,} of {n_outputs:,} outputs {what}: {shown}"
    return Finding(check=check, sentence=sentence, n_rows=len(found), is_severe=len(found) > MANY * n_outputs)


def _has_word(text: str, words: Sequence[str]) -> bool:
    return any(word in text for word in words)


def _compression(outputs: Sequence[str]) -> float:
    """Bytes of the outputs compressed together per byte of them compressed one by one; 1 of nothing."""
    chosen, n_characters = [], 0
    for output in outputs:
        chosen.append(output.encode("utf-8", "surrogatepass"))
        n_characters += len(output)
        if n_characters > _COMPRESSED:
            break
    apart = sum(len(zlib.compress(text, 1)) for text in chosen)
    return len(zlib.compress(b"\n".join(chosen), 1)) / apart if apart and len(chosen) >= MIN_OUTPUTS else 1.0
