"""Profile-likelihood intervals of the noise model of a crowd.

The 95% interval of a parameter holds the values at which the best fit of all the others is at most 3.84 / 2 below the
maximum (Wilks 1938). It needs no symmetry and respects bounds: at one that is inside, the interval ends there. The
spread of reliability uses its marginal likelihood F; the others are profiled at the fitted spread.
"""

import math
from typing import NamedTuple

import numpy as np

from farm.stats.noise.fit import LIMITS, CrowdFit, Fit, fine_curve, fit_at
from farm.stats.noise.labels import CrowdLabels

THRESHOLD = 3.841458820694124
"""95% quantile of chi-squared with one degree of freedom."""
_ROOT = math.sqrt(THRESHOLD)
_MAX_STEPS = 12
_CLOSE = 0.03
"""How near the signed root must come to its target; a root of one is one standard error."""


class Interval(NamedTuple):
    """A parameter as the likelihood has it (a slope, not a temperature)."""

    value: float
    low: float
    high: float
    is_low_limited: bool
    """The likelihood falls too little before the lower limit of the search."""
    is_high_limited: bool
    """The same above."""


def intervals(labels: CrowdLabels, free: frozenset[str], crowd_fit: CrowdFit) -> dict[str, Interval]:
    """The interval of every parameter that was fitted, by the names of `free`."""
    made = {name: _profiled(labels, free, crowd_fit.fit, name) for name in LIMITS if name in free}
    if crowd_fit.curve is not None:
        made["reliability_spread"] = _of_spread(crowd_fit)
    return made


def _of_spread(crowd_fit: CrowdFit) -> Interval:
    assert crowd_fit.curve is not None
    fine = fine_curve(crowd_fit.curve)
    values = np.array(fine.log_likelihoods)
    inside = np.array(fine.spreads)[values >= values.max() - THRESHOLD / 2]
    low, high = float(inside.min()), float(inside.max())
    return Interval(crowd_fit.fit.spread, low, high, low == 0.0, high == fine.spreads[-1])


def _profiled(labels: CrowdLabels, free: frozenset[str], best: Fit, name: str) -> Interval:
    value = float(vars(best.coefficients)[name])
    ends = [_end(labels, free, best, name, upwards=upwards) for upwards in (False, True)]
    return Interval(value, ends[0], ends[1], ends[0] <= LIMITS[name][0], ends[1] >= LIMITS[name][1])


def _end(labels: CrowdLabels, free: frozenset[str], best: Fit, name: str, *, upwards: bool) -> float:
    """Where the signed root of twice the drop reaches 1.96; the limit of the search if it does not.

    The root is nearly linear in the parameter (in the logarithm of the tie weight), so a secant finds the place.
    """
    is_log = name == "tie_weight"
    limit = LIMITS[name][1 if upwards else 0]
    start, stop = (math.log(v) if is_log else v for v in (float(vars(best.coefficients)[name]), limit))
    if start == stop:
        return limit

    def root(place: float, near: Fit) -> tuple[float, Fit]:
        held = math.exp(place) if is_log else place
        fit = fit_at(labels, free, spread=best.spread, start=near, fixed={name: held})
        return math.sqrt(max(0.0, 2 * (best.penalised - fit.penalised))), fit

    inner, outer = (start, 0.0), None
    near = best
    step = min(abs(stop - start), 0.1 * max(1.0, abs(start)))
    place = start + math.copysign(step, stop - start)
    for _ in range(_MAX_STEPS):
        height, fit = root(place, near)
        if abs(height - _ROOT) < _CLOSE:
            break
        if height < _ROOT:
            if place == stop:
                return limit
            inner, near = (place, height), fit
        else:
            outer = (place, height)
        place = _next_place(inner, outer, start, stop)
    return math.exp(place) if is_log else place


def _next_place(inner: tuple[float, float], outer: tuple[float, float] | None, start: float, stop: float) -> float:
    """Between the two where both sides are known, else outwards by the slope so far, at most four times as far."""
    if outer is not None:
        share = (_ROOT - inner[1]) / (outer[1] - inner[1])
        return inner[0] + min(max(share, 0.05), 0.95) * (outer[0] - inner[0])
    grown = inner[0] - start
    factor = min(4.0, 1.02 * _ROOT / inner[1]) if inner[1] > 0 else 4.0
    place = start + grown * factor
    return stop if abs(place - start) >= abs(stop - start) else place
