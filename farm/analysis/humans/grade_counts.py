"""How often people gave each grade of a 5-way preference: clearly or slightly better, tie (TULU's human evaluation)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from farm.reports.page import Block, Table
from farm.stats.agreement.by_annotator import CLASSES
from farm.stats.agreement.label_counts import FIVE_CLASSES

GRADES = ("clearly better", "slightly better", "tie", "slightly worse", "clearly worse")
MOST_PAIRS = 30
"""Pairs of models that are listed."""


@dataclass(frozen=True, kw_only=True)
class GradeCounts:
    """Labels on one pair of models."""

    model: str
    other: str
    counts: tuple[int, int, int, int, int]
    """In the order of `GRADES`, of the first model."""


def grade_counts(frame: pd.DataFrame) -> tuple[GradeCounts, ...]:
    """Count the grades of every pair of models; nothing where labels are not on five grades, or name no models.

    Args:
        frame: columns `ANNOTATION_COLUMNS`.
    """
    label = frame["preference"].to_numpy(dtype=np.float64)
    said = set(np.unique(label[np.isfinite(label)]))
    is_ranked = (frame["model_1"] != "") & (frame["model_2"] != "") & (frame["model_1"] != frame["model_2"])
    if said <= set(CLASSES) or not said <= set(FIVE_CLASSES) or not is_ranked.any():
        return ()
    is_turned = frame["model_1"] > frame["model_2"]
    pairs = pd.DataFrame(
        {
            "model": frame["model_1"].where(~is_turned, frame["model_2"]),
            "other": frame["model_2"].where(~is_turned, frame["model_1"]),
            "label": np.where(is_turned, 3 - label, label),
        }
    )[is_ranked & np.isfinite(label)]
    return tuple(
        GradeCounts(
            model=str(model),
            other=str(other),
            counts=tuple(int((of_pair["label"] == grade).sum()) for grade in sorted(FIVE_CLASSES)),  # type: ignore[arg-type]
        )
        for (model, other), of_pair in pairs.groupby(["model", "other"])
    )


def grade_table(grades: tuple[GradeCounts, ...]) -> list[Block]:
    """The counts with their shares, one line a pair of models."""
    rows = []
    for pair in grades[:MOST_PAIRS]:
        n = sum(pair.counts)
        shares = (f"{count} ({100 * count / n:.1f}%)" for count in pair.counts)
        rows.append((pair.model, pair.other, *shares, str(n)))
    return [Table(header=("model", "against", *GRADES, "n"), rows=tuple(rows), n_text_columns=2)] if rows else []
