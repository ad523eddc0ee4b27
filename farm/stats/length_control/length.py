"""Length-controlled win rates: what the judge would say if model and reference wrote equally much.

The feature is AlpacaEval's: tanh(d / sd(d)), d = characters of the output minus characters of the reference's, sd over
the model's own pairs with n - 1 (Dubois et al. 2024, section 3). AlpacaEval takes reference minus model, so that its
published coefficient has the other sign. See `farm.stats.length_control.controlled` for the fit and its interval.
"""

from collections.abc import Sequence

import numpy as np

from farm.stats.bootstrap import FloatArray, Resampling
from farm.stats.length_control.controlled import ControlledRate, StyledScores, controlled_rates


def length_controlled_rates(
    scores: Sequence[FloatArray],
    length_differences: Sequence[FloatArray],
    *,
    difficulty: FloatArray | None,
    resampling: Resampling | None,
) -> tuple[ControlledRate, ...]:
    """The length-controlled win rate of each model; its one effect is that of tanh(d / sd(d)).

    Args:
        scores: of each model (I,) or (S, I): training seeds by instructions, in [0, 1]; NaN = no parsed verdict.
        length_differences: of each model the same shape: characters, model minus reference; NaN = not known.
        difficulty: (I,) of the instructions (`farm.stats.length_control.difficulty`); None leaves the term out.
        resampling: draws instructions and seeds; None gives values without intervals.
    """
    models = [length_feature(s, d) for s, d in zip(scores, length_differences, strict=True)]
    return controlled_rates(models, difficulty=difficulty, resampling=resampling)


def length_feature(scores: FloatArray, length_differences: FloatArray) -> StyledScores:
    """One model's scores with its length feature, or the reason why length cannot be controlled for.

    Args:
        scores: (I,) or (S, I); NaN = no parsed verdict.
        length_differences: the same shape.
    """
    table, gaps = np.atleast_2d(scores), np.atleast_2d(np.asarray(length_differences, dtype=np.float64))
    if gaps.shape != table.shape:
        raise ValueError(f"scores {table.shape} and differences in length {gaps.shape} need one shape")
    features, reason = np.full((*gaps.shape, 1), np.nan), ""
    for k, gap in enumerate(gaps):
        known = gap[np.isfinite(gap)]
        sd = float(known.std(ddof=1)) if len(known) > 1 and np.ptp(known) > 0 else 0.0
        if len(known) == 0:
            reason = "the lengths of the reference's outputs are not known"
        elif sd == 0:
            reason = f"every output is {known[0]:+g} characters from the reference's, so that length explains nothing"
        else:
            features[k, :, 0] = np.tanh(gap / sd)
    return StyledScores(scores=table, features=features, reason=reason)
