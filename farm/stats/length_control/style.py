"""Style-controlled win rates: what the judge would say if both answers were equally long and equally marked up.

Features after Arena's style control (Li, Angelopoulos and Chiang 2024, "Does style matter?") as Arena-Hard-Auto states
them: length by (a - b) / (a + b); headings, list items and bold passages as densities (per token, or per character
where tokens are not known), by (a - b) / (a + b + 1); each divided by its standard deviation.

Two things differ. The standard deviation is that of the model's own pairs, not of all models', and every model is
fitted by itself, so that a model more moves nobody's figure. And no mean is taken off: 0 must stay "alike", because
that is where the win rate is read. Where neither side ever has a heading, headings are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from farm.stats.bootstrap import FloatArray, Resampling
from farm.stats.length_control.controlled import ControlledRate, StyledScores, controlled_rates

FEATURES = ("length", "headings", "list items", "bold")
"""In the order of a model's effects."""


@dataclass(frozen=True, kw_only=True)
class OutputStyles:
    """What outputs look like: numbers of each, (I,) or (S, I); NaN where an output is not known."""

    length: FloatArray
    """Tokens, or characters where tokens are not known; of model and reference the same unit."""
    n_headings: FloatArray
    n_list_items: FloatArray
    n_bold: FloatArray


def style_controlled_rates(
    scores: Sequence[FloatArray],
    styles: Sequence[OutputStyles],
    references: Sequence[OutputStyles],
    *,
    difficulty: FloatArray | None,
    resampling: Resampling | None,
) -> tuple[ControlledRate, ...]:
    """The style-controlled win rate of each model; its effects are those of FEATURES, per standard deviation.

    Args:
        scores: of each model (I,) or (S, I): training seeds by instructions, in [0, 1]; NaN = no parsed verdict.
        styles: of each model's outputs, the same shape.
        references: of the reference's outputs that they were compared with, the same shape or (I,).
        difficulty: (I,) of the instructions; None leaves the term out.
        resampling: draws instructions and seeds; None gives values without intervals.
    """
    models = [style_features(s, a, b) for s, a, b in zip(scores, styles, references, strict=True)]
    return controlled_rates(models, difficulty=difficulty, resampling=resampling)


def style_features(scores: FloatArray, outputs: OutputStyles, references: OutputStyles) -> StyledScores:
    """One model's scores with its style features, or the reason why style cannot be controlled for.

    Args:
        scores: (I,) or (S, I).
        outputs: of the model, the same shape.
        references: of the reference, the same shape or (I,).
    """
    table = np.atleast_2d(scores)
    raw = np.stack([np.broadcast_to(d, table.shape) for d in _differences(outputs, references)], axis=2)
    features, reason = np.full(raw.shape, np.nan), ""
    for seed, differences in enumerate(raw):
        known = differences[np.isfinite(differences).all(axis=1)]
        if len(known) < 2:
            return StyledScores(scores=table, features=features, reason="the style of the outputs is not known")
        # Rounding leaves equal values a standard deviation of 1e-17.
        sd = np.where(np.ptp(known, axis=0) > 0, known.std(axis=0, ddof=1), 0.0)
        for name, spread, first in zip(FEATURES, sd, known[0], strict=True):
            if spread == 0 and first != 0:
                reason = f"the difference in {name} is the same everywhere, so that it explains nothing"
        if sd[0] == 0 and not reason:
            reason = "every output is as long as the reference's, so that length explains nothing"
        # A feature that neither side has is 0 throughout: the prior leaves its coefficient at 0.
        features[seed] = differences / np.where(sd > 0, sd, 1.0)
    return StyledScores(scores=table, features=features, reason=reason)


def _differences(outputs: OutputStyles, references: OutputStyles) -> tuple[FloatArray, ...]:
    """Of each feature, model minus reference, normalised; 0 of two empty outputs."""
    total = outputs.length + references.length
    parts = [(outputs.length - references.length) / np.where(total > 0, total, 1)]
    for of_output, of_reference in (
        (outputs.n_headings, references.n_headings),
        (outputs.n_list_items, references.n_list_items),
        (outputs.n_bold, references.n_bold),
    ):
        a = of_output / np.where(outputs.length > 0, outputs.length, 1)
        b = of_reference / np.where(references.length > 0, references.length, 1)
        parts.append((a - b) / (a + b + 1))
    return tuple(parts)
