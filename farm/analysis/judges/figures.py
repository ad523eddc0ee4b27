"""The figures of one judge on labelled items: agreement, bias and variance, order, style, unparsed, price, time."""

from dataclasses import replace
from typing import TypedDict

import numpy as np

from farm.analysis.judges.labelled_set import ItemLabels, JudgeLabels, LabelledSet
from farm.analysis.judges.result import JudgeFigures, JudgeResult
from farm.stats.agreement.bias_variance import BiasVariance, bias_and_variance
from farm.stats.agreement.by_annotator import CLASSES, cohen_kappa
from farm.stats.agreement.kappa import fleiss_kappa, krippendorff_alpha
from farm.stats.agreement.label_counts import IntArray, counts_of, labels_by_item
from farm.stats.agreement.pair_agreement import agreement_between, agreement_within, leave_one_out_pooled
from farm.stats.bias.position import order_effect, verdict_of_both_orders
from farm.stats.bias.style import style_bias
from farm.stats.bootstrap import Estimate, FloatArray, Resampling
from farm.stats.shares import mean_of_ratios, ratio, undefined

_NO_HUMANS = "there are no human labels"


class _Common(TypedDict):
    name: str
    resampling: Resampling
    n_unparsed: int


def judge_figures(items: LabelledSet, judge: JudgeLabels, *, resampling: Resampling) -> JudgeResult:
    """Compute everything about one judge, or about the humans.

    Args:
        items: the labelled set.
        judge: its labels; those of `items.humans` are compared with each other.
        resampling: draws the items.
    """
    labels = judge.labels
    asked = np.unique(labels.item)
    figures = JudgeFigures(
        **_against_humans(items, judge, resampling),
        **_bias_variance(items, judge, asked, resampling),
        **_order(items, judge, resampling),
        **_style_and_costs(items, judge, resampling),
    )
    return JudgeResult(
        name=judge.name,
        kind=judge.kind,
        n_items=len(asked),
        n_verdicts=len(labels.item),
        figures=figures,
        by_dataset=_by_dataset(items, judge, resampling),
    )


def margin(items: LabelledSet, judge: JudgeLabels, baseline: JudgeLabels, *, resampling: Resampling) -> Estimate:
    """How much more a judge agrees with the human majority than a baseline does, on the same items; n counts items.

    Args:
        items: the labelled set.
        judge: any judge; each of its parsed verdicts on an item weighs the same.
        baseline: another.
        resampling: draws the items.
    """
    of_judge, of_baseline = (_item_agreement(items, each.labels) for each in (judge, baseline))
    both = np.isfinite(of_judge) & np.isfinite(of_baseline)
    return ratio(
        np.where(both, of_judge - of_baseline, 0.0),
        both.astype(np.float64),
        purpose=f"margin of {judge.name} over {baseline.name}",
        resampling=resampling,
        nothing=_NO_HUMANS if items.humans is None else "no verdict on an item with a human label",
    )


def _item_agreement(items: LabelledSet, labels: ItemLabels) -> FloatArray:
    """(I,) share of the parsed verdicts that are the human vote; NaN where there is none, or no vote."""
    vote, n_items = items.human_vote[labels.item], len(items.item_ids)
    used = np.isfinite(labels.label) & np.isfinite(vote)
    n_used = np.bincount(labels.item[used], minlength=n_items)
    n_equal = np.bincount(labels.item[used], labels.label[used] == vote[used], n_items)
    return np.where(n_used > 0, n_equal / np.maximum(n_used, 1), np.nan)


