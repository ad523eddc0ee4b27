"""The texts behind the verdicts, for whoever wants to read them: roots have them, committed leaderboards do not."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What one judge said of one answer against the reference."""

    judge: str
    preference: float | None
    """1 (the reference is better) to 2 (the answer is better), graded or not; None if unparsed."""
    first_shown: int | None
    """1: the judge saw the reference first; 2: the answer; None: both orders, or not recorded."""
    reply: str
    """What the judge said, in full."""
    unparsed_reason: str = ""


@dataclass(frozen=True, kw_only=True)
class EntryAnswer:
    """One entry's output on one instruction, beside the reference's, with what the judges said."""

    key: str
    """Of the entry."""
    annotator: str
    instruction_key: str
    instruction: str
    input: str
    output: str
    reference: str
    is_finished: bool
    """False if the output was cut at the token limit."""
    score: float | None
    """As in `farm.leaderboard.entries.EntryVerdict`."""
    judgements: Sequence[Judgement]
