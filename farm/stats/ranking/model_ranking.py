"""The ranking of models that one source of labels gives: win rates, strengths, Elo and ranks, each with its interval.

Nothing depends on what the models are called. If one model takes part in every comparison (and there are at least
three), it is the reference: the others' win rates are against it, and it is not ranked itself.

One instruction cannot be resampled: a model on fewer than two clusters has no interval and no rank.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from farm.stats.bootstrap import ONE_ITEM, Estimate, FloatArray, Resampling, estimate
from farm.stats.ranking.bradley_terry import Fit, TieModel, fit_observed, fit_strengths
from farm.stats.ranking.draws.clusters import cluster_resamples
from farm.stats.ranking.draws.ranking import RankingDraws
from farm.stats.ranking.draws.strengths import held_strengths
from farm.stats.ranking.elo import order_averaged_elo
from farm.stats.ranking.finite_strengths import disconnected
from farm.stats.ranking.pair_counts import (
    BoolArray,
    ClusterCounts,
    ComparisonTable,
    IntArray,
    PairCounts,
    Pairs,
)
from farm.stats.ranking.ranks import Ranks, ranks_from_draws
from farm.stats.ranking.tie_rules import (
    TIE_RULES,
    ModelTotals,
    TieRule,
    model_totals,
    rates_of_counts,
    rates_with_errors,
)


@dataclass(frozen=True, kw_only=True)
class RuleRate:
    """A win rate under one convention for ties."""

    tie_rule: TieRule
    estimate: Estimate
    """In [0, 1]; n_total counts the parsed comparisons of the model, whatever the convention does with its ties."""
    standard_error: float | None
    """Over clusters; None with fewer than two."""


@dataclass(frozen=True, kw_only=True)
class RankedModel:
    """One model in the ranking."""

    model: str
    n_ties: int
    n_clusters: int
    """With a parsed comparison of the model."""
    win_rates: tuple[RuleRate, ...]
    """One per convention, in the order of `TIE_RULES`."""
    strength: Estimate
    """Bradley-Terry, natural-log scale, mean 0 over all models."""
    elo: Estimate
    """Mean over random orders of play."""
    place: int | None
    """By strength, or by win rate if strengths are not finite; None if the models cannot be ranked."""
    rank_low: int | None
    """Best rank: 1 + the number of models that are significantly better; None as `place`, and of a model on fewer than
    two clusters."""
    rank_high: int | None
    """Worst rank."""

    def under(self, rule: TieRule) -> RuleRate:
        return next(rate for rate in self.win_rates if rate.tie_rule == rule)


@dataclass(frozen=True, kw_only=True)
class ModelRanking:
    """The ranking by one source of labels."""

    models: tuple[RankedModel, ...]
    """The best place first; without the reference."""
    reference: str
    """The model that takes part in every comparison; empty if there is none."""
    ranked_by: str
    """"strength" or "win_rate"; empty if the models cannot be ranked."""
    tie_model: TieModel
    tie_strength: Estimate | None
    """Davidson's parameter; None for half wins."""
    n_total: int
    """Parsed comparisons."""
    n_unparsed: int
    n_clusters: int
    """Clusters, such as instructions, that the bootstrap draws."""
    reason: str
    """Why there are no strengths, or no ranking at all; empty if nothing is missing."""
    is_graded: bool
    """Whether some verdict lies between win, tie and loss."""
    is_refused: bool
    """Whether there is no ranking at all: one model, or groups of models that never meet."""


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A ranking with its resamples."""

    ranking: ModelRanking
    draws: RankingDraws


def rank_models(
    comparisons: ComparisonTable,
    *,
    tie_model: TieModel,
    resampling: Resampling,
    resampled: Iterable[PairCounts] | None = None,
) -> Ranked:
    """Rank the models of a set of comparisons.

    Args:
        comparisons: what was judged, with the verdicts.
        tie_model: what a tie is to Bradley-Terry.
        resampling: draws the clusters; its seed keys the orders of Elo too.
        resampled: counts under other draws (of annotators too), as many rows in all, in any portions.
    """
    counts = ClusterCounts(comparisons)
    observed = counts.observed()
    fit, reason = fit_observed(comparisons.models, counts.pairs, observed, tie_model)
    if resampled is None:
        resampled = cluster_resamples(counts, resampling=resampling)
    drawn = _draw(counts.pairs, resampled, tie_model, fit)
    reference = _reference(comparisons)
    kept = np.array([k for k, model in enumerate(comparisons.models) if model != reference], dtype=np.intp)
    strengths = np.full(len(kept), np.nan) if fit is None else fit.strengths[0, kept]
    rates = rates_of_counts(counts.pairs, observed, "ties_half")[0, kept]
    is_refused = bool(disconnected(comparisons.models, counts.pairs)) or (len(comparisons.models) < 2 and bool(reason))
    draws = RankingDraws(
        models=tuple(comparisons.models[k] for k in kept),
        win_rates=rates,
        win_rate_draws=drawn.win_rates["ties_half"][:, kept],
        strengths=strengths,
        strength_draws=drawn.strengths[:, kept],
        strength_reason=reason,
        difference_errors=None,
        exact_models=frozenset(),
        refusal=reason if is_refused else "",
    )
    by_strength = fit is not None
    totals = model_totals(comparisons)
    n_clusters = np.asarray((totals.n_total > 0).sum(axis=0), dtype=np.intp)
    if (n_clusters[kept] < 2).all():
        draws = replace(draws, exact_models=frozenset(draws.models))
    ranks = None
    if not is_refused:
        values, order = (strengths, drawn.order[:, kept]) if by_strength else (rates, draws.win_rate_draws)
        ranks = ranks_from_draws(values, order, n_clusters[kept])
    drawn = drawn.without(n_clusters < 2)
    models = _ranked_models(
        comparisons, kept, drawn, strengths, ranks, totals=totals, seed=resampling.seed, reason=reason
    )
    parsed = int(np.isfinite(comparisons.scores).sum())
    return Ranked(
        ranking=ModelRanking(
            models=models,
            reference=reference,
            ranked_by="" if is_refused else "strength" if by_strength else "win_rate",
            tie_model=tie_model,
            tie_strength=_tie_strength(fit, drawn, tie_model, parsed, reason),
            n_total=parsed,
            n_unparsed=len(comparisons.scores) - parsed,
            n_clusters=counts.n_clusters,
            reason=reason,
            is_graded=not set(np.unique(comparisons.scores[np.isfinite(comparisons.scores)])) <= {0.0, 0.5, 1.0},
            is_refused=is_refused,
        ),
        draws=draws,
    )


class _Drawn(NamedTuple):
    """Resampled numbers of all models."""

    win_rates: dict[TieRule, FloatArray]
    """(R, M) each."""
    order: FloatArray
    """(R, M) strengths with inf and -inf, as `bradley_terry.Fit` has them."""
    strengths: FloatArray
    """(R, M) for intervals (`held_strengths`)."""
    log_tie_strengths: FloatArray
    """(R,)"""

    def without(self, is_unknown: BoolArray) -> "_Drawn":
        """The same without the draws of some models, (M,)."""
        rates = {rule: np.where(is_unknown, np.nan, draws) for rule, draws in self.win_rates.items()}
        return self._replace(win_rates=rates, strengths=np.where(is_unknown, np.nan, self.strengths))


def _draw(pairs: Pairs, portions: Iterable[PairCounts], tie_model: TieModel, fit: Fit | None) -> _Drawn:
    rates: dict[TieRule, list[FloatArray]] = {rule: [] for rule in TIE_RULES}
    fits = []
    for counts in portions:
        for rule in TIE_RULES:
            rates[rule].append(rates_of_counts(pairs, counts, rule))
        if fit is None:
            n_rows = len(counts.wins)
            fits.append(Fit(np.full((n_rows, pairs.n_models), np.nan), np.full(n_rows, np.nan)))
        else:
            fits.append(fit_strengths(pairs, counts, tie_model, fit))
    order = np.concatenate([f.strengths for f in fits])
    strengths = order if fit is None else held_strengths(order, fit.strengths[0])
    log_tie = np.concatenate([f.log_tie_strength for f in fits])
    return _Drawn(
        win_rates={rule: np.concatenate(parts) for rule, parts in rates.items()},
        order=order,
        strengths=strengths,
        log_tie_strengths=np.where(np.isfinite(strengths).any(axis=1), log_tie, np.nan),
    )


def _reference(comparisons: ComparisonTable) -> str:
    """The one model that is part of every comparison; empty with fewer than three models."""
    if len(comparisons.models) < 3:
        return ""
    always = [
        model
        for k, model in enumerate(comparisons.models)
        if ((comparisons.first == k) | (comparisons.second == k)).all()
    ]
    return always[0] if len(always) == 1 else ""


def _ranked_models(
    comparisons: ComparisonTable,
    kept: IntArray,
    drawn: _Drawn,
    strengths: FloatArray,
    ranks: Ranks | None,
    *,
    totals: ModelTotals,
    seed: int,
    reason: str,
) -> tuple[RankedModel, ...]:
    n_clusters = np.asarray((totals.n_total > 0).sum(axis=0)).astype(int)
    rates = {rule: rates_with_errors(totals, rule) for rule in TIE_RULES}
    elo = order_averaged_elo(comparisons, seed=seed)
    n_ties = np.asarray(totals.ties.sum(axis=0)).astype(int)
    rows = []
    for position, k in enumerate(kept):
        n_total, n_unparsed = elo[k].n_total, elo[k].n_unparsed

        def with_interval(value: float, draws: FloatArray, why: str, n: int = n_total, m: int = n_unparsed) -> Estimate:
            return estimate(float(value), draws, n_total=n, n_unparsed=m, reason=why)

        by_rule = []
        for rule in TIE_RULES:
            value, error = rates[rule].win_rates[k], rates[rule].standard_errors[k]
            why = "no parsed verdict on this model" if n_total == 0 else "nothing but ties"
            rate = with_interval(value, drawn.win_rates[rule][:, k], why)
            by_rule.append(
                RuleRate(tie_rule=rule, estimate=rate, standard_error=float(error) if np.isfinite(error) else None)
            )
        has_interval = bool(n_clusters[k] > 1)
        rows.append(
            RankedModel(
                model=comparisons.models[k],
                n_ties=int(n_ties[k]),
                n_clusters=int(n_clusters[k]),
                win_rates=tuple(by_rule),
                strength=with_interval(strengths[position], drawn.strengths[:, k], reason),
                elo=elo[k]
                if has_interval or elo[k].value is None
                else replace(elo[k], low=None, high=None, reason=ONE_ITEM),
                place=None if ranks is None else int(ranks.place[position]),
                rank_low=None if ranks is None or not has_interval else int(ranks.low[position]),
                rank_high=None if ranks is None or not has_interval else int(ranks.high[position]),
            )
        )
    return tuple(sorted(rows, key=_best_first))


def _best_first(row: RankedModel) -> tuple[float, float, str]:
    rate = row.under("ties_half").estimate.value
    return (row.place or 0, -1.0 if rate is None else -rate, row.model)


def _tie_strength(fit: Fit | None, drawn: _Drawn, tie_model: TieModel, n_total: int, reason: str) -> Estimate | None:
    if tie_model == "half_wins":
        return None
    value = np.nan if fit is None else float(np.exp(fit.log_tie_strength[0]))
    return estimate(value, np.exp(drawn.log_tie_strengths), n_total=n_total, reason=reason)
