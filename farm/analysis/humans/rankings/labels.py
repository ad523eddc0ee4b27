"""The ranking of models that recorded labels give, of people or of simulated annotators, with its resamples.

Where an item has several labels, a rule (`farm.stats.ranking.label_rules`) says how they count: by the consensus of the
source's annotators, each of them, or the first. The resamples draw instructions, the same ones for both sources of a
comparison, and annotators, for each source its own, as far as others judged the same models
(`farm.stats.ranking.draws.annotators`). Standard errors are over instructions, whose labels are one cluster.
"""

from collections.abc import Iterable

import numpy as np

from farm.analysis.humans.rankings.certainty import few_verdicts, fixed_annotators, without_interval
from farm.analysis.humans.rankings.source_ranking import WIN_RATE, ModelWinRate, SourceRanking
from farm.labels.label_table import LabelTable
from farm.labels.matched import MatchedLabels
from farm.labels.published.standings import Role
from farm.stats.bootstrap import Resampling
from farm.stats.ranking.bradley_terry import TieModel
from farm.stats.ranking.draws.consensus import Votes, consensus, label_resamples
from farm.stats.ranking.label_rules import RULE_WORDS, LabelRule
from farm.stats.ranking.model_ranking import RankedModel, rank_models
from farm.stats.ranking.pair_counts import ComparisonTable, PairCounts, comparisons_of
from farm.stats.ranking.tie_rules import model_totals, rates_with_errors


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
            *fixed_annotators(role, n_drawn + n_fixed, n_fixed),
            *without_interval(role, ranked.ranking),
            *few_verdicts(role, ranked.ranking),
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
