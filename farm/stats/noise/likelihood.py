"""The likelihood of human labels under the noise model of a crowd, with its gradient.

Label n of worker w on item i has the log odds (letters as in `farm.annotators.noise.crowd`, r_w = exp(rho_w))

    u_n = r_w (s_soft m_soft + s_hard m_hard + opinion_sd z_i) + b_len x_n + b_list l_n + b_pos o_n,
    z_i ~ Normal(0, 1),

and the probability of `farm.stats.noise.choice_model`. The labels of one item share z_i, over which their joint
probability is integrated on an even grid (the trapezoid rule, whose error is below 1e-4 up to an opinion_sd of 20).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from farm.stats.bootstrap import FloatArray
from farm.stats.noise.choice_model import choice_terms
from farm.stats.noise.labels import CrowdLabels

_N_RELIABILITIES = 9
_GRID_END = 4.8


@dataclass(frozen=True, kw_only=True)
class Coefficients:
    """The model's parameters apart from the workers; what the data do not identify is 0."""

    soft_slope: float
    """s of verdicts with p_first: 1 / temperature."""
    hard_slope: float
    """s of verdicts without: their log odds for the median worker."""
    length_bias: float
    list_bias: float
    position_bias: float
    opinion_sd: float
    tie_weight: float
    lapse_rate: float


class Evaluation(NamedTuple):
    """The log-likelihood at one point, with its derivatives."""

    value: float
    by_coefficient: dict[str, float]
    """Of each field of `Coefficients`; that of tie_weight is by its logarithm."""
    by_worker: FloatArray
    """(W,) by rho_w."""
    worker_information: FloatArray
    """(W,) sum of the squares of the labels' derivatives by rho_w: an estimate of the information on it."""


class HeldOut(NamedTuple):
    """Log-probabilities of labels of workers who are not known."""

    of_labels: FloatArray
    """(N,) each label by itself."""
    of_items: FloatArray
    """(I,) all labels of an item together."""


def evaluate(labels: CrowdLabels, at: Coefficients, rho: FloatArray) -> Evaluation:
    """Log-likelihood of all labels and its gradient.

    Args:
        labels: N labels.
        at: the parameters.
        rho: (W,) logarithms of the workers' reliabilities.
    """
    total = 0.0
    gradient = dict.fromkeys(vars(at), 0.0)
    by_worker, information = np.zeros(labels.n_workers), np.zeros(labels.n_workers)
    for block in labels.blocks:
        grid, weights = _grid(at)
        reliability = np.exp(rho[block.worker])
        followed = at.soft_slope * block.soft_margin + at.hard_slope * block.hard_margin
        logit = (reliability * followed + _bias(block, at))[:, None]
        logit = logit + (reliability * at.opinion_sd)[:, None] * grid
        terms = choice_terms(logit, block.side[:, None], tie_weight=at.tie_weight, lapse_rate=at.lapse_rate)
        joint = np.add.reduceat(terms.logp, block.starts, axis=0) + np.log(weights)
        top = joint.max(axis=1, keepdims=True)
        per_item = top[:, 0] + np.log(np.exp(joint - top).sum(axis=1))
        posterior = np.exp(joint - per_item[:, None])[block.item]
        slope = posterior * terms.by_logit
        slope_sum, slope_grid = slope.sum(axis=1), slope @ grid
        total += float(per_item.sum())
        gradient["soft_slope"] += float((reliability * block.soft_margin) @ slope_sum)
        gradient["hard_slope"] += float((reliability * block.hard_margin) @ slope_sum)
        gradient["length_bias"] += float(block.length_ratio @ slope_sum)
        gradient["list_bias"] += float(block.list_gap @ slope_sum)
        gradient["position_bias"] += float(block.order @ slope_sum)
        gradient["opinion_sd"] += float(reliability @ slope_grid)
        gradient["tie_weight"] += float((posterior * terms.by_log_tie_weight).sum())
        gradient["lapse_rate"] += float((posterior * terms.by_lapse_rate).sum())
        by_label = reliability * (followed * slope_sum + at.opinion_sd * slope_grid)
        by_worker += np.bincount(block.worker, by_label, labels.n_workers)
        information += np.bincount(block.worker, by_label**2, labels.n_workers)
    return Evaluation(total, gradient, by_worker, information)


def held_out(labels: CrowdLabels, at: Coefficients, reliability_spread: float) -> HeldOut:
    """Log-probabilities of labels by workers drawn anew, each label by one of its own.

    Args:
        labels: of items that the parameters were not fitted to.
        at: the parameters.
        reliability_spread: standard deviation of rho.
    """
    of_labels, of_items = [], []
    nodes, node_weights = _reliability_nodes(reliability_spread)
    for block in labels.blocks:
        grid, weights = _grid(at)
        followed = at.soft_slope * block.soft_margin + at.hard_slope * block.hard_margin
        bias = _bias(block, at)
        chance = np.zeros((block.n_labels, len(grid)))
        for reliability, weight in zip(nodes, node_weights, strict=True):
            logit = (reliability * followed + bias)[:, None] + reliability * at.opinion_sd * grid
            terms = choice_terms(logit, block.side[:, None], tie_weight=at.tie_weight, lapse_rate=at.lapse_rate)
            chance += weight * np.exp(terms.logp)
        with np.errstate(divide="ignore"):
            of_labels.append(np.log(chance @ weights))
            joint = np.add.reduceat(np.log(chance), block.starts, axis=0) + np.log(weights)
            of_items.append(np.logaddexp.reduce(joint, axis=1))
    return HeldOut(np.concatenate(of_labels), np.concatenate(of_items))


def _bias(labels: CrowdLabels, at: Coefficients) -> FloatArray:
    bias: FloatArray = (
        at.length_bias * labels.length_ratio + at.list_bias * labels.list_gap + at.position_bias * labels.order
    )
    return bias


def _grid(at: Coefficients) -> tuple[FloatArray, FloatArray]:
    if at.opinion_sd == 0:
        return np.zeros(1), np.ones(1)
    # Steps of at most 2 in log odds: the choice probabilities are smooth on that scale.
    grid = np.linspace(-_GRID_END, _GRID_END, 49 if at.opinion_sd < 8 else 97)
    weights = np.exp(-(grid**2) / 2)
    return grid, weights / weights.sum()


def _reliability_nodes(spread: float) -> tuple[FloatArray, FloatArray]:
    if spread == 0.0:
        return np.ones(1), np.ones(1)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_N_RELIABILITIES)
    return np.exp(spread * nodes), weights / weights.sum()
