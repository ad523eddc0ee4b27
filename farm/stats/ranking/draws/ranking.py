"""A ranking as numbers, whatever it was made from: the models' values, and what they are under resampling.

Two rankings are compared on these numbers alone (`farm.stats.ranking.ranking_comparison`). Row by row the resamples of
both belong together, so that what the two share (instructions, say) is drawn for both at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from farm.stats.bootstrap import FloatArray

SMALLEST_RATE = 1e-6
"""Win rates are kept this far from 0 and 1 before their log odds are taken, in resamples only."""


@dataclass(frozen=True, kw_only=True)
class RankingDraws:
    """The values of M models and R resamples of them."""

    models: tuple[str, ...]
    """The ranked ones, in alphabetical order."""
    win_rates: FloatArray
    """(M,) ties one half."""
    win_rate_draws: FloatArray
    """(R, M)"""
    strengths: FloatArray
    """(M,) Bradley-Terry log-strengths; NaN if there are none."""
    strength_draws: FloatArray
    """(R, M)"""
    strength_reason: str
    """Why there are no strengths; empty if there are."""
    difference_errors: FloatArray | None
    """(M, M) standard error of the difference of two models' win rates, NaN if unknown; None: the standard deviation
    over the resamples."""
    exact_models: frozenset[str]
    """Models whose figure comes without a standard error: the resamples repeat it, and nothing about it can be told
    from noise."""
    refusal: str
    """Why the models cannot be ranked at all; empty if they can."""

    def of(self, models: Sequence[str]) -> "RankingDraws":
        """The same of some of the models."""
        columns = [self.models.index(model) for model in models]
        errors = self.difference_errors
        return replace(
            self,
            models=tuple(models),
            win_rates=self.win_rates[columns],
            win_rate_draws=self.win_rate_draws[:, columns],
            strengths=self.strengths[columns],
            strength_draws=self.strength_draws[:, columns],
            difference_errors=None if errors is None else errors[np.ix_(columns, columns)],
            exact_models=self.exact_models & set(models),
        )


def draws_of_win_rates(
    models: Sequence[str],
    win_rates: FloatArray,
    win_rate_draws: FloatArray,
    *,
    difference_errors: FloatArray | None,
    exact_models: frozenset[str],
    strength_reason: str = "",
) -> RankingDraws:
    """A ranking by win rates against one reference, whose Bradley-Terry strengths are their log odds.

    Args:
        models: M names, in alphabetical order.
        win_rates: (M,)
        win_rate_draws: (R, M)
        difference_errors: as in `RankingDraws`.
        exact_models: as in `RankingDraws`.
        strength_reason: why there are no strengths, if the figures are not such win rates.
    """
    if not strength_reason and not ((win_rates > 0) & (win_rates < 1)).all():
        strength_reason = "a win rate of 0% or 100% has no finite log odds"
    if strength_reason:
        strengths, strength_draws = np.full_like(win_rates, np.nan), np.full_like(win_rate_draws, np.nan)
    else:
        inside = np.clip(win_rate_draws, SMALLEST_RATE, 1 - SMALLEST_RATE)
        strengths, strength_draws = special.logit(win_rates), special.logit(inside)
    return RankingDraws(
        models=tuple(models),
        win_rates=win_rates,
        win_rate_draws=win_rate_draws,
        strengths=strengths,
        strength_draws=strength_draws,
        strength_reason=strength_reason,
        difference_errors=difference_errors,
        exact_models=exact_models,
        refusal="",
    )
