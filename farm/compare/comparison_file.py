"""Comparisons as JSON files: keys sorted, floats not rounded, every number with what it rests on."""

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path

from farm.compare.arms import Arm, ArmResult, ArmsComparison, ModelRow
from farm.stats.bootstrap import Estimate
from farm.stats.ranking.correlations import Inversion

Json = dict[str, object]


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


def write_json(content: Json, path: Path) -> None:
    """Write beside and rename; NaN is refused, for JSON has none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
    draft.replace(path)


def figure(value: Estimate) -> Json:
    """An estimate with `n` for what it rests on, as the reports on annotators have it."""
    return {
        "value": value.value,
        "low": value.low,
        "high": value.high,
        "n": value.n_total,
        "n_unparsed": value.n_unparsed,
        "reason": value.reason,
    }


def estimate_json(value: Estimate) -> Json:
    """value, low, high, n_total, n_unparsed, reason."""
    return dataclasses.asdict(value)


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
