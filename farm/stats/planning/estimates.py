"""What recorded labels say about a source of labels, in the terms of `farm.stats.planning.model`.

Of two labels that are no ties, given by different annotators to one comparison, the expected agreement a obeys

    2 a - 1 = (1 - 2 flip_prob)^2                               two humans (the truth is what humans have in common)
            = (1 - 2 flip_prob)^2                               two judges: shared mistakes do not show between them
            = (1 - 2 flip_prob_h)(1 - 2 flip_prob_j)(1 - 2 shared_flip_prob_j)     a human and a judge

(the two-coder model of Dawid and Skene 1979 with one error rate). Standard deviations between annotators, and of the
judges' common lean, are moment estimates: the variance of what is seen minus the variance that so few items explain
(DerSimonian and Laird 1986), nothing below zero.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from farm.errors import UserError
from farm.stats.agreement.by_annotator import three_classes
from farm.stats.bootstrap import Estimate, FloatArray, Resampling, estimate, item_weights

MIN_MODEL_PAIRS = 3
"""Fewer pairs of models say next to nothing about how a judge's lean varies between methods."""


@dataclass(frozen=True, kw_only=True)
class SourceEstimates:
    """The settings of a `LabelSource` that labels can tell; one without a value keeps what the configuration says."""

    tie_prob: Estimate
    flip_prob: Estimate
    shared_flip_prob: Estimate
    annotator_sd: Estimate
    bias_sd: Estimate


def estimate_humans(rows: pd.DataFrame, *, resampling: Resampling) -> SourceEstimates:
    """What human labels say about themselves; their shared mistakes and lean are 0 by definition.

    Args:
        rows: human rows of an annotation table.
        resampling: draws the items.

    Raises:
        UserError: no label, no item with two labels, or no more agreement than chance.
    """
    labels = _Labels.of(rows, "humans")
    agreement = _agreement(labels, labels, resampling)
    if agreement.value is None:
        raise UserError("humans: no item has two labels that are no ties, so nothing says how far annotators agree")
    _check_above_chance(agreement, "humans: two annotators agree")
    zero = Estimate(value=0.0, low=None, high=None, n_total=labels.n_items, reason="by definition")
    tie, flip = labels.ties(resampling), _flip_of(agreement)
    return SourceEstimates(
        tie_prob=tie,
        flip_prob=flip,
        shared_flip_prob=zero,
        annotator_sd=_annotator_sd(labels, _kept(tie, flip)),
        bias_sd=zero,
    )


def estimate_judges(rows: pd.DataFrame, human_rows: pd.DataFrame, *, resampling: Resampling) -> SourceEstimates:
    """What judges' labels say, held against human labels of the same items.

    Args:
        rows: judges' rows of an annotation table, with the human rows' item_ids.
        human_rows: the human rows.
        resampling: draws the items.

    Raises:
        UserError: no label, no common item, or no more agreement with humans than chance.
    """
    judges, humans = _Labels.of(rows, "simulated"), _Labels.of(human_rows, "humans")
    of_humans = estimate_humans(human_rows, resampling=resampling)
    across = _agreement(judges, humans, resampling)
    if across.value is None:
        raise UserError("humans and simulated share no item that both label with a preference")
    _check_above_chance(across, "simulated: a judge agrees with a human")
    among = _agreement(judges, judges, resampling)
    if among.value is None:
        flip = Estimate(value=0.0, low=None, high=None, n_total=0, reason="one judge: all its mistakes count as shared")
    else:
        _check_above_chance(among, "simulated: two judges agree")
        flip = _flip_of(among)
    assert flip.value is not None and of_humans.flip_prob.value is not None
    own = (1 - 2 * flip.value) * (1 - 2 * of_humans.flip_prob.value)
    shared = _transformed(across, lambda a: (1 - min(1.0, (2 * a - 1) / own)) / 2)
    tie = judges.ties(resampling)
    return SourceEstimates(
        tie_prob=tie,
        flip_prob=flip,
        shared_flip_prob=shared,
        annotator_sd=_annotator_sd(judges, _kept(tie, flip, shared)),
        bias_sd=_bias_sd(judges, _kept(tie, flip, shared), humans, _kept(of_humans.tie_prob, of_humans.flip_prob)),
    )


@dataclass(frozen=True, kw_only=True)
class _Labels:
    """Parsed labels of one kind, one row each: item, annotator, label, pair of models, score of the pair's first."""

    rows: pd.DataFrame
    n_unparsed: int

    @classmethod
    def of(cls, rows: pd.DataFrame, role: str) -> "_Labels":
        parsed = rows[rows["preference"].notna()]
        if parsed.empty:
            raise UserError(f"{role}: expected rows with a preference, found none among {len(rows)}")
        label = three_classes(parsed["preference"].to_numpy(dtype=np.float64))
        is_sorted = (parsed["model_1"] <= parsed["model_2"]).to_numpy()
        named = (parsed["model_1"] != "") & (parsed["model_2"] != "") & (parsed["model_1"] != parsed["model_2"])
        pair = (
            parsed["model_1"].where(is_sorted, parsed["model_2"])
            + "\x1f"
            + parsed["model_2"].where(is_sorted, parsed["model_1"])
        )
        return cls(
            rows=pd.DataFrame(
                {
                    "item": parsed["item_id"].to_numpy(),
                    "annotator": parsed["annotator"].to_numpy(),
                    "label": label,
                    "pair": np.where(named, pair, ""),
                    "score": np.where(is_sorted, 2.0 - label, label - 1.0),
                }
            ),
            n_unparsed=len(rows) - len(parsed),
        )

    @property
    def n_items(self) -> int:
        return int(self.rows["item"].nunique())

    def ties(self, resampling: Resampling) -> Estimate:
        per_item = self.rows.assign(tie=self.rows["label"] == 1.5).groupby("item")["tie"].agg(["sum", "count"])
        return _ratio(per_item["sum"].to_numpy(), per_item["count"].to_numpy(), resampling, self.n_unparsed)


