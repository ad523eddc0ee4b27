"""The fitted crowd: its parameters with intervals, each worker's reliability, and the noise stage they make."""

import math
from dataclasses import dataclass

import numpy as np

from farm.analysis.calibration.data import CalibrationData
from farm.annotators.noise.crowd import CrowdNoise
from farm.stats.noise.fit import LIMITS, Fit
from farm.stats.noise.identified import FIELD_OF, PARAMETERS, Identified
from farm.stats.noise.intervals import Interval

_FROM_ZERO = ("reliability_spread", "opinion_sd", "lapse_rate")
"""Parameters whose lower limit is a value like any other and not an end of the search."""
_Z = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of `CrowdNoise` as fitted."""

    name: str
    value: float | None
    """None if it is not identified."""
    low: float | None
    """End of the 95% profile-likelihood interval; None if there is none on this side."""
    high: float | None
    reason: str
    """Why it is not identified, or why an end is missing; empty if nothing is."""

    @property
    def is_identified(self) -> bool:
        return self.value is not None


@dataclass(frozen=True, kw_only=True)
class WorkerReliability:
    """One human annotator."""

    name: str
    n_labels: int
    reliability: float | None
    """r_w: 1 is the median worker; None if the spread is not identified or 0."""
    low: float | None
    high: float | None
    reason: str


def parameters(identified: Identified, intervals: dict[str, Interval]) -> tuple[Parameter, ...]:
    """All parameters in the order of the tables."""
    made = []
    for name in PARAMETERS:
        if name in identified.reasons:
            made.append(Parameter(name=name, value=None, low=None, high=None, reason=identified.reasons[name]))
        else:
            made.append(_parameter(name, intervals[FIELD_OF.get(name, name)]))
    return tuple(made)


def reliabilities(data: CalibrationData, fit: Fit, identified: Identified) -> tuple[WorkerReliability, ...]:
    """Each annotator's most probable reliability given the fitted spread, with its approximate 95% interval."""
    counts = np.bincount(data.labels.worker, minlength=data.labels.n_workers)
    missing = identified.reasons.get("reliability_spread", "")
    if not missing and fit.spread == 0.0:
        missing = "no spread was found: the annotators are equally reliable as far as these labels tell"
    rows = []
    for worker, name in enumerate(data.workers):
        rho = float(fit.rho[worker])
        error = 0.0 if missing else _Z / math.sqrt(float(fit.worker_information[worker]) + 1 / fit.spread**2)
        rows.append(
            WorkerReliability(
                name=name,
                n_labels=int(counts[worker]),
                reliability=None if missing else math.exp(rho),
                low=None if missing else math.exp(rho - error),
                high=None if missing else math.exp(rho + error),
                reason=missing,
            )
        )
    return tuple(rows)


def crowd_noise(fit: Fit, identified: Identified, *, n_workers: int, p_limit: float, seed: int) -> CrowdNoise:
    """The stage that draws from the fitted model; what is not identified is left out of it."""
    at = fit.coefficients
    # A fold may lack what all the data identify: then the slope is 0, and the verdict says nothing.
    has_temperature = "temperature" not in identified.reasons and at.soft_slope > 0
    has_log_odds = "verdict_log_odds" not in identified.reasons or not has_temperature
    return CrowdNoise(
        n_workers=n_workers,
        reliability_spread=fit.spread,
        temperature=1.0 / at.soft_slope if has_temperature else None,
        verdict_log_odds=at.hard_slope if has_log_odds else None,
        p_limit=p_limit,
        opinion_sd=at.opinion_sd,
        length_bias=at.length_bias,
        list_bias=at.list_bias,
        position_bias=at.position_bias,
        tie_weight=at.tie_weight,
        lapse_rate=at.lapse_rate,
        seed=seed,
    )


def _parameter(name: str, interval: Interval) -> Parameter:
    low_missing = interval.is_low_limited and name not in _FROM_ZERO
    low, high = None if low_missing else interval.low, None if interval.is_high_limited else interval.high
    value = interval.value
    limit = LIMITS.get(FIELD_OF.get(name, name), (0.0, math.inf))
    at_limit = value >= 0.999 * limit[1] or (low_missing and value <= 1.001 * limit[0])
    if name == "temperature":  # the likelihood has its inverse
        value, low, high = 1 / value, None if high is None else 1 / high, None if low is None else 1 / low
    reason = ""
    if at_limit:
        reason = "the likelihood grows up to the end of the search: read the value as a bound"
    elif low is None or high is None:
        reason = "the likelihood stays high up to the end of the search, so the interval is open there"
    return Parameter(name=name, value=value, low=low, high=high, reason=reason)
