"""`comparison.json` of a comparison with humans, in the shape of `farm.analysis.comparison_schema`."""

from collections.abc import Sequence
from pathlib import Path

from farm.analysis.comparison_file import (
    ModelFigures,
    inversions_json,
    model_json,
    pairs_json,
    ranking_json,
    write_comparison_file,
)
from farm.analysis.comparison_schema import SCHEMA_VERSION, ComparisonJson, ModelJson, SourceJson
from farm.analysis.humans.agreement import LabelAgreement
from farm.analysis.humans.comparison import HumanComparison
from farm.analysis.humans.grade_counts import GRADES
from farm.analysis.humans.label_statistics import LabelStatistics
from farm.analysis.humans.rankings.source_ranking import ModelWinRate, SourceRanking
from farm.analysis.label_schema import (
    AnnotatorRatesJson,
    HumanLabelsJson,
    LabelAgreementJson,
    LabelRuleRatesJson,
    OwnRankingJson,
    RankedModelJson,
    RateJson,
)
from farm.reports.json_file import figure
from farm.stats.ranking.model_ranking import ModelRanking, RankedModel


def write_human_comparison(comparison: HumanComparison, path: Path) -> None:
    """Write `comparison.json`."""
    write_comparison_file(human_comparison_json(comparison), path)


def human_comparison_json(comparison: HumanComparison) -> ComparisonJson:
    """The content of `comparison.json`."""
    trained, screening, statistics = comparison.trained_ranking, comparison.screening, comparison.label_statistics
    return {
        "schema_version": SCHEMA_VERSION,
        "sources": {"humans": _source(comparison.humans), "simulated": _source(comparison.simulated)},
        "n_instructions": None if comparison.labels is None else len(set(comparison.labels.instruction_keys)),
        "ranking": ranking_json(comparison.ranking, no_win_rates=comparison.no_win_rates),
        "ranking_trained_in_lab": None
        if trained is None
        else ranking_json(trained, no_win_rates=comparison.no_win_rates),
        "n_not_trained_in_lab": comparison.n_not_trained,
        "ranking_by_annotator": {
            name: ranking_json(ranking) for name, ranking in comparison.ranking_by_annotator.items()
        },
        "inversions": inversions_json(comparison.ranking),
        "pairs": pairs_json(comparison.ranking),
        "models": _models(comparison),
        "label_free": [],
        "other": [],
        "label_agreement": _agreement(comparison.agreement),
        "label_agreement_by_annotator": {
            name: _agreement(agreement) for name, agreement in comparison.agreement_by_annotator.items()
        },
        "order_effects": {
            name: {figure_name: figure(value) for figure_name, value in effect._asdict().items()}
            for name, effect in comparison.order_effects.items()
        },
        "win_rates_by_annotator": [_annotator_rates(ranking) for ranking in comparison.annotator_rankings],
        "win_rates_by_rule": [
            _rates_by_rule(ranking) for ranking in (comparison.humans, comparison.simulated) if ranking is not None
        ],
        "rankings": {"humans": _own_ranking(comparison.humans), "simulated": _own_ranking(comparison.simulated)},
        "human_labels": None if statistics is None else _human_labels(statistics),
        "flagged_humans": []
        if screening is None
        else [
            {
                "annotator": flag.annotator,
                "kind": flag.kind,
                "share": flag.share,
                "expected": flag.expected,
                "n_labels": flag.n_labels,
                "p_value": flag.p_value,
            }
            for flag in screening.flags
        ],
        "screening": None
        if screening is None
        else {"n_annotators": screening.n_annotators, "n_tests": screening.n_tests, "alpha": screening.alpha},
        "notes": list(comparison.notes),
        "wall_seconds": None,
        "peak_memory_mb": None,
    }


def _source(ranking: SourceRanking | None) -> SourceJson | None:
    if ranking is None:
        return None
    return {
        "source": ranking.source,
        "figure": ranking.figure,
        "annotators": list(ranking.annotators),
        "annotator_train": None,
        "seeds": list(ranking.seeds),
        "n_seeds": len(ranking.seeds),
        "rule": ranking.rule,
    }