def _agreement(some: _Labels, others: _Labels, resampling: Resampling) -> Estimate:
    """Share of equal labels among pairs of labels of one item by different annotators, ties left out."""
    first, second = (each.rows[each.rows["label"] != 1.5][["item", "annotator", "label"]] for each in (some, others))
    pairs = first.merge(second, on="item")
    pairs = pairs[pairs["annotator_x"] != pairs["annotator_y"]]
    if pairs.empty:
        return Estimate(value=None, low=None, high=None, n_total=0, reason="no item with two labels")
    equal = (pairs["label_x"] == pairs["label_y"]).groupby(pairs["item"]).agg(["sum", "count"])
    return _ratio(equal["sum"].to_numpy(), equal["count"].to_numpy(), resampling, 0)


def _ratio(hits: FloatArray, counts: FloatArray, resampling: Resampling, n_unparsed: int) -> Estimate:
    """Sum of hits over sum of counts, items resampled."""
    weights = item_weights(len(hits), resampling, "plan bootstrap")
    return estimate(
        float(hits.sum() / counts.sum()),
        (weights @ hits) / (weights @ counts),
        n_total=len(hits),
        n_unparsed=n_unparsed,
    )


def _flip_of(agreement: Estimate) -> Estimate:
    return _transformed(agreement, lambda a: (1 - math.sqrt(max(0.0, 2 * a - 1))) / 2)


def _transformed(estimated: Estimate, decreasing: Callable[[float], float]) -> Estimate:
    assert estimated.value is not None
    return Estimate(
        value=decreasing(estimated.value),
        low=None if estimated.high is None else decreasing(estimated.high),
        high=None if estimated.low is None else decreasing(estimated.low),
        n_total=estimated.n_total,
        n_unparsed=estimated.n_unparsed,
        reason=estimated.reason,
    )


def _check_above_chance(agreement: Estimate, who: str) -> None:
    if agreement.value is not None and agreement.value <= 0.5:
        raise UserError(
            f"{who} on {agreement.value:.3f} of their preferences on one comparison ({agreement.n_total} items): no "
            "more than chance, so these labels order nothing and no number of them is enough"
        )


def _kept(*losses: Estimate) -> float:
    """(1 - tie)(1 - 2 flip)... of a tie probability followed by flip probabilities."""
    tie, *flips = (each.value or 0.0 for each in losses)
    return (1 - tie) * math.prod(1 - 2 * flip for flip in flips)


def _annotator_sd(labels: _Labels, kept: float) -> Estimate:
    """From how far an annotator's mean score on one pair of models lies from the other annotators' on the same items.

    A score of a pair holds two models' shifts, hence the half.
    """
    rows = labels.rows[labels.rows["pair"] != ""]
    by_item = rows.groupby("item")["score"]
    count, total = by_item.transform("count"), by_item.transform("sum")
    rows = rows[count > 1].assign(
        gap=rows["score"] - (total - rows["score"]) / (count - 1).clip(lower=1), inflation=1 + 1 / (count - 1)
    )
    groups = rows.groupby(["annotator", "pair"]).agg(
        mean=("gap", "mean"), var=("gap", "var"), n=("gap", "count"), inflation=("inflation", "mean")
    )
    groups = groups[groups["n"] > 1]
    if groups.empty or rows["annotator"].nunique() < 2:
        return Estimate(
            value=None,
            low=None,
            high=None,
            n_total=0,
            reason="no two annotators labelled several common items of named models",
        )
    excess = (groups["n"] * (groups["mean"] ** 2 - groups["var"] / groups["n"])).sum()
    variance = excess / (groups["n"] * groups["inflation"]).sum()
    return _component(variance / 2, kept, len(rows), "")


def _bias_sd(judges: _Labels, judge_kept: float, humans: _Labels, human_kept: float) -> Estimate:
    """From how far judges' and humans' rates on one pair of models lie apart, each freed of its noise."""
    per_item = [
        (each.rows[each.rows["pair"] != ""].groupby(["pair", "item"])["score"].mean() - 0.5) / kept
        for each, kept in ((judges, judge_kept), (humans, human_kept))
    ]
    gap = (per_item[0] - per_item[1]).dropna()
    groups = gap.groupby("pair").agg(["mean", "var", "count"])
    groups = groups[groups["count"] > 1]
    if len(groups) < MIN_MODEL_PAIRS:
        counted = f"{len(groups)} pair{'' if len(groups) == 1 else 's'}"
        reason = f"only {counted} of models with labels of both kinds, {MIN_MODEL_PAIRS} are needed"
        return Estimate(value=None, low=None, high=None, n_total=len(gap), reason=reason)
    n = groups["count"]
    variance = (n * (groups["mean"] ** 2 - groups["var"] / n)).sum() / n.sum()
    return _component(variance / 2, 1.0, len(gap), "")


def _component(variance: float, kept: float, n_total: int, reason: str) -> Estimate:
    return Estimate(value=math.sqrt(max(0.0, variance)) / kept, low=None, high=None, n_total=n_total, reason=reason)
