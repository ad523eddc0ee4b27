"""Writes `comparison.json` (`farm.analysis.comparison_schema`): the parts that a sweep and `farm compare` share."""

from dataclasses import dataclass
from pathlib import Path

from farm.analysis.comparison_schema import (
    ComparisonJson,
    CorrelationJson,
    CorrelationsJson,
    InversionJson,
    ModelJson,
    PairJson,
    RankingJson,
    RepeatedJson,
)
from farm.analysis.label_schema import LabelAgreementJson
from farm.reports.json_file import figure, write_json
from farm.stats.bootstrap import Estimate
from farm.stats.ranking.correlations import Correlation, Correlations, no_correlations
from farm.stats.ranking.pair_orders import PairOrder
from farm.stats.ranking.ranking_comparison import RankingComparison


@dataclass(frozen=True, kw_only=True)
class ModelFigures:
    """What one source says about one model; None where it does not."""

    win_rate: float | None = None
    score: float | None = None
    """A published figure that is no win rate, which is None then."""
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    n_unparsed: int | None = None
    n_seeds: int | None = None
    mean_length: float | None = None
    utility: float | None = None


def write_comparison_file(content: ComparisonJson, path: Path) -> None:
    """Write `comparison.json`, beside and renamed into place."""
    write_json(content, path)


def ranking_json(ranking: RankingComparison, *, no_win_rates: str = "") -> RankingJson:
    """The comparison of two rankings, without its pairs.

    Args:
        ranking: the comparison.
        no_win_rates: why the figures are no win rates; empty if they are.
    """
    on_figures = _correlations(ranking.on_win_rates)
    without = no_correlations(len(ranking.models), no_win_rates)
    return {
        "n_models": len(ranking.models),
        "reason": ranking.reason,
        "n_pairs": len(ranking.pairs),
        "n_inversions": len(ranking.inversions),
        "expected_inversions": ranking.expected_inversions,
        "without_errors": ranking.without_errors,
        **on_figures,
        "win_rates": _correlations(without) if no_win_rates else on_figures,
        "bradley_terry": _correlations(ranking.on_strengths),
    }


def inversions_json(ranking: RankingComparison) -> list[InversionJson]:
    """The inverted pairs."""
    return [
        {
            "better_for_humans": pair.model,
            "better_for_simulated": pair.other,
            "human_difference": pair.first_difference,
            "human_standard_error": pair.first_standard_error,
            "simulated_difference": pair.second_difference,
            "simulated_standard_error": pair.second_standard_error,
            "p_same_order": pair.p_same_order,
            "p_inverted": None if pair.p_same_order is None else 1 - pair.p_same_order,
            "is_beyond_noise": pair.is_beyond_noise,
            "p_value": pair.p_value,
            "p_value_joint": pair.p_value_joint,
            "reason": _why_unknown(pair, ranking),
        }
        for pair in ranking.inversions
    ]


def pairs_json(ranking: RankingComparison) -> list[PairJson]:
    """All pairs."""
    return [
        {
            "model": pair.model,
            "other": pair.other,
            "is_inverted": pair.is_inverted,
            "human_difference": pair.first_difference,
            "human_standard_error": pair.first_standard_error,
            "simulated_difference": pair.second_difference,
            "simulated_standard_error": pair.second_standard_error,
            "p_same_order": pair.p_same_order,
            "reason": _why_unknown(pair, ranking),
        }
        for pair in ranking.pairs
    ]


def model_json(
    model: str,
    human: ModelFigures | None,
    simulated: ModelFigures | None,
    *,
    labels: str = "",
    is_trained_in_lab: bool | None,
) -> ModelJson:
    """One model's row."""
    human, simulated = human or ModelFigures(), simulated or ModelFigures()
    return {
        "model": model,
        "labels": labels,
        "is_trained_in_lab": is_trained_in_lab,
        "human_win_rate": human.win_rate,
        "human_score": human.score,
        "human_standard_error": human.standard_error,
        "human_low": human.low,
        "human_high": human.high,
        "human_n": human.n,
        "human_n_unparsed": human.n_unparsed,
        "human_n_seeds": human.n_seeds,
        "human_mean_length": human.mean_length,
        "human_utility": human.utility,
        "simulated_win_rate": simulated.win_rate,
        "simulated_score": simulated.score,
        "simulated_standard_error": simulated.standard_error,
        "simulated_low": simulated.low,
        "simulated_high": simulated.high,
        "simulated_n": simulated.n,
        "simulated_n_unparsed": simulated.n_unparsed,
        "simulated_n_seeds": simulated.n_seeds,
        "simulated_mean_length": simulated.mean_length,
        "simulated_utility": simulated.utility,
    }


def no_label_agreement(reason: str) -> LabelAgreementJson:
    """Where labels are not compared."""
    nothing = figure(Estimate(value=None, low=None, high=None, n_total=0, reason=reason))
    return {
        "n_items": 0,
        "n_pairs": 0,
        "raw": nothing,
        "kappa": nothing,
        "s1": nothing,
        "s2": nothing,
        "leave_one_out": nothing,
        "human_human_s1": nothing,
        "human_human_s2": nothing,
        "pearson": nothing,
        "mean_difference": nothing,
        "human_human_pearson": nothing,
        "human_human_mean_difference": nothing,
    }


def _why_unknown(pair: PairOrder, ranking: RankingComparison) -> str:
    known = pair.p_same_order is not None
    return "" if known else f"a figure of {ranking.without_errors} comes without a standard error"


def _correlations(correlations: Correlations) -> CorrelationsJson:
    return {
        "spearman": _correlation(correlations.spearman),
        "kendall": _correlation(correlations.kendall),
        "pearson": _correlation(correlations.pearson),
    }


def _correlation(correlation: Correlation) -> CorrelationJson:
    repeated: RepeatedJson = {
        "mean": correlation.repeated_mean,
        "low": correlation.repeated_low,
        "high": correlation.repeated_high,
    }
    return {**figure(correlation.estimate), "repeated": repeated}
