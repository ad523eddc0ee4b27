"""Two sides' rankings of the same models held against each other."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from farm.analysis.humans.rankings import Side
from farm.stats.bootstrap import Estimate, FloatArray
from farm.stats.ranking.model_ranking import RankingDraws
from farm.stats.ranking.ranking_agreement import Correlation, Correlations, PairOrder, correlate, pair_orders


@dataclass(frozen=True, kw_only=True)
class SidesComparison:
    """How far the simulated ranking is the humans' ranking."""

    models: tuple[str, ...]
    """The ones that both sides rank."""
    on_win_rates: Correlations
    on_strengths: Correlations
    """On Bradley-Terry log-strengths."""
    pairs: tuple[PairOrder, ...]
    """Every pair of models by win rate, in the humans' order; "first" is the humans."""
    expected_inversions: float
    """Sum over the pairs of the probability that they are ordered differently."""
    exact_side: str
    """The side whose figures come without standard errors: no inversion can be told from noise then. Empty if none."""
    reason: str
    """Why there is no comparison of rankings; empty if there is one."""

    @property
    def inversions(self) -> tuple[PairOrder, ...]:
        """The pairs that the two rankings order differently, the least likely to be noise first."""
        return tuple(sorted((p for p in self.pairs if p.is_inverted), key=lambda p: (p.p_value, p.p_same_order)))


def compare_sides(humans: Side, simulated: Side, *, only: Collection[str] | None = None) -> SidesComparison:
    """Compare two rankings.

    Args:
        humans: the side that is taken as the truth.
        simulated: the side that is to predict it.
        only: narrows the comparison to these models; None for all that both sides rank.
    """
    shared = sorted(set(humans.draws.models) & set(simulated.draws.models))
    shared = [model for model in shared if only is None or model in only]
    reason = _why_none(humans, simulated, shared)
    if reason:
        return no_comparison(reason, shared)
    first, second = (_narrowed(side.draws, shared) for side in (humans, simulated))
    rates = (first.win_rates, second.win_rates, first.win_rate_draws, second.win_rate_draws)
    strengths = (first.strengths, second.strengths, first.strength_draws, second.strength_draws)
    why = by_side({side.role: side.strength_reason for side in (humans, simulated)})
    pairs = pair_orders(shared, *rates)
    exact_side = " and ".join(side.role for side in (humans, simulated) if _is_exact(side, shared))
    if exact_side:
        pairs = tuple(replace(pair, is_beyond_noise=False) for pair in pairs)
    return SidesComparison(
        models=tuple(shared),
        on_win_rates=correlate(*rates, names=("humans", "simulated")),
        on_strengths=correlate(*strengths, names=("humans", "simulated"), reason=why),
        pairs=pairs,
        expected_inversions=sum(1 - pair.p_same_order for pair in pairs),
        exact_side=exact_side,
        reason="",
    )


def no_comparison(reason: str, models: Collection[str] = ()) -> SidesComparison:
    """An empty comparison that says why."""
    nothing = Correlation(
        estimate=Estimate(value=None, low=None, high=None, n_total=len(models), reason=reason),
        repeated_mean=None,
        repeated_low=None,
        repeated_high=None,
    )
    both = Correlations(spearman=nothing, kendall=nothing, pearson=nothing)
    return SidesComparison(
        models=tuple(models),
        on_win_rates=both,
        on_strengths=both,
        pairs=(),
        expected_inversions=0.0,
        exact_side="",
        reason=reason,
    )


def by_side(reasons: Mapping[str, str]) -> str:
    """Reasons of both sides in one sentence, once if they are the same; empty if there are none."""
    given = {role: reason for role, reason in reasons.items() if reason}
    if len(given) == 2 and len(set(given.values())) == 1:
        return f"{' and '.join(given)}: {next(iter(given.values()))}"
    return "; ".join(f"{role}: {reason}" for role, reason in given.items())


def _why_none(humans: Side, simulated: Side, shared: Collection[str]) -> str:
    refused = [
        f"{side.role}: {side.ranking.reason}" for side in (humans, simulated) if side.is_refused and side.ranking
    ]
    if refused:
        return "; ".join(refused)
    if not shared:
        return (
            f"the two sides rank no model in common: humans {_some(humans.draws.models)}, "
            f"simulated {_some(simulated.draws.models)}"
        )
    for side in (humans, simulated):
        rates = _narrowed(side.draws, shared).win_rates
        if np.isnan(rates).any():
            missing = [model for model, rate in zip(shared, rates, strict=True) if np.isnan(rate)]
            return f"{side.role}: no parsed verdict on {_some(missing)}"
    return ""


def _is_exact(side: Side, models: Collection[str]) -> bool:
    return any(model.model in models and model.standard_error is None for model in side.models)


def _narrowed(draws: RankingDraws, models: Collection[str]) -> RankingDraws:
    columns = [draws.models.index(model) for model in models]

    def at(values: FloatArray) -> FloatArray:
        chosen: FloatArray = values[..., columns]
        return chosen

    return RankingDraws(
        models=tuple(models),
        win_rates=at(draws.win_rates),
        win_rate_draws=at(draws.win_rate_draws),
        strengths=at(draws.strengths),
        strength_draws=at(draws.strength_draws),
    )


def _some(names: Collection[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(list(names)[:6]) + more
