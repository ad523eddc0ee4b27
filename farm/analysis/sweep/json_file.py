"""Comparisons as JSON files: keys sorted, floats not rounded, every number with what it rests on."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from farm.analysis.sweep.arms import Arm, ArmResult, ArmsComparison, ModelRow
from farm.reports.json_file import Json, estimate_json, write_json
from farm.stats.ranking.correlations import Inversion


def write_comparison(comparison: ArmsComparison, path: Path, *, measured: Mapping[str, float] | None = None) -> None:
    """Write `comparison.json`.

    Args:
        comparison: the two arms.
        path: the file; written beside and renamed into place.
        measured: further numbers at the top level, such as `wall_seconds` and `peak_memory_mb`.
    """
    ranking = comparison.ranking
    content: Json = {
        **(measured or {}),
        "arms": {"crowd": _arm(comparison.crowd), "simulated": _arm(comparison.simulated)},
        "n_seeds": {"crowd": len(comparison.crowd_seeds), "simulated": len(comparison.simulated_seeds)},
        "seeds": {"crowd": comparison.crowd_seeds, "simulated": comparison.simulated_seeds},
        "n_instructions": comparison.n_instructions,
        "n_models": len(ranking.models),
        "spearman": estimate_json(ranking.spearman),
        "kendall": estimate_json(ranking.kendall),
        "pearson": estimate_json(ranking.pearson),
        "models": [_model(row) for row in comparison.trained],
        "label_free": [_model(row) for row in comparison.rows if row.kind == "label_free"],
        "other": [_model(row) for row in comparison.rows if row.kind == "other"],
        "inversions": [_inversion(pair) for pair in ranking.inversions],
        "n_pairs": ranking.n_pairs,
        "expected_inversions": ranking.expected_inversions,
    }
    write_json(content, path)


def _arm(arm: Arm) -> Json:
    return dataclasses.asdict(arm)


def _model(row: ModelRow) -> Json:
    return {
        "method": row.method,
        "labels": row.labels,
        **_result("crowd", row.crowd),
        **_result("simulated", row.simulated),
    }


def _result(arm: str, result: ArmResult | None) -> Json:
    if result is None:
        return {}
    rate = result.win_rate
    return {
        f"{arm}_win_rate": rate.win_rate,
        f"{arm}_standard_error": rate.standard_error,
        f"{arm}_n_total": rate.n_total,
        f"{arm}_n_unparsed": rate.n_unparsed,
        f"{arm}_n_seeds": rate.n_seeds,
        f"{arm}_mean_length": result.mean_length,
        f"{arm}_utility": result.utility,
    }


def _inversion(pair: Inversion) -> Json:
    return {
        "better_for_crowd": pair.better_in_first,
        "better_for_simulated": pair.better_in_second,
        "crowd_difference": pair.first.difference,
        "crowd_standard_error": pair.first.standard_error,
        "simulated_difference": pair.second.difference,
        "simulated_standard_error": pair.second.standard_error,
        "probability": pair.probability,
        "is_beyond_noise": pair.is_beyond_noise,
        "p_value": pair.p_value,
        "p_value_joint": pair.p_value_joint,
    }
