"""The model of `farm.stats.planning.model`, drawn label by label: no normal approximation, no linearisation.

Whoever doubts the closed form compares it with this. One simulation is followed along the number of instructions, so
that a whole curve of confidence against budget costs no more than its last point.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from farm.seeds import rng_for
from farm.stats.bootstrap import FloatArray
from farm.stats.planning.model import N_STANDARD_ERRORS, Design, LabelSource, Question, gap_moments

CELLS_AT_ONCE = 50_000
"""Comparisons drawn at a time: few enough for the processor's cache."""


class SimulatedConfidence(NamedTuple):
    """The share of simulations that met the criterion, one entry per number of instructions."""

    confidence: FloatArray
    """(G,); a gap of exactly zero counts one half for `order`."""
    standard_error: FloatArray
    """(G,) of the simulation itself; never 0, for two hits and two misses are added (Agresti and Coull 1998)."""


def simulated_confidence(
    question: Question,
    source: LabelSource,
    design: Design,
    n_items: Sequence[int],
    *,
    n_simulations: int,
    seed: int,
) -> SimulatedConfidence:
    """How often the criterion is met after so many instructions.

    Args:
        question: what is asked.
        source: who labels.
        design: seeds, annotators and labels per comparison; its `n_items` is not looked at.
        n_items: (G,) increasing numbers of instructions.
        n_simulations: repetitions of the whole measurement.
        seed: keys the draws.
    """
    gaps = simulated_gaps(question, source, design, n_items, n_simulations=n_simulations, seed=seed)
    if question.criterion == "order":
        hits = (gaps > 0) + 0.5 * (gaps == 0)
    else:
        designs = [Design(**(vars(design) | {"n_items": n})) for n in n_items]
        errors = np.array([gap_moments(question, source, each).standard_error for each in designs])
        hits = (gaps > N_STANDARD_ERRORS * errors).astype(np.float64)
    share = hits.mean(axis=0)
    added = (hits.sum(axis=0) + 2) / (n_simulations + 4)
    return SimulatedConfidence(share, np.sqrt(added * (1 - added) / (n_simulations + 4)))


def simulated_gaps(
    question: Question,
    source: LabelSource,
    design: Design,
    n_items: Sequence[int],
    *,
    n_simulations: int,
    seed: int,
) -> FloatArray:
    """Measured gaps, (n_simulations, G): what `simulated_confidence` counts. Arguments as there."""
    key = f"{question} {source} {design.n_seeds} {design.n_annotators} {design.labels_per_comparison} {max(n_items)}"
    rng = rng_for(seed, "plan", key)
    per_simulation = question.comparisons_per_item * design.n_seeds * max(n_items)
    at_once = max(1, min(n_simulations, CELLS_AT_ONCE // per_simulation))
    parts, left = [], n_simulations
    while left:
        n = min(at_once, left)
        parts.append(_gaps(question, source, design, np.asarray(n_items), n, rng))
        left -= n
    return np.concatenate(parts)


def _gaps(
    question: Question,
    source: LabelSource,
    design: Design,
    n_items: np.ndarray[tuple[int], np.dtype[np.int64]],
    n_simulations: int,
    rng: np.random.Generator,
) -> FloatArray:
    """(n_simulations, G)."""
    thresholds = _win_probabilities(question, source, design, n_simulations, rng)
    n_methods, last = thresholds.shape[1], int(n_items[-1])
    shape = (n_simulations, n_methods, design.n_seeds, last)
    fate = _uniforms(rng, shape)
    if question.item_correlation > 0:
        # Each cell follows the common draw with this probability, two of them both with its square.
        follows = _uniforms(rng, shape) < np.sqrt(question.item_correlation)
        common_methods = n_methods if question.design == "unpaired" else 1
        common = _uniforms(rng, (n_simulations, common_methods, 1, last))
        fate = np.where(follows, common, fate)
    is_mistaken = _uniforms(rng, shape) < source.shared_flip_prob if source.shared_flip_prob > 0 else None
    points = np.zeros((n_simulations, n_methods, last), dtype=np.int32)  # twice the score, summed over seeds and labels
    for label in range(design.labels_per_comparison):
        # Annotators take turns: all have the same share, and the labels of one comparison come from different ones.
        annotator = (np.arange(last) * design.labels_per_comparison + label) % design.n_annotators
        is_win = fate < thresholds[:, :, :, annotator]
        if is_mistaken is not None:
            is_win ^= is_mistaken
        chance = _uniforms(rng, shape)
        is_win ^= chance >= 1 - (1 - source.tie_prob) * source.flip_prob
        points += np.where(chance < source.tie_prob, 1, 2 * is_win.astype(np.int8)).sum(axis=2, dtype=np.int32)
    sums = np.cumsum(points, axis=2, dtype=np.int64)[:, :, n_items - 1]
    scores = sums / (2 * design.n_seeds * design.labels_per_comparison * n_items)
    gaps: FloatArray = scores[:, 0] - scores[:, 1] if n_methods == 2 else scores[:, 0] - 0.5
    return gaps


def _win_probabilities(
    question: Question, source: LabelSource, design: Design, n_simulations: int, rng: np.random.Generator
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """True win rates as each annotator sees them: (n_simulations, methods or 1, seeds, annotators)."""
    of_runs = rng.normal(0, question.seed_sd, (n_simulations, 2, design.n_seeds, 1))
    of_annotators = rng.normal(0, source.annotator_sd, (n_simulations, 2, 1, design.n_annotators))
    of_source = rng.normal(0, source.bias_sd, (n_simulations, 2, 1, 1))
    base = np.array(question.rates)[None, :, None, None]
    rates = np.clip(base + of_runs + of_annotators + of_source, 1e-6, 1 - 1e-6)
    if question.design == "head_to_head":
        odds = rates / (1 - rates)
        rates = odds[:, :1] / (odds[:, :1] + odds[:, 1:])
    return rates.astype(np.float32)


def _uniforms(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return rng.random(shape, dtype=np.float32)