def _against_humans(items: LabelledSet, judge: JudgeLabels, resampling: Resampling) -> dict[str, Estimate]:
    labels, n_items = judge.labels, len(items.item_ids)
    n_unparsed = _n_unparsed(labels)
    counts = counts_of(labels.item, labels.label, CLASSES, n_items)
    common: _Common = {"name": judge.name, "resampling": resampling, "n_unparsed": n_unparsed}
    orders = {
        f"agreement_first_shown_{k}": _agreement(items, judge, resampling, labels.first_shown == k) for k in (1, 2)
    }
    label_of_item = _per_item(labels, n_items)
    alpha = krippendorff_alpha(counts, **common)
    if judge.kind == "human":
        within = agreement_within(counts, **common)
        decided = counts * np.array([0.0, 1.0, 1.0])
        return {
            "agreement": leave_one_out_pooled(counts, **common),
            "accuracy": undefined("humans are compared with each other"),
            "agreement_no_ties": leave_one_out_pooled(decided, **common),
            **orders,
            "agreement_both_orders": undefined("humans see one order"),
            "kappa": fleiss_kappa(counts, **common),
            "alpha": alpha,
            "s1": within.s1,
            "s2": within.s2,
        }
    between = agreement_between(counts, items.human_counts, **common)
    everything = np.ones(len(labels.item), dtype=np.bool_)
    settled = verdict_of_both_orders(
        _in_order(judge.ordered, 1, n_items), _in_order(judge.ordered, 2, n_items), "average"
    )
    return {
        "agreement": _agreement(items, judge, resampling, everything),
        "accuracy": _agreement(items, judge, resampling, everything, unparsed_is_wrong=True),
        "agreement_no_ties": _agreement(items, judge, resampling, labels.label != 1.5, no_ties=True),
        **orders,
        "agreement_both_orders": _share_equal(settled, items.human_vote, judge.name, resampling),
        "kappa": replace(
            cohen_kappa(label_of_item, items.human_vote, resampling=resampling),
            n_unparsed=n_unparsed,
        ),
        "alpha": alpha,
        "s1": between.s1,
        "s2": between.s2,
    }


def _agreement(
    items: LabelledSet,
    judge: JudgeLabels,
    resampling: Resampling,
    counts: np.ndarray[tuple[int], np.dtype[np.bool_]],
    *,
    no_ties: bool = False,
    unparsed_is_wrong: bool = False,
) -> Estimate:
    """Of those labels with the human vote; every order and repetition is a column of its own and weighs the same."""
    labels = judge.labels
    if items.humans is None:
        return undefined(_NO_HUMANS, n_unparsed=_n_unparsed(labels))
    if judge.kind == "human":
        return undefined("humans are compared with each other")
    vote = items.human_vote[labels.item]
    used = counts & (np.isfinite(labels.label) | unparsed_is_wrong) & np.isfinite(vote)
    if no_ties:
        used &= vote != 1.5
    _, column = np.unique(
        labels.first_shown * (labels.repetition.max(initial=0) + 1) + labels.repetition, return_inverse=True
    )
    shape = (len(items.item_ids), int(column.max(initial=-1)) + 1)
    whole, part = np.zeros(shape), np.zeros(shape)
    whole[labels.item[used], column[used]] = 1.0
    part[labels.item[used], column[used]] = labels.label[used] == vote[used]
    return mean_of_ratios(
        part,
        whole,
        purpose=f"agreement of {judge.name}",
        resampling=resampling,
        n_unparsed=int((counts & np.isnan(labels.label)).sum()),
        nothing="no verdict of this kind on an item with a human label",
    )


def _by_dataset(items: LabelledSet, judge: JudgeLabels, resampling: Resampling) -> dict[str, Estimate]:
    names = np.array(items.datasets)[judge.labels.item]
    distinct = sorted(set(names.tolist()))
    if len(distinct) < 2 or judge.kind == "human":
        return {}
    return {name: _agreement(items, judge, resampling, names == name, unparsed_is_wrong=True) for name in distinct}


def _bias_variance(
    items: LabelledSet, judge: JudgeLabels, asked: IntArray, resampling: Resampling
) -> dict[str, Estimate]:
    labels = judge.labels
    table = labels_by_item(labels.item, labels.label, len(items.item_ids))[asked]
    is_human = judge.kind == "human"
    humans = None if items.humans is None or is_human else items.human_labels[asked]
    figures: dict[str, Estimate] = {}
    for ties in ("alpaca_eval", "expected"):
        made: BiasVariance = bias_and_variance(table, humans, ties=ties, name=judge.name, resampling=resampling)
        for name, value in zip(BiasVariance._fields, made, strict=True):
            figures[f"{name}_{ties}"] = replace(value, n_unparsed=_n_unparsed(labels))
        if is_human:
            # AlpacaEval's row of humans: agreement is one against the others, and the bias is 0 by definition.
            variance = figures[f"variance_{ties}"]
            figures[f"agreement_{ties}"] = _complement(variance)
            figures[f"bias_{ties}"] = undefined("0 by definition")
    return figures


