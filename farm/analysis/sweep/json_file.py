"""`comparison.json` of a sweep: its two arms in the shape of `farm.analysis.comparison_schema`."""

from collections.abc import Mapping
from pathlib import Path

from farm.analysis.comparison_file import (
    ModelFigures,
    inversions_json,
    model_json,
    no_label_agreement,
    pairs_json,
    ranking_json,
    write_comparison_file,
)
from farm.analysis.comparison_schema import SCHEMA_VERSION, ComparisonJson, ModelJson, SourceJson
from farm.analysis.sweep.arms import Arm, ArmResult, ArmsComparison, Kind


def write_comparison(comparison: ArmsComparison, path: Path, *, measured: Mapping[str, float]) -> None:
    """Write `comparison.json`.

    Args:
        comparison: the two arms.
        path: the file; written beside and renamed into place.
        measured: wall_seconds and peak_memory_mb, where they were measured.
    """
    write_comparison_file(comparison_json(comparison, measured=measured), path)


def comparison_json(comparison: ArmsComparison, *, measured: Mapping[str, float]) -> ComparisonJson:
    """The content of `comparison.json`; arguments as in `write_comparison`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "sources": {
            "humans": _source(comparison.crowd, comparison.crowd_seeds),
            "simulated": _source(comparison.simulated, comparison.simulated_seeds),
        },
        "n_instructions": comparison.n_instructions,
        "ranking": ranking_json(comparison.ranking),
        "ranking_trained_in_lab": None,
        "n_not_trained_in_lab": 0,
        "ranking_by_annotator": {},
        "inversions": inversions_json(comparison.ranking),
        "pairs": pairs_json(comparison.ranking),
        "models": _models(comparison, "trained"),
        "label_free": _models(comparison, "label_free"),
        "other": _models(comparison, "other"),
        "label_agreement": no_label_agreement("a sweep compares rankings of methods, not labels"),
        "label_agreement_by_annotator": {},
        "order_effects": {},
        "win_rates_by_annotator": [],
        "win_rates_by_rule": [],
        "rankings": {"humans": None, "simulated": None},
        "human_labels": None,
        "flagged_humans": [],
        "screening": None,
        "notes": [],
        "wall_seconds": measured.get("wall_seconds"),
        "peak_memory_mb": measured.get("peak_memory_mb"),
    }


def _source(arm: Arm, seeds: tuple[int, ...]) -> SourceJson:
    return {
        "source": f"trained on {arm.annotator_train}, judged by {arm.annotator_eval}",
        "figure": "win rate",
        "annotators": [arm.annotator_eval],
        "annotator_train": arm.annotator_train,
        "seeds": list(seeds),
        "n_seeds": len(seeds),
        "rule": None,
    }


def _models(comparison: ArmsComparison, kind: Kind) -> list[ModelJson]:
    return [
        model_json(
            row.method,
            _figures(row.crowd),
            _figures(row.simulated),
            labels=row.labels,
            is_trained_in_lab=kind != "label_free",
        )
        for row in comparison.rows
        if row.kind == kind
    ]


def _figures(result: ArmResult | None) -> ModelFigures | None:
    if result is None:
        return None
    return ModelFigures(
        win_rate=result.win_rate.win_rate,
        standard_error=result.win_rate.standard_error,
        n=result.win_rate.n_total,
        n_unparsed=result.win_rate.n_unparsed,
        n_seeds=result.win_rate.n_seeds,
        mean_length=result.mean_length,
        utility=result.utility,
    )
