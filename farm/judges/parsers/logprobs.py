"""Soft verdicts: the probability of one label among both."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from farm.calls.request import Reply, TokenLogprob
from farm.judges.parsers.reading import Reading, no_verdict, soft_reading, unreadable

_AROUND = " \n\t\"'`*_()[].,:;▁Ġ"
"""Signs that tokens carry around a label; the last two are how tokenizers write a leading space."""


@dataclass(frozen=True, kw_only=True)
class LabelLogprobs:
    """P(first) / (P(first) + P(second)), spellings of a label taken together (`A`, ` A`, `a`, `(a`).

    Of a local model the labels are scored as continuations in one forward pass. An endpoint returns the most probable
    tokens at each place of its reply; the verdict stands at the first or last place whose most probable token is a
    label. A label that is not among the tokens returned there counts as impossible.
    """

    key_name: ClassVar[str] = "LabelLogprobs"

    first: str
    """What the model says for the output that is shown first; a single token."""
    second: str
    """What it says for the other one."""
    place: Literal["first", "last"]
    """Which place counts if several could: first for a bare label, last where an explanation comes before it."""

    @property
    def labels(self) -> tuple[str, ...]:
        return (self.first, self.second)

    def readings(self, reply: Reply, n_pairs: int) -> list[Reading]:
        assert n_pairs == 1, "reads one verdict"
        if reply.label_logprobs:
            return [_normalised(*reply.label_logprobs)]
        if not reply.top_logprobs:
            return [no_verdict("the reply came without log-probabilities; this model needs a judge that reads text")]
        places = [place for place in reply.top_logprobs if place and self._side(max(place, key=_logprob).token)]
        if not places:
            return [unreadable(f"no token {self.first!r} or {self.second!r} in the reply", reply.text)]
        verdict = places[0 if self.place == "first" else -1]
        return [_normalised(*(self._logsumexp(verdict, side) for side in (1, 2)))]

    def _side(self, token: str) -> int:
        """1 or 2 for a label's token, 0 for any other."""
        said = token.strip(_AROUND).casefold()
        return (said == self.first.casefold()) + 2 * (said == self.second.casefold())

    def _logsumexp(self, place: Sequence[TokenLogprob], side: int) -> float:
        total = math.fsum(math.exp(t.logprob) for t in place if self._side(t.token) == side)
        return math.log(total) if total > 0.0 else -math.inf


def _logprob(token: TokenLogprob) -> float:
    return token.logprob


def _normalised(first: float, second: float) -> Reading:
    """The reading of two log-probabilities, which need not be normalised."""
    if math.isnan(first) or math.isnan(second) or max(first, second) == -math.inf:
        return no_verdict(f"the labels have no probability ({first} and {second} nats)")
    gap = second - first
    return soft_reading(1.0 / (1.0 + math.exp(gap)) if gap < 700.0 else 0.0)