def _order(items: LabelledSet, judge: JudgeLabels, resampling: Resampling) -> dict[str, Estimate]:
    n_items = len(items.item_ids)
    shown_first, shown_second = (_in_order(judge.ordered, order, n_items) for order in (1, 2))
    asked = np.isin(np.arange(n_items), judge.labels.item)
    effect = order_effect(shown_first[asked], shown_second[asked], name=judge.name, resampling=resampling)
    return {"consistency": effect.consistency, "conflict": effect.conflict}


def _style_and_costs(items: LabelledSet, judge: JudgeLabels, resampling: Resampling) -> dict[str, Estimate]:
    labels, n_items = judge.labels, len(items.item_ids)
    bias = style_bias(
        labels.item,
        labels.label,
        items.style,
        labels.first_shown,
        name=judge.name,
        resampling=resampling,
    )

    def per_label(value: FloatArray, counts: FloatArray, kind: str, nothing: str) -> Estimate:
        return ratio(
            np.bincount(labels.item, value * counts, n_items).astype(np.float64),
            np.bincount(labels.item, counts, n_items).astype(np.float64),
            purpose=f"{kind} of {judge.name}",
            resampling=resampling,
            nothing=nothing,
        )

    is_parsed = np.isfinite(labels.label).astype(np.float64)
    everywhere = np.ones(len(labels.item))
    prices = {
        name: per_label(
            1000 * np.nan_to_num(value), np.isfinite(value).astype(np.float64), name, f"no {what} is recorded"
        )
        for name, value, what in (
            ("usd_per_1000", labels.cost_usd, "price"),
            ("seconds_per_1000", labels.seconds, "time"),
        )
    }
    apart = judge.ordered
    first_shown = style_bias(
        apart.item,
        apart.label,
        items.style,
        apart.first_shown,
        name=judge.name,
        resampling=resampling,
    ).first_shown
    return {
        "prefers_first_shown": first_shown,
        "prefers_longer": bias.longer,
        "prefers_longer_alpaca_eval": bias.longer_alpaca_eval,
        "prefers_lists": bias.lists,
        "prefers_lists_alpaca_eval": bias.lists_alpaca_eval,
        "ties": per_label((labels.label == 1.5).astype(np.float64), is_parsed, "ties", "no verdict was parsed"),
        "unparsed": per_label(1 - is_parsed, everywhere, "unparsed", "nothing was asked"),
        **prices,
    }


def _share_equal(first: FloatArray, second: FloatArray, name: str, resampling: Resampling) -> Estimate:
    both = np.isfinite(first) & np.isfinite(second)
    return ratio(
        (both & (first == second)).astype(np.float64),
        both.astype(np.float64),
        purpose=f"agreement in both orders of {name}",
        resampling=resampling,
        nothing="no item with a human label was judged in both orders",
    )


def _in_order(labels: ItemLabels, order: int, n_items: int) -> FloatArray:
    """(I,) the first verdict in which output `order` was shown first; NaN where there is none."""
    chosen = (labels.first_shown == order) & (labels.repetition == 0)
    label_of_item = np.full(n_items, np.nan)
    label_of_item[labels.item[chosen]] = labels.label[chosen]
    return label_of_item


def _per_item(labels: ItemLabels, n_items: int) -> FloatArray:
    """(I,) the side of a tie on which the mean of the parsed verdicts lies."""
    parsed = np.isfinite(labels.label)
    total = np.bincount(labels.item[parsed], labels.label[parsed] - 1.5, n_items)
    n_labels = np.bincount(labels.item[parsed], minlength=n_items)
    return np.where(n_labels > 0, 1.5 + 0.5 * np.sign(total), np.nan)


def _complement(value: Estimate) -> Estimate:
    if value.value is None:
        return value
    low, high = value.low, value.high
    return replace(
        value,
        value=1 - value.value,
        low=None if high is None else 1 - high,
        high=None if low is None else 1 - low,
    )


def _n_unparsed(labels: ItemLabels) -> int:
    return int(np.isnan(labels.label).sum())
