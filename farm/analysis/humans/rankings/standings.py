"""The ranking that published figures give.

They are resampled with their standard errors as normal noise, and over training seeds where the file has them; the
Bradley-Terry strength that belongs to a win rate against one reference is its log odds.
"""

import numpy as np

from farm.analysis.humans.rankings.source_ranking import WIN_RATE, ModelWinRate, SourceRanking
from farm.labels.published.standings import PublishedModel, PublishedStandings, Role
from farm.stats.bootstrap import FloatArray, Resampling, seed_weights
from farm.stats.ranking.draws.ranking import draws_of_win_rates


def ranking_of_standings(standings: PublishedStandings, role: Role, *, resampling: Resampling) -> SourceRanking:
    """The ranking that published figures give.

    Args:
        standings: what the file says.
        role: whose.
        resampling: draws seeds and noise; each source draws its own.
    """
    values = np.array([np.mean(model.values) for model in standings.models])
    draws = _noisy(standings, role, resampling=resampling)
    order = np.argsort([model.model for model in standings.models], kind="stable")
    names = tuple(standings.models[k].model for k in order)
    values, draws = values[order], draws[:, order]
    models = []
    for k, name in enumerate(names):
        published = standings.models[order[k]]
        error = _standard_error(published)
        low, high = np.quantile(draws[:, k], [0.025, 0.975])
        models.append(
            ModelWinRate(
                model=name,
                win_rate=float(values[k]),
                standard_error=error,
                n_total=published.n_total,
                n_unparsed=0,
                low=None if error is None else float(low),
                high=None if error is None else float(high),
            )
        )
    return SourceRanking(
        role=role,
        source=standings.source,
        figure=WIN_RATE if standings.is_win_rate else standings.column,
        annotators=(),
        rule=None,
        n_drawn_annotators=0,
        by_rule={},
        seeds=standings.seeds,
        models=tuple(models),
        draws=draws_of_win_rates(
            names,
            values,
            draws,
            difference_errors=None,
            exact_models=frozenset(model.model for model in models if model.standard_error is None),
            strength_reason="" if standings.is_win_rate else f"{standings.column} is no win rate against one reference",
        ),
        ranking=None,
        is_trained_in_lab={m.model: m.is_trained_in_lab for m in standings.models if m.is_trained_in_lab is not None},
        notes=standings.notes,
    )


def _noisy(standings: PublishedStandings, role: Role, *, resampling: Resampling) -> FloatArray:
    """(R, M) in the order of the file: seeds drawn for all models together, then each model's own noise."""
    values = np.array([model.values for model in standings.models])
    errors = np.array([np.mean([e or 0.0 for e in model.standard_errors]) for model in standings.models])
    weights = seed_weights(values.shape[1], resampling, "published standings", f"{role} seeds")
    centre = (weights / weights.sum(axis=1, keepdims=True)) @ values.T
    noise = resampling.rng("published standings", f"{role} noise").standard_normal(centre.shape)
    drawn: FloatArray = centre + noise * errors
    return drawn


def _standard_error(model: PublishedModel) -> float | None:
    """Of the mean over seeds, the seeds' verdicts taken as fully alike: sqrt(mean(error)^2 + variance / seeds)."""
    errors = [error for error in model.standard_errors if error is not None]
    if len(errors) < len(model.standard_errors):
        return None
    between = float(np.var(model.values, ddof=1)) / len(model.values) if len(model.values) > 1 else 0.0
    return float(np.sqrt(np.mean(errors) ** 2 + between))
