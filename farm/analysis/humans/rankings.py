"""The ranking of models by one source, people or simulated annotators, with its resamples.

Where an item has several labels, a rule (`farm.stats.ranking.label_rules`) says how they count: by the consensus of the
source's annotators, each of them, or the first. The resamples draw instructions, the same ones for both sources of a
comparison, and annotators, for each source its own, as far as others judged the same models
(`farm.stats.ranking.draws.annotators`). Standard errors are over instructions, whose labels are one cluster. Published
figures are resampled with their standard errors as normal noise, and over training seeds where the file has them; the
Bradley-Terry strength that belongs to a win rate against one reference is its log odds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from farm.labels.label_table import LabelTable
from farm.labels.matched import MatchedLabels
from farm.labels.published.standings import PublishedModel, PublishedStandings, Role
from farm.stats.bootstrap import LEVEL, FloatArray, Resampling, seed_weights
from farm.stats.ranking.bradley_terry import TieModel
from farm.stats.ranking.draws.consensus import Votes, consensus, label_resamples
from farm.stats.ranking.draws.ranking import RankingDraws, draws_of_win_rates
from farm.stats.ranking.label_rules import RULE_WORDS, LabelRule
from farm.stats.ranking.model_ranking import ModelRanking, RankedModel, rank_models
from farm.stats.ranking.pair_counts import ComparisonTable, PairCounts, comparisons_of
from farm.stats.ranking.ranks import MIN_CLUSTERS
from farm.stats.ranking.tie_rules import model_totals, rates_with_errors
from farm.wording import listed

_SAME = 1e-9
"""A standard error below is that of equal verdicts, but for rounding."""
WIN_RATE = "win rate"
ONE_ANNOTATOR = "{role}: one annotator; intervals say nothing about other annotators"


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
    rule: LabelRule | None
    """How several labels of an item count; None for published figures."""
    n_drawn_annotators: int
    """Annotators that are resampled; 0 where nobody else judged the same models."""
    by_rule: Mapping[LabelRule, tuple["ModelWinRate", ...]]
    """The models under each rule, without intervals; empty if no item has several labels."""
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
    labels: MatchedLabels,
    role: Role,
    source: str,
    *,
    rule: LabelRule,
    tie_model: TieModel,
    resampling: Resampling,
) -> SourceRanking:
    """Rank the models by one source's labels, on the items that hold two of them against each other.

    Args:
        labels: the matched tables; some item must name two models.
        role: which of the two.
        source: where it comes from, in words.
        rule: how several labels of an item count.
        tie_model: what a tie is to Bradley-Terry.
        resampling: draws instructions and annotators; both sources of a comparison need the same.
    """
    labels = labels.between_models()
    table = labels.humans if role == "humans" else labels.judges
    assert table is not None
    comparisons = _comparisons(labels, table, rule)
    resampled: Iterable[PairCounts] | None = None
    n_drawn = n_fixed = 0
    if len(table.annotators) > 1:
        counted = table.of_first_labels() if rule == "first_label" else table
        drawn = label_resamples(
            _comparisons(labels, counted, "consensus"),
            Votes(labels=counted.labels),
            is_pooled=rule == "votes",
            name=role,
            resampling=resampling,
        )
        has_label = np.isfinite(counted.labels).any(axis=0)
        n_drawn, n_fixed = int((has_label & ~drawn.is_fixed).sum()), int(drawn.is_fixed.sum())
        resampled = drawn.counts
    ranked = rank_models(comparisons, tie_model=tie_model, resampling=resampling, resampled=resampled)
    return SourceRanking(
        role=role,
        source=source,
        figure=WIN_RATE,
        annotators=table.annotators,
        rule=rule,
        n_drawn_annotators=n_drawn,
        by_rule=_by_rule(labels, table, ranked.draws.models) if table.has_repeats else {},
        seeds=(),
        models=tuple(_model_win_rate(row) for row in sorted(ranked.ranking.models, key=lambda r: r.model)),
        draws=ranked.draws,
        ranking=ranked.ranking,
        is_trained_in_lab={},
        notes=(
            *_fixed_annotators(role, n_drawn + n_fixed, n_fixed),
            *_without_interval(role, ranked.ranking),
            *_few(role, ranked.ranking),
        ),
    )


def _model_win_rate(row: RankedModel) -> ModelWinRate:
    """A ranked model's win rate, ties one half."""
    rate = row.under("ties_half")
    return ModelWinRate(
        model=row.model,
        win_rate=rate.estimate.value,
        standard_error=rate.standard_error,
        n_total=rate.estimate.n_total,
        n_unparsed=rate.estimate.n_unparsed,
        low=rate.estimate.low,
        high=rate.estimate.high,
    )


