"""`comparison.json` of a comparison with humans.

Every figure is an object {value, low, high, n, n_unparsed, reason}: the 95% interval in low and high, and where
something is null the reason why. Win rates are fractions, ties one half.

- sources: humans, simulated: source, annotators, n_seeds.
- label_agreement: n_items, n_pairs, and the figures raw, kappa, s1, s2 (n: verdicts, or pairs of verdicts),
  leave_one_out, human_human_s1, human_human_s2; definitions in `farm.analysis.humans.agreement`.
  label_agreement_by_annotator: the same for each simulated annotator, if there are several.
- ranking: n_models, and the figures spearman, kendall, pearson (n: models) on win rates; win_rates and bradley_terry
  hold the three on each scale. repeated: mean, low and high of what a repetition would show. reason: why there is none.
  ranking_trained_in_lab: the same over the models trained in the laboratory, if that is known and not all;
  n_not_trained_in_lab: how many of the ranked models were not trained there.
  ranking_by_annotator: the same for each simulated annotator against the humans, if there are several.
- win_rates_by_annotator: role, annotator, and model -> win_rate, standard_error, n; where a side has several.
- models: model, is_trained_in_lab, and for human_ and simulated_: win_rate, standard_error, low, high, n, n_unparsed.
- inversions: pairs that the rankings order differently: better_for_humans, better_for_simulated, the differences (the
  first named minus the second) with standard errors, p_same_order, is_beyond_noise, p_value, p_value_joint.
- pairs: all pairs of models with the probability p_same_order; expected_inversions: the sum of its complements.
- rankings: humans, simulated: each side's own ranking: win rates under the three conventions for ties, Bradley-Terry,
  Elo, place, rank_low and rank_high.
- human_labels: of all human labels of the table, as first, tie and second: the figures fleiss_kappa, krippendorff_alpha
  (n: items), relaxed_agreement, exact_agreement (on five grades), acceptability_agreement (n: pairs of labels), ties,
  prefers_longer, prefers_lists, prefers_first_shown (n: labels), and acceptable: model -> figure (n: labels).
- flagged_humans: annotator, kind, share, expected, n_labels, p_value (`farm.stats.bias.outliers.Flag`); screening:
  n_annotators, n_tests, alpha.
- notes: what was left out, with counts.
"""

from pathlib import Path

from farm.analysis.humans.agreement import LabelAgreement
from farm.analysis.humans.comparison import HumanComparison
from farm.analysis.humans.label_statistics import HumanHabits
from farm.analysis.humans.rankings import Side, SideModel
from farm.analysis.humans.rankings_compared import SidesComparison
from farm.reports.json_file import Json, figure, write_json
from farm.stats.ranking.model_ranking import ModelRanking, RankedModel
from farm.stats.ranking.ranking_agreement import Correlation, Correlations, PairOrder


def write_human_comparison(comparison: HumanComparison, path: Path) -> None:
    """Write `comparison.json`."""
    write_json(human_comparison_json(comparison), path)


def human_comparison_json(comparison: HumanComparison) -> Json:
    """The content of `comparison.json`."""
    sides = {"humans": comparison.humans, "simulated": comparison.simulated}
    trained, screening, habits = comparison.trained_ranking, comparison.screening, comparison.habits
    return {
        "sources": {role: None if side is None else _source(side) for role, side in sides.items()},
        "label_agreement": _agreement(comparison.agreement),
        "label_agreement_by_annotator": {name: _agreement(a) for name, a in comparison.by_annotator.items()},
        "ranking": _ranking(comparison.ranking),
        "ranking_trained_in_lab": None if trained is None else _ranking(trained),
        "n_not_trained_in_lab": comparison.n_not_trained,
        "ranking_by_annotator": {name: _ranking(found) for name, found in comparison.ranking_by_annotator.items()},
        "win_rates_by_annotator": [_alone(side) for side in comparison.alone],
        "human_labels": None if habits is None else _human_labels(habits),
        "models": _models(comparison),
        "inversions": [_inversion(pair) for pair in comparison.ranking.inversions],
        "pairs": [_pair(pair) for pair in comparison.ranking.pairs],
        "expected_inversions": comparison.ranking.expected_inversions,
        "rankings": {
            role: None if side is None or side.ranking is None else _own_ranking(side.ranking)
            for role, side in sides.items()
        },
        "flagged_humans": [vars(flag) for flag in screening.flags] if screening is not None else [],
        "screening": None
        if screening is None
        else {"n_annotators": screening.n_annotators, "n_tests": screening.n_tests, "alpha": screening.alpha},
        "notes": list(comparison.notes),
    }


