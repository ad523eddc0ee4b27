"""How far two rankings of the same models agree, whatever they were made from: the one comparison of rankings.

The first ranking is taken as the truth (people's, or the crowd's of a sweep), the second is to predict it. Both are
values with resamples (`farm.stats.ranking.draws.ranking`); where these come from is the caller's business:
`farm.stats.ranking.draws.scores` makes them of training runs, `farm.stats.ranking.model_ranking` of recorded labels.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from farm.stats.ranking.correlations import MIN_MODELS, Correlations, correlate, no_correlations
from farm.stats.ranking.draws.ranking import RankingDraws
from farm.stats.ranking.draws.strengths import jointly_known
from farm.stats.ranking.pair_counts import BoolArray
from farm.stats.ranking.pair_orders import PairOrder, pair_orders
from farm.wording import listed

MOST_NAMED = 6
"""Models that a reason names."""


@dataclass(frozen=True, kw_only=True)
class RankingComparison:
    """How far the second ranking is the first."""

    models: tuple[str, ...]
    """The ones that both rank."""
    on_win_rates: Correlations
    on_strengths: Correlations
    """On Bradley-Terry log-strengths, without `without_strength`."""
    without_strength: str
    """Which models are left out of `on_strengths`, and why; empty if none is."""
    pairs: tuple[PairOrder, ...]
    """Every pair of models by win rate, in the order of the first ranking."""
    expected_inversions: float | None
    """Sum over the pairs of the probability that they are ordered differently; None if that of one is not known."""
    without_errors: str
    """Whose figures come without standard errors, in part or all: nothing can be told from noise then, so that there is
    no interval, no repetition, and no probability of the pairs with these models. Empty if nobody's."""
    reason: str
    """Why there is no comparison of rankings; empty if there is one."""

    @property
    def inversions(self) -> tuple[PairOrder, ...]:
        """The pairs that the two rankings order differently, the least likely to be noise first."""
        inverted = (pair for pair in self.pairs if pair.is_inverted)
        return tuple(sorted(inverted, key=lambda p: (p.p_value is None, p.p_value or 0.0, p.p_same_order or 0.0)))


def compare_rankings(
    first: RankingDraws, second: RankingDraws, *, names: tuple[str, str], only: Collection[str] | None = None
) -> RankingComparison:
    """Compare two rankings.

    Args:
        first: the ranking that is taken as the truth.
        second: the ranking that is to predict it; its resamples are drawn together with the first's.
        names: what the two are called in reasons.
        only: narrows the comparison to these models; None for all that both rank.
    """
    shared = sorted(set(first.models) & set(second.models))
    shared = [model for model in shared if only is None or model in only]
    rankings = dict(zip(names, (first, second), strict=True))
    reason = _why_none(rankings, shared)
    if reason:
        return no_comparison(reason, shared)
    first, second = first.of(shared), second.of(shared)
    why = by_source({name: ranking.strength_reason for name, ranking in rankings.items()})
    pairs = pair_orders(first, second)
    without_errors = " and ".join(name for name, ranking in rankings.items() if ranking.exact_models & set(shared))
    no_interval = f"no interval: the figures of {without_errors} come without standard errors" if without_errors else ""
    ranked, without_strength = _with_strengths(first, second, is_asked=not why and not no_interval)
    chances = [pair.p_same_order for pair in pairs]
    return RankingComparison(
        models=tuple(shared),
        on_win_rates=correlate(
            first.win_rates,
            second.win_rates,
            first.win_rate_draws,
            second.win_rate_draws,
            names=names,
            no_interval=no_interval,
        ),
        on_strengths=correlate(
            first.strengths[ranked],
            second.strengths[ranked],
            first.strength_draws[:, ranked],
            second.strength_draws[:, ranked],
            names=names,
            reason=why,
            no_interval=no_interval,
        ),
        without_strength=without_strength,
        pairs=pairs,
        expected_inversions=None if None in chances else sum(1 - chance for chance in chances if chance is not None),
        without_errors=without_errors,
        reason="",
    )


def no_comparison(reason: str, models: Collection[str] = ()) -> RankingComparison:
    """An empty comparison that says why."""
    missing = no_correlations(len(models), reason)
    return RankingComparison(
        models=tuple(models),
        on_win_rates=missing,
        on_strengths=missing,
        without_strength="",
        pairs=(),
        expected_inversions=0.0,
        without_errors="",
        reason=reason,
    )


def by_source(reasons: Mapping[str, str]) -> str:
    """Reasons of both sources in one sentence, once if they are the same; empty if there are none."""
    given = {name: reason for name, reason in reasons.items() if reason}
    if len(given) == 2 and len(set(given.values())) == 1:
        return f"{' and '.join(given)}: {next(iter(given.values()))}"
    return "; ".join(f"{name}: {reason}" for name, reason in given.items())


class _Kept(NamedTuple):
    """Models whose strengths are correlated."""

    is_ranked: BoolArray
    """(M,)"""
    without: str
    """Which are left out, and why."""


def _with_strengths(first: RankingDraws, second: RankingDraws, *, is_asked: bool) -> _Kept:
    """The models whose strengths are known in enough resamples of both, if these are enough for a correlation."""
    everybody = np.ones(len(first.models), dtype=np.bool_)
    is_known = np.isfinite(first.strength_draws) & np.isfinite(second.strength_draws)
    kept = jointly_known(is_known)
    if not is_asked or kept.all() or kept.sum() < MIN_MODELS:
        return _Kept(everybody, "")
    names = [model for model, is_kept in zip(first.models, kept, strict=True) if not is_kept]
    n_unknown = [int(n) for n in (~is_known[:, ~kept]).sum(axis=0)]
    most = f"{max(n_unknown)} of {len(is_known)}"
    resamples = most if len(set(n_unknown)) == 1 else f"up to {most}"
    return _Kept(
        kept,
        f"Bradley-Terry correlations leave out {listed(names, MOST_NAMED)}: too few comparisons, so that the strength "
        f"is not finite in {resamples} resamples",
    )


def _why_none(rankings: Mapping[str, RankingDraws], shared: Collection[str]) -> str:
    refusal = by_source({name: ranking.refusal for name, ranking in rankings.items()})
    if refusal:
        return refusal
    if not shared:
        ranked = ", ".join(f"{name} {listed(ranking.models, MOST_NAMED)}" for name, ranking in rankings.items())
        return f"the two rank no model in common: {ranked}"
    for name, ranking in rankings.items():
        missing = [model for model in shared if np.isnan(ranking.win_rates[ranking.models.index(model)])]
        if missing:
            return f"{name}: no parsed verdict on {listed(missing, MOST_NAMED)}"
    return ""