def _comparisons(labels: MatchedLabels, table: LabelTable, rule: LabelRule) -> ComparisonTable:
    """One comparison an item, scored by the rule; or of votes one a label."""
    if rule != "votes":
        counted = table.of_first_labels() if rule == "first_label" else table
        return comparisons_of(labels.model_1, labels.model_2, 2 - consensus(counted.labels), labels.instruction_keys)
    item, annotator = np.nonzero(table.is_asked)
    model_1, model_2, instruction = (
        [values[k] for k in item] for values in (labels.model_1, labels.model_2, labels.instruction_keys)
    )
    return comparisons_of(model_1, model_2, 2 - table.labels[item, annotator], instruction)


def _by_rule(
    labels: MatchedLabels, table: LabelTable, ranked: tuple[str, ...]
) -> dict[LabelRule, tuple[ModelWinRate, ...]]:
    """The win rates of the ranked models under each rule."""
    rates: dict[LabelRule, tuple[ModelWinRate, ...]] = {}
    for rule in RULE_WORDS:
        comparisons = _comparisons(labels, table, rule)
        totals = model_totals(comparisons)
        with_errors = rates_with_errors(totals, "ties_half")
        n_total = np.asarray(totals.n_total.sum(axis=0)).ravel()
        rates[rule] = tuple(
            ModelWinRate(
                model=name,
                win_rate=_known(with_errors.win_rates[k]),
                standard_error=_known(with_errors.standard_errors[k]),
                n_total=int(n_total[k]),
                n_unparsed=0,
                low=None,
                high=None,
            )
            for k, name in enumerate(comparisons.models)
            if name in ranked
        )
    return rates


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _fixed_annotators(role: Role, n_annotators: int, n_fixed: int) -> tuple[str, ...]:
    """A sentence if some of several annotators are in every resample."""
    if n_fixed == 0:
        return ()
    if n_annotators == 1:
        return (ONE_ANNOTATOR.format(role=role),)
    return (
        f"{role}: {n_fixed} of {n_annotators} annotators judged models that nobody else judged; they are in every "
        "resample, and intervals say nothing about other annotators of these models",
    )


def _without_interval(role: Role, ranking: ModelRanking) -> tuple[str, ...]:
    """A sentence if some models' strengths have an interval and others' have not."""
    rows = [row for row in ranking.models if row.n_clusters > 1]
    has_interval = [row.strength.low is not None for row in rows]
    if ranking.reason or not any(has_interval) or all(has_interval):
        return ()
    names = sorted(row.model for row in rows if row.strength.low is None)
    return (
        f"{role}: no interval for the Bradley-Terry strength of {listed(names)}, which is not finite in too many "
        "resamples; the intervals of the others are of their strengths among themselves",
    )


def _few(role: Role, ranking: ModelRanking) -> list[str]:
    """Sentences about models with so few verdicts, or such, that the resamples hardly know their noise."""
    by_n = sorted(ranking.models, key=lambda row: row.model)
    notes = []
    unknown = [row.model for row in by_n if row.n_clusters == 1]
    if unknown:
        notes.append(
            f"{role}: verdicts on one instruction only, which cannot be resampled, so that there is no interval and no "
            f"rank: {listed(unknown)}"
        )
    open_ranks = [row.model for row in by_n if 1 < row.n_clusters < MIN_CLUSTERS]
    if open_ranks:
        notes.append(
            f"{role}: fewer than {MIN_CLUSTERS} instructions, which no exact test at the 5% level can tell from chance "
            f"even if all are alike, so that ranks do not count them as better or worse: {listed(open_ranks)}"
        )
    rates = [(row, row.under("ties_half")) for row in by_n]
    alike = [
        _alike(row, rate.estimate.value)
        for row, rate in rates
        if rate.estimate.value is not None and rate.standard_error is not None and rate.standard_error < _SAME
    ]
    if alike:
        notes.append(
            f"{role}: all instructions say the same of a model, so that the bootstrap sees no noise, and +- 0.0 is no "
            f"certainty: {listed(alike)}"
        )
    return notes


def _alike(row: RankedModel, rate: float) -> str:
    """The model, and how far the exact interval of a rate seen in none or all of n reaches (Clopper, Pearson 1934)."""
    if rate not in (0.0, 1.0):
        return f"{row.model} ({row.n_clusters} instructions)"
    reach = 1 - ((1 - LEVEL) / 2) ** (1 / row.n_clusters)
    low, high = (0.0, reach) if rate == 0 else (1 - reach, 1.0)
    exact = f"exact binomial 95% interval {100 * low:.1f}% to {100 * high:.1f}%"
    return f"{row.model} ({row.n_clusters} instructions; {exact})"


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
