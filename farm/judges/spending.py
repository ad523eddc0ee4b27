"""What verdicts took: the tokens, money and time of the replies behind them."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from farm.calls.request import Reply
from farm.judges.parsers.reading import Reading
from farm.records import Verdict


class Share(NamedTuple):
    """One verdict's part of a reply that several verdicts rest on; the parts add up to the reply."""

    reply: Reply
    number: int = 0
    """Which of the verdicts it is, from 0."""
    n_sharing: int = 1
    """How many verdicts rest on the reply."""

    def tokens(self, n_tokens: int) -> int:
        """Its part of a whole number; the first verdicts take what cannot be divided."""
        return n_tokens // self.n_sharing + (self.number < n_tokens % self.n_sharing)


def verdict_of(reading: Reading, raw_reply: str, shares: Sequence[Share]) -> Verdict:
    """The verdict of an un-swapped reading, with what it took.

    Args:
        reading: FIRST means output_1.
        raw_reply: what the judge said.
        shares: its parts of the replies that it rests on.
    """
    has_verdict = reading.preference is not None
    costs = [None if s.reply.cost_usd is None else s.reply.cost_usd / s.n_sharing for s in shares]
    return Verdict(
        preference=reading.preference,
        p_first=reading.p_first if has_verdict else None,
        score_gap=reading.score_gap if has_verdict else None,
        raw_reply=raw_reply,
        unparsed_reason="" if has_verdict else reading.reason,
        n_prompt_tokens=sum(s.tokens(s.reply.n_prompt_tokens) for s in shares),
        n_cached_prompt_tokens=sum(s.tokens(s.reply.n_cached_prompt_tokens) for s in shares),
        n_completion_tokens=sum(s.tokens(s.reply.n_completion_tokens) for s in shares),
        cost_usd=None if None in costs else math.fsum(cost for cost in costs if cost is not None),
        latency_seconds=math.fsum(s.reply.latency_seconds / s.n_sharing for s in shares),
    )
