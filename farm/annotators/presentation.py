"""In which orders and how often a judge sees one comparison, and how its verdicts become one.

FairEval (Wang et al. 2023, arXiv 2305.17926) asks for evidence before the verdict k times in each of both orders and
averages all (its MEC and BPC); that the evidence comes first is the prompt's business. MT-Bench (Zheng et al. 2023,
arXiv 2306.05685) calls it a tie if the verdict changes with the order.

Where a judge scores the outputs their scores are averaged, as in FairEval; verdicts without scores are averaged as
probabilities or votes. We average within each order first, so that both weigh the same where a reply was not parsed.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from farm.calls.request import NOT_ASKED
from farm.records import Preference, Verdict

ConflictRule = Literal["average", "tie", "drop"]
_SAME = 1e-9
"""Leads that differ from 0 by rounding only are a tie, so that swapping the outputs swaps the verdict."""


@dataclass(frozen=True, kw_only=True)
class Presentation:
    """How one judge is asked about one comparison."""

    key_name: ClassVar[str] = "Presentation"

    orders: Literal["random", "both"]
    """random: one order, drawn for each comparison; both: each output is shown first in turn."""
    n_samples: int
    """Verdicts asked for in each order (FairEval's k)."""
    sample_conflict: ConflictRule
    """What several verdicts in one order become: their average; or a tie, or nothing, unless they all say the same."""
    order_conflict: ConflictRule
    """What the verdicts of the two orders become, by the same rules."""

    def __post_init__(self) -> None:
        if self.n_samples < 1:
            raise ValueError(f"n_samples: expected at least 1, got {self.n_samples}")


ONCE = Presentation(orders="random", n_samples=1, sample_conflict="average", order_conflict="average")
"""AlpacaFarm's way: one verdict in a random order."""


class _Opinion(NamedTuple):
    """A verdict while verdicts are combined."""

    preference: Preference | None
    p_first: float | None
    """The soft verdict; that of a hard verdict is 1, 1/2 or 0. Scores that were averaged have none."""
    score_gap: float | None
    """Score of output_1 minus that of output_2, where the judge scores them."""
    reason: str
    """Why there is none."""


def combined(by_order: Sequence[Sequence[Verdict]], presentation: Presentation) -> Verdict:
    """One verdict from all that a judge gave on one comparison.

    Args:
        by_order: the verdicts, un-swapped, (orders, samples).
        presentation: the rules.

    Returns:
        The only verdict as it is. Of several: replies as a JSON list, tokens, money and time summed. `average` leaves
        out what could not be parsed; `tie` and `drop` give nothing then, for nobody knows whether the verdicts agree.
    """
    flat = [verdict for verdicts in by_order for verdict in verdicts]
    if len(flat) == 1:
        return flat[0]
    unasked = [verdict.unparsed_reason for verdict in flat if NOT_ASKED in verdict.unparsed_reason]
    if unasked:  # a later run will know more, so this one has no verdict
        opinion = _missing(unasked[0])
    else:
        of_orders = [_settled([_opinion(v) for v in verdicts], presentation.sample_conflict) for verdicts in by_order]
        opinion = _settled(of_orders, presentation.order_conflict)
    costs = [verdict.cost_usd for verdict in flat]
    return Verdict(
        preference=opinion.preference,
        p_first=opinion.p_first,
        raw_reply=json.dumps([verdict.raw_reply for verdict in flat], ensure_ascii=False),
        unparsed_reason=opinion.reason,
        n_prompt_tokens=sum(verdict.n_prompt_tokens for verdict in flat),
        n_cached_prompt_tokens=sum(verdict.n_cached_prompt_tokens for verdict in flat),
        n_completion_tokens=sum(verdict.n_completion_tokens for verdict in flat),
        cost_usd=None if None in costs else math.fsum(cost for cost in costs if cost is not None),
        latency_seconds=math.fsum(verdict.latency_seconds for verdict in flat),
    )


def _opinion(verdict: Verdict) -> _Opinion:
    if verdict.preference is None:
        return _missing(verdict.unparsed_reason)
    hard = 2.0 - verdict.preference.value
    p_first = hard if verdict.p_first is None else verdict.p_first
    return _Opinion(verdict.preference, p_first, verdict.score_gap, "")


def _missing(reason: str) -> _Opinion:
    return _Opinion(None, None, None, reason)


def _settled(opinions: Sequence[_Opinion], rule: ConflictRule) -> _Opinion:
    if len(opinions) == 1:
        return opinions[0]
    parsed = [opinion for opinion in opinions if opinion.preference is not None]
    reasons = list(dict.fromkeys(opinion.reason for opinion in opinions if opinion.preference is None))
    if not parsed:
        return _missing("; ".join(reasons))
    if reasons and rule != "average":
        n_missing = len(opinions) - len(parsed)
        return _missing(f"{n_missing} of {len(opinions)} verdicts missing: {'; '.join(reasons)}")
    p_first = _mean([opinion.p_first for opinion in parsed])
    score_gap = _mean([opinion.score_gap for opinion in parsed])
    preferences = [opinion.preference for opinion in parsed]
    is_unanimous = len(set(preferences)) == 1
    if rule == "average" and score_gap is not None:
        return _Opinion(_side(score_gap), None, score_gap, "")
    if rule == "average":
        return _Opinion(_side((p_first or 0.0) - 0.5), p_first, None, "")
    if is_unanimous:
        return _Opinion(preferences[0], p_first, score_gap, "")
    if rule == "tie":
        return _Opinion(Preference.TIE, p_first, None, "")
    counts = ", ".join(f"{side.name.lower()} {preferences.count(side)}" for side in Preference if side in preferences)
    return _missing(f"the verdicts disagree ({counts})")


def _mean(values: Sequence[float | None]) -> float | None:
    """None if one of them is missing."""
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(values) else None


def _side(lead: float) -> Preference:
    """Who leads, by the mean lead of output_1."""
    if abs(lead) < _SAME:
        return Preference.TIE
    return Preference.FIRST if lead > 0 else Preference.SECOND
