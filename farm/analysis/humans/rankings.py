"""The ranking of models by one source, people or simulated annotators, with its resamples.

Recorded labels rank the models by the consensus of the source's annotators: the most frequent label of an item, or of
graded labels the mean (`farm.stats.ranking.consensus_draws`). The resamples draw instructions, the same ones for both
sources of a comparison, and annotators, for each source its own. Published figures are resampled with their standard
errors as normal noise, and over training seeds where the file has them; the Bradley-Terry strength that belongs to a
win rate against one reference is its log odds.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from farm.labels.matched import MatchedLabels
from farm.labels.published_standings import PublishedModel, PublishedStandings, Role
from farm.stats.bootstrap import FloatArray, Resampling, seed_weights
from farm.stats.ranking.bradley_terry import TieModel
from farm.stats.ranking.consensus_draws import Votes, consensus, consensus_resamples
from farm.stats.ranking.model_ranking import ModelRanking, rank_models
from farm.stats.ranking.pair_counts import PairCounts, comparisons_of
from farm.stats.ranking.ranking_draws import RankingDraws, draws_of_win_rates

WIN_RATE = "win rate"


@dataclass(frozen=True, kw_only=True)
class ModelWinRate:
    """One model's win rate, or its published figure, by one source."""

    model: str
    win_rate: float | None
    """In [0, 1], ties one half; or the named column's figure as it is. None if nothing was parsed."""
    standard_error: float | None
    n_total: int | None
    """Parsed verdicts; None if published figures do not say."""
    n_unparsed: int
    low: float | None
    """2.5% quantile over the resamples."""
    high: float | None


@dataclass(frozen=True, kw_only=True)
class SourceRanking:
    """The ranking by one source, ready to be compared."""

    role: Role
    source: str
    """Where it comes from, in words."""
    figure: str
    """What the models are ranked by: "win rate", or the published column's name."""
    annotators: tuple[str, ...]
    """Whose labels they are; empty for published figures."""
    seeds: tuple[int, ...]
    """Training seeds behind published figures; empty if it has none."""
    models: tuple[ModelWinRate, ...]
    """In alphabetical order."""
    draws: RankingDraws
    """Its "win rates" are the figures, whatever they are."""
    ranking: ModelRanking | None
    """None for published figures."""
    is_trained_in_lab: dict[str, bool]
    """As far as the source says."""
    notes: tuple[str, ...]

    @property
    def is_win_rate(self) -> bool:
        """Whether the figures are win rates, in [0, 1]."""
        return self.figure == WIN_RATE

    @property
    def figures(self) -> str:
        """The figure's name in the plural, for headings."""
        return "win rates" if self.is_win_rate else self.figure


def ranking_of_labels(
    labels: MatchedLabels, role: Role, source: str, *, tie_model: TieModel, resampling: Resampling
) -> SourceRanking:
    """Rank the models by one source's labels, on the items that hold two of them against each other.

    Args:
        labels: the matched tables; some item must name two models.
        role: which of the two.
        source: where it comes from, in words.
        tie_model: what a tie is to Bradley-Terry.
        resampling: draws instructions and annotators; both sources of a comparison need the same.
    """
    labels = labels.between_models()
    table = labels.humans if role == "humans" else labels.judges
    assert table is not None
    score = 2 - consensus(table.labels)
    comparisons = comparisons_of(labels.model_1, labels.model_2, score, labels.instruction_keys)
    resampled: Iterable[PairCounts] | None = None
    if len(table.annotators) > 1:
        votes = Votes(labels=table.labels)
        resampled = consensus_resamples(comparisons, votes, name=role, resampling=resampling)
    ranked = rank_models(comparisons, tie_model=tie_model, resampling=resampling, resampled=resampled)
    models = []
    for row in sorted(ranked.ranking.models, key=lambda r: r.model):
        rate = row.under("ties_half")
        models.append(
            ModelWinRate(
                model=row.model,
                win_rate=rate.estimate.value,
                standard_error=rate.standard_error,
                n_total=rate.estimate.n_total,
                n_unparsed=rate.estimate.n_unparsed,
                low=rate.estimate.low,
                high=rate.estimate.high,
            )
        )
    return SourceRanking(
        role=role,
        source=source,
        figure=WIN_RATE,
        annotators=table.annotators,
        seeds=(),
        models=tuple(models),
        draws=ranked.draws,
        ranking=ranked.ranking,
        is_trained_in_lab={},
        notes=(),
    )


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
