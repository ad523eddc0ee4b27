"""Which parameters of the crowd's noise model the labels can say anything about, and why not of the others."""

from typing import NamedTuple

import numpy as np

from farm.stats.bootstrap import FloatArray
from farm.stats.noise.labels import CrowdLabels

PARAMETERS = (
    "temperature",
    "verdict_log_odds",
    "reliability_spread",
    "opinion_sd",
    "length_bias",
    "list_bias",
    "position_bias",
    "tie_weight",
    "lapse_rate",
)
"""As `farm.annotators.noise.crowd.CrowdNoise` names them, in the order of the tables."""

FIELD_OF = {"temperature": "soft_slope", "verdict_log_odds": "hard_slope"}
"""Where the likelihood has another name (and for temperature the inverse)."""

MIN_ITEMS = 10
"""Items that must differ in what a parameter is about."""
_MIN_WORKERS = 3
_COLLINEAR = 1e-6


class Identified(NamedTuple):
    """What can be fitted."""

    free: frozenset[str]
    """Names as in `farm.stats.noise.fit.fit_crowd`."""
    reasons: dict[str, str]
    """Of the parameters that are left out (names as in PARAMETERS)."""


def identified(labels: CrowdLabels, *, with_lapses: bool) -> Identified:
    """Sort the parameters into those to fit and those to leave out.

    Args:
        labels: N labels.
        with_lapses: whether a lapse rate is wanted.
    """
    firsts = labels.starts
    reasons: dict[str, str] = {}
    if not labels.soft_margin.any():
        reasons["temperature"] = "the judge recorded no p_first"
    if not labels.hard_margin.any():
        reasons["verdict_log_odds"] = "every verdict of the judge that prefers an output has p_first"
    n_doubled, n_compared = _several_workers(labels), int(np.unique(labels.worker).size)
    if n_doubled < MIN_ITEMS:
        reasons["opinion_sd"] = (
            f"{n_doubled} items have labels of two annotators, at least {MIN_ITEMS} are needed to tell what they share"
        )
    if n_compared < _MIN_WORKERS:
        reasons["reliability_spread"] = (
            f"{n_compared} annotator{'s' if n_compared > 1 else ''}, at least {_MIN_WORKERS} are needed for a spread"
        )
    for name, column, what in (
        ("length_bias", labels.length_ratio, "outputs of different length"),
        ("list_bias", labels.list_gap, "a list in one output only"),
    ):
        n_items = int(np.count_nonzero(column[firsts]))
        if n_items < MIN_ITEMS:
            reasons[name] = f"{n_items} items have {what}, at least {MIN_ITEMS} are needed"
    n_shown = [int(np.count_nonzero(labels.order == order)) for order in (1, -1)]
    if not any(n_shown):
        reasons["position_bias"] = "the human labels record no order of presentation (column first_shown)"
    elif min(n_shown) < MIN_ITEMS:
        reasons["position_bias"] = (
            f"output_1 was shown first for {n_shown[0]} labels and output_2 for {n_shown[1]}; at least {MIN_ITEMS} of "
            "each are needed to tell the place from the output"
        )
    if not np.any(labels.side == 0):
        reasons["tie_weight"] = f"none of the {labels.n_labels} labels is a tie, so the model has none"
    if not with_lapses:
        reasons["lapse_rate"] = "not asked for (lapses=false)"
    reasons |= _collinear(labels, reasons)
    return Identified(frozenset(FIELD_OF.get(name, name) for name in PARAMETERS if name not in reasons), reasons)


def _several_workers(labels: CrowdLabels) -> int:
    """Items with labels of at least two workers."""
    pairs = np.unique(np.stack([labels.item, labels.worker]), axis=1)
    return int(np.count_nonzero(np.bincount(pairs[0]) >= 2))


def _collinear(labels: CrowdLabels, left_out: dict[str, str]) -> dict[str, str]:
    """Columns that are a sum of multiples of the columns before them."""
    columns: dict[str, FloatArray] = {
        "temperature": labels.soft_margin,
        "verdict_log_odds": labels.hard_margin,
        "length_bias": labels.length_ratio,
        "list_bias": labels.list_gap,
        "position_bias": labels.order,
    }
    kept: list[FloatArray] = []
    reasons = {}
    for name, column in columns.items():
        if name in left_out:
            continue
        if kept:
            before = np.stack(kept, axis=1)
            rest = column - before @ np.linalg.lstsq(before, column)[0]
            if float(rest @ rest) < _COLLINEAR * float(column @ column):
                reasons[name] = "in these data it cannot be told apart from the parameters above it"
                continue
        kept.append(column)
    return reasons