def _agreement(agreement: LabelAgreement) -> LabelAgreementJson:
    return {
        "n_items": agreement.n_items,
        "n_pairs": agreement.n_pairs,
        "raw": figure(agreement.raw),
        "kappa": figure(agreement.kappa),
        "s1": figure(agreement.s1),
        "s2": figure(agreement.s2),
        "leave_one_out": figure(agreement.leave_one_out),
        "human_human_s1": figure(agreement.human_human_s1),
        "human_human_s2": figure(agreement.human_human_s2),
        "pearson": figure(agreement.grades.pearson),
        "mean_difference": figure(agreement.grades.mean_difference),
        "human_human_pearson": figure(agreement.human_human_grades.pearson),
        "human_human_mean_difference": figure(agreement.human_human_grades.mean_difference),
    }


def _human_labels(statistics: LabelStatistics) -> HumanLabelsJson:
    return {
        "fleiss_kappa": figure(statistics.fleiss_kappa),
        "krippendorff_alpha": figure(statistics.krippendorff_alpha),
        "relaxed_agreement": figure(statistics.relaxed_agreement),
        "exact_agreement": figure(statistics.exact_agreement),
        "ties": figure(statistics.ties),
        "prefers_longer": figure(statistics.prefers_longer),
        "prefers_lists": figure(statistics.prefers_lists),
        "prefers_first_shown": figure(statistics.prefers_first_shown),
        "acceptability_agreement": figure(statistics.acceptability_agreement),
        "acceptable": {model: figure(share) for model, share in statistics.acceptable.items()},
        "grades": [
            {"model": pair.model, "other": pair.other, "counts": dict(zip(GRADES, pair.counts, strict=True))}
            for pair in statistics.grades
        ],
    }


def _rates_by_rule(ranking: SourceRanking) -> LabelRuleRatesJson:
    return {"role": ranking.role, "rules": {rule: _rates(models) for rule, models in ranking.by_rule.items()}}


def _rates(models: Sequence[ModelWinRate]) -> dict[str, RateJson]:
    return {
        rate.model: {"win_rate": rate.win_rate, "standard_error": rate.standard_error, "n": rate.n_total}
        for rate in models
    }


def _annotator_rates(ranking: SourceRanking) -> AnnotatorRatesJson:
    return {
        "role": ranking.role,
        "annotator": ranking.source,
        "models": _rates(ranking.models),
    }


def _models(comparison: HumanComparison) -> list[ModelJson]:
    """All models of either source, best for the humans first."""
    human, simulated = (
        {} if ranking is None else {rate.model: _figures(rate, ranking) for rate in ranking.models}
        for ranking in (comparison.humans, comparison.simulated)
    )
    return [
        model_json(name, human.get(name), simulated.get(name), is_trained_in_lab=comparison.is_trained_in_lab.get(name))
        for name in comparison.all_models
    ]


def _figures(rate: ModelWinRate, ranking: SourceRanking) -> ModelFigures:
    return ModelFigures(
        win_rate=rate.win_rate if ranking.is_win_rate else None,
        score=None if ranking.is_win_rate else rate.win_rate,
        standard_error=rate.standard_error,
        low=rate.low,
        high=rate.high,
        n=rate.n_total,
        n_unparsed=rate.n_unparsed,
    )


def _own_ranking(source: SourceRanking | None) -> OwnRankingJson | None:
    if source is None or source.ranking is None:
        return None
    ranking: ModelRanking = source.ranking
    return {
        "models": [_ranked(model) for model in ranking.models],
        "reference": ranking.reference,
        "ranked_by": ranking.ranked_by,
        "tie_model": ranking.tie_model,
        "tie_strength": None if ranking.tie_strength is None else figure(ranking.tie_strength),
        "n_total": ranking.n_total,
        "n_unparsed": ranking.n_unparsed,
        "n_clusters": ranking.n_clusters,
        "reason": ranking.reason,
    }


def _ranked(row: RankedModel) -> RankedModelJson:
    return {
        "model": row.model,
        "place": row.place,
        "rank_low": row.rank_low,
        "rank_high": row.rank_high,
        "n_ties": row.n_ties,
        "win_rates": {
            rate.tie_rule: {**figure(rate.estimate), "standard_error": rate.standard_error} for rate in row.win_rates
        },
        "bradley_terry": figure(row.strength),
        "elo": figure(row.elo),
    }
