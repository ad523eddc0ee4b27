"""Fitting the noise model of a crowd to human labels by maximum likelihood.

The workers' log reliabilities rho_w ~ Normal(0, spread^2) are latent and crossed with the items, so their integral is
taken by Laplace's method: with l(theta, rho) the log-likelihood of `farm.stats.noise.likelihood` and I_w the
information on rho_w,

    F(spread) = max over theta, rho of [l - sum rho_w^2 / (2 spread^2)]  -  (1 - 1/W) sum log(1 + spread^2 I_w) / 2,

which is maximised over a grid of spreads and between them (Breslow and Clayton 1993). Everything else is fitted at that
spread. The rho_w sum to zero, which fixes their common factor: the scale of the verdict and of the opinion has it (and
leaves W - 1 of them free).

A parameter that the data say nothing about is left out, with the reason, and not estimated.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import minimize

from farm.stats.bootstrap import FloatArray
from farm.stats.noise.labels import CrowdLabels
from farm.stats.noise.likelihood import Coefficients, evaluate

SPREADS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.65, 0.9, 1.2, 1.6, 2.2)
"""Spreads of reliability that are tried; the last is the largest that can come out."""

LIMITS: Mapping[str, tuple[float, float]] = {
    "soft_slope": (1e-3, 20.0),
    "hard_slope": (-50.0, 50.0),
    "length_bias": (-50.0, 50.0),
    "list_bias": (-50.0, 50.0),
    "position_bias": (-50.0, 50.0),
    "opinion_sd": (0.0, 20.0),
    "tie_weight": (1e-4, 1e4),
    "lapse_rate": (0.0, 0.9),
}
"""Where each parameter is looked for."""

_STARTS: Mapping[str, float] = {
    "soft_slope": 1.0,
    "hard_slope": 1.0,
    "opinion_sd": 1.0,
    "tie_weight": 1.0,
    "lapse_rate": 0.02,
}
_RHO_LIMIT = 5.0
_GIVE_UP = 2.5
"""Spreads are tried up to one that fits this much worse than the best, which is outside the 95% interval (1.92)."""


class Fit(NamedTuple):
    """The maximum at one spread."""

    coefficients: Coefficients
    rho: FloatArray
    """(W,) most probable log reliabilities."""
    spread: float
    penalised: float
    """l - sum rho^2 / (2 spread^2)"""
    marginal: float
    """F(spread)"""
    worker_information: FloatArray
    """(W,) I_w"""


@dataclass(frozen=True, kw_only=True)
class SpreadCurve:
    """How well each spread of reliability fits."""

    spreads: tuple[float, ...]
    log_likelihoods: tuple[float, ...]
    """F; the best first guess at an interval is where F is at most 1.92 below its maximum."""


class CrowdFit(NamedTuple):
    """The maximum over everything."""

    fit: Fit
    curve: SpreadCurve | None
    """None if the spread was not fitted."""


def fit_crowd(labels: CrowdLabels, free: frozenset[str]) -> CrowdFit:
    """Fit the parameters that `free` names (fields of `Coefficients`, and "reliability_spread"); the rest is 0.

    Args:
        labels: N labels, of at least two kinds.
        free: from `farm.stats.noise.identified.identified`.
    """
    start = fit_at(labels, free, spread=0.0)
    if "reliability_spread" not in free:
        return CrowdFit(start, None)
    fits = [start]
    for spread in SPREADS[1:]:
        fits.append(fit_at(labels, free, spread=spread, start=fits[-1]))
        if fits[-1].marginal < max(fit.marginal for fit in fits) - _GIVE_UP:
            break
    curve = SpreadCurve(spreads=tuple(fit.spread for fit in fits), log_likelihoods=tuple(fit.marginal for fit in fits))
    fine = fine_curve(curve)
    best = fine.spreads[int(np.argmax(fine.log_likelihoods))]
    nearest = min(fits, key=lambda fit: abs(fit.spread - best))
    return CrowdFit(nearest if nearest.spread == best else fit_at(labels, free, spread=best, start=nearest), curve)


def fine_curve(curve: SpreadCurve) -> SpreadCurve:
    """The curve at steps of 0.005, interpolated."""
    spreads = np.linspace(0.0, curve.spreads[-1], round(curve.spreads[-1] / 0.005) + 1)
    values = PchipInterpolator(curve.spreads, curve.log_likelihoods)(spreads)
    return SpreadCurve(spreads=tuple(map(float, spreads)), log_likelihoods=tuple(map(float, values)))


def fit_at(
    labels: CrowdLabels,
    free: frozenset[str],
    *,
    spread: float,
    start: Fit | None = None,
    fixed: Mapping[str, float] | None = None,
) -> Fit:
    """The maximum at a given spread.

    Args:
        labels: N labels.
        free: parameters that are fitted.
        spread: standard deviation of rho; 0 for workers that are all alike.
        start: a fit nearby, to start from.
        fixed: parameters held at a value (a profile likelihood).
    """
    fixed = fixed or {}
    all_names = [field.name for field in dataclasses.fields(Coefficients)]
    problem = _Search(
        labels=labels,
        names=tuple(name for name in all_names if name in free and name not in fixed),
        held={**dict.fromkeys(all_names, 0.0), **fixed},
        spread=spread,
    )
    point = problem.guess(start)
    if len(point):
        point = minimize(
            problem.loss,
            point,
            jac=True,
            method="L-BFGS-B",
            bounds=problem.bounds(),
            options={"maxiter": 500, "ftol": 1e-10, "gtol": 1e-6},
        ).x
    coefficients, rho = problem.unpack(point)
    penalised = -problem.loss(point)[0] * labels.n_labels
    information = evaluate(labels, coefficients, rho).worker_information
    n_free = 1 - 1 / labels.n_workers
    marginal = penalised - 0.5 * n_free * float(np.log1p(spread**2 * information).sum())
    return Fit(coefficients, rho, spread, penalised, marginal, information)


class _Unpacked(NamedTuple):
    coefficients: Coefficients
    rho: FloatArray


@dataclass(kw_only=True)
class _Search:
    """One maximisation; a point holds the fitted coefficients (the tie weight's logarithm), then rho if spread > 0."""

    labels: CrowdLabels
    names: tuple[str, ...]
    held: Mapping[str, float]
    spread: float

    def guess(self, start: Fit | None) -> FloatArray:
        known = vars(start.coefficients) if start else {}
        values = [known.get(name) or _STARTS.get(name, 0.0) for name in self.names]
        clipped = [_inner(name, float(np.clip(v, *LIMITS[name]))) for name, v in zip(self.names, values, strict=True)]
        rho = start.rho if start else np.zeros(self.labels.n_workers)
        return np.concatenate([clipped, rho if self.spread > 0 else np.empty(0)])

    def bounds(self) -> list[tuple[float, float]]:
        limits = [(_inner(name, LIMITS[name][0]), _inner(name, LIMITS[name][1])) for name in self.names]
        return limits + [(-_RHO_LIMIT, _RHO_LIMIT)] * (self.labels.n_workers if self.spread > 0 else 0)

    def unpack(self, point: FloatArray) -> _Unpacked:
        values = {name: _outer(name, float(point[k])) for k, name in enumerate(self.names)}
        rho = point[len(self.names) :] if self.spread > 0 else np.zeros(self.labels.n_workers)
        return _Unpacked(Coefficients(**{**self.held, **values}), rho - rho.mean())

    def loss(self, point: FloatArray) -> tuple[float, FloatArray]:
        """Minus the penalised log-likelihood per label, and its gradient."""
        coefficients, rho = self.unpack(point)
        likelihood = evaluate(self.labels, coefficients, rho)
        by_name = np.array([likelihood.by_coefficient[name] for name in self.names])
        penalty, by_rho = 0.0, np.empty(0)
        if self.spread > 0:
            penalty = float(rho @ rho) / (2 * self.spread**2)
            by_rho = likelihood.by_worker - rho / self.spread**2
            by_rho = by_rho - by_rho.mean()  # rho is what is left of the point after its mean is taken off
        return (penalty - likelihood.value) / self.labels.n_labels, -np.append(by_name, by_rho) / self.labels.n_labels


def _inner(name: str, value: float) -> float:
    return math.log(value) if name == "tie_weight" else value


def _outer(name: str, value: float) -> float:
    return math.exp(value) if name == "tie_weight" else value