def _human_labels(habits: HumanHabits) -> Json:
    figures = {name: value for name, value in vars(habits).items() if name != "acceptable"}
    return {
        **{name: figure(value) for name, value in figures.items()},
        "acceptable": {model: figure(value) for model, value in habits.acceptable.items()},
    }


def _alone(side: Side) -> Json:
    models = {
        m.model: {"win_rate": m.win_rate, "standard_error": m.standard_error, "n": m.n_total} for m in side.models
    }
    return {"role": side.role, "annotator": side.source, "models": models}


def _source(side: Side) -> Json:
    return {"source": side.source, "annotators": list(side.annotators), "n_seeds": side.n_seeds}


def _agreement(agreement: LabelAgreement) -> Json:
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
    }


def _ranking(ranking: SidesComparison) -> Json:
    on_win_rates = _correlations(ranking.on_win_rates)
    return {
        "n_models": len(ranking.models),
        "reason": ranking.reason,
        **on_win_rates,
        "win_rates": on_win_rates,
        "bradley_terry": _correlations(ranking.on_strengths),
    }


def _correlations(found: Correlations) -> Json:
    return {
        "spearman": _correlation(found.spearman),
        "kendall": _correlation(found.kendall),
        "pearson": _correlation(found.pearson),
    }


def _correlation(found: Correlation) -> Json:
    repeated = {"mean": found.repeated_mean, "low": found.repeated_low, "high": found.repeated_high}
    return {**figure(found.estimate), "repeated": repeated}


def _models(comparison: HumanComparison) -> list[Json]:
    """All models of either side, best for the humans first."""
    by_role = {
        prefix: {} if side is None else {model.model: model for model in side.models}
        for prefix, side in (("human", comparison.humans), ("simulated", comparison.simulated))
    }
    trained = comparison.is_trained_in_lab
    return [
        {
            "model": name,
            "is_trained_in_lab": trained.get(name),
            **_side_model("human", by_role["human"].get(name)),
            **_side_model("simulated", by_role["simulated"].get(name)),
        }
        for name in comparison.all_models
    ]


def _side_model(prefix: str, model: SideModel | None) -> Json:
    names = ("win_rate", "standard_error", "low", "high")
    values: Json = {f"{prefix}_{name}": None if model is None else vars(model)[name] for name in names}
    values[f"{prefix}_n"] = None if model is None else model.n_total
    values[f"{prefix}_n_unparsed"] = None if model is None else model.n_unparsed
    return values


def _inversion(pair: PairOrder) -> Json:
    return {
        "better_for_humans": pair.model,
        "better_for_simulated": pair.other,
        **_differences(pair),
        "is_beyond_noise": pair.is_beyond_noise,
        "p_value": pair.p_value,
        "p_value_joint": pair.p_value_joint,
    }


def _pair(pair: PairOrder) -> Json:
    return {"model": pair.model, "other": pair.other, "is_inverted": pair.is_inverted, **_differences(pair)}


def _differences(pair: PairOrder) -> Json:
    return {
        "human_difference": pair.first_difference,
        "human_standard_error": pair.first_standard_error,
        "simulated_difference": pair.second_difference,
        "simulated_standard_error": pair.second_standard_error,
        "p_same_order": pair.p_same_order,
    }


def _own_ranking(ranking: ModelRanking) -> Json:
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


def _ranked(row: RankedModel) -> Json:
    rates = {r.tie_rule: {**figure(r.estimate), "standard_error": r.standard_error} for r in row.win_rates}
    return {
        "model": row.model,
        "place": row.place,
        "rank_low": row.rank_low,
        "rank_high": row.rank_high,
        "n_ties": row.n_ties,
        "win_rates": rates,
        "bradley_terry": figure(row.strength),
        "elo": figure(row.elo),
    }
