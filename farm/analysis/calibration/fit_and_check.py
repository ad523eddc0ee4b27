"""Fitting a simulated crowd to a real one, and saying how good the fit is on labels that it has not seen."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from farm.analysis.calibration.checks import Figure, figures
from farm.analysis.calibration.data import CalibrationData
from farm.analysis.calibration.parameters import Parameter, WorkerReliability, crowd_noise, parameters, reliabilities
from farm.annotators.noise.crowd import CrowdNoise
from farm.errors import UserError
from farm.progress import Bar
from farm.stats.bootstrap import Resampling
from farm.stats.noise.fit import CrowdFit, fit_crowd
from farm.stats.noise.identified import Identified, identified
from farm.stats.noise.intervals import intervals
from farm.stats.noise.labels import CrowdLabels, IntArray
from farm.stats.noise.scores import HeldOutScores, fold_of_items, predicted_labels, score_folds

_FIT_STEPS, _INTERVAL_STEPS = 20, 80


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How a crowd is fitted and checked."""

    lapses: bool | None
    """Whether a lapse rate is fitted too; None: where it raises the held-out score by more than a standard error."""
    p_limit: float
    """p_first is cut to [1 - p_limit, p_limit]."""
    n_workers: int | None
    """Workers of the simulated crowd; None for as many as there are human annotators."""
    n_folds: int
    """Folds of the cross-validation over items."""
    n_simulations: int
    """Simulated data sets that the real figures are compared with."""
    n_resamples: int
    """Of each bootstrap."""
    seed: int
    """Keys folds, bootstraps and simulations, and is the crowd's own seed."""

    @property
    def resampling(self) -> Resampling:
        return Resampling(seed=self.seed, n_resamples=self.n_resamples)

    def __post_init__(self) -> None:
        for name, least in (("n_folds", 2), ("n_simulations", 1), ("n_resamples", 1)):
            if vars(self)[name] < least:
                raise ValueError(f"{name}: expected at least {least}, got {vars(self)[name]}")
        if self.n_workers is not None and self.n_workers < 1:
            raise ValueError(f"n_workers: expected at least 1, or null; got {self.n_workers}")
        if not 0.5 < self.p_limit < 1.0:
            raise ValueError(f"p_limit: expected a probability between 0.5 and 1, both excluded; got {self.p_limit:g}")


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What came of it."""

    judge: str
    n_items: int
    n_labels: int
    annotators: tuple[WorkerReliability, ...]
    parameters: tuple[Parameter, ...]
    log_likelihood: float
    """Of all labels at the fit, in nats (the marginal one where a spread of reliability is fitted)."""
    stage: CrowdNoise
    """The noise that draws from the fitted model."""
    n_folds: int
    held_out: HeldOutScores
    figures: tuple[Figure, ...]
    notes: tuple[str, ...]
    """What was left out, in sentences with counts."""


def calibrate_crowd(data: CalibrationData, settings: FitSettings, *, bar: Bar) -> Calibration:
    """Fit, cross-validate, simulate.

    Args:
        data: human labels and a judge's clean verdicts.
        settings: how.
        bar: counts `n_steps` steps.

    Raises:
        UserError: fewer items than folds.
    """
    labels = data.labels
    if labels.n_items < settings.n_folds:
        raise UserError(
            f"{labels.n_items} items have human labels and a verdict of {data.judge}; that is too few for "
            f"{settings.n_folds} folds (n_folds)"
        )
    fold = fold_of_items(data.item_ids, settings.n_folds, settings.seed)
    chosen = _chosen(labels, fold, settings, bar)
    known, crowd_fit, fits = chosen.known, chosen.crowd_fit, chosen.fits
    bar.note("intervals")
    ends = intervals(labels, known.free, crowd_fit)
    bar.advance(_INTERVAL_STEPS)
    bar.note("simulating held-out labels")
    n_workers = settings.n_workers or len(data.workers)

    def stage(fit_index: int | None) -> CrowdNoise:
        fit = crowd_fit.fit if fit_index is None else fits[fit_index].fit
        return crowd_noise(fit, known, n_workers=n_workers, p_limit=settings.p_limit, seed=settings.seed)

    return Calibration(
        judge=data.judge,
        n_items=labels.n_items,
        n_labels=labels.n_labels,
        annotators=reliabilities(data, crowd_fit.fit, known),
        parameters=parameters(known, ends),
        log_likelihood=crowd_fit.fit.marginal,
        stage=stage(None),
        n_folds=settings.n_folds,
        held_out=score_folds(labels, fits, fold, resampling=settings.resampling),
        figures=figures(
            data,
            [stage(k) for k in range(settings.n_folds)],
            fold,
            n_simulations=settings.n_simulations,
            resampling=settings.resampling,
            advance=bar.advance,
        ),
        notes=(*data.notes, *chosen.notes),
    )


class _Variant(NamedTuple):
    """The model with or without lapses, fitted to everything and without each fold."""

    known: Identified
    crowd_fit: CrowdFit
    fits: list[CrowdFit]
    notes: tuple[str, ...] = ()


def _chosen(labels: CrowdLabels, fold: IntArray, settings: FitSettings, bar: Bar) -> _Variant:
    """The variant that the settings ask for, or else the one that held-out labels ask for.

    The simpler one stays unless the other is ahead by more than its standard error. The same folds then score the one
    that was chosen, which flatters it a little; the rule is there to keep that small.
    """
    if settings.lapses is not None:
        return _fitted(labels, fold, bar, with_lapses=settings.lapses)
    plain, lapsing = (_fitted(labels, fold, bar, with_lapses=flag) for flag in (False, True))
    gained = predicted_labels(labels, lapsing.fits, fold) - predicted_labels(labels, plain.fits, fold)
    of_items = np.bincount(labels.item, gained)
    gain = float(gained.mean())
    error = float(of_items.std(ddof=1)) * math.sqrt(labels.n_items) / labels.n_labels
    evidence = f"{gain:+.4f} nats per held-out label, standard error {error:.4f}"
    if gain > error:
        note = (
            f"a lapse rate is fitted, since it pays: {evidence} (chosen by the same folds; lapses=false leaves it out)"
        )
        return lapsing._replace(notes=(note,))
    reason = f"it does not pay: {evidence} (lapses=true fits it all the same)"
    return plain._replace(known=plain.known._replace(reasons={**plain.known.reasons, "lapse_rate": reason}))


def _fitted(labels: CrowdLabels, fold: IntArray, bar: Bar, *, with_lapses: bool) -> _Variant:
    known = identified(labels, with_lapses=with_lapses)
    what = " with lapses" if with_lapses else ""
    bar.note(f"fitting all labels{what}")
    crowd_fit = fit_crowd(labels, known.free)
    bar.advance(_FIT_STEPS)
    fits = []
    for k in range(int(fold.max()) + 1):
        bar.note(f"fitting{what} without fold {k + 1}")
        train = labels.of_items(fold != k)
        fits.append(fit_crowd(train, identified(train, with_lapses=with_lapses).free))
        bar.advance(_FIT_STEPS)
    return _Variant(known, crowd_fit, fits)


def n_steps(settings: FitSettings) -> int:
    """What `calibrate_crowd` counts: simulated data sets, and fits as many of them as take about as long."""
    n_variants = 2 if settings.lapses is None else 1
    return n_variants * _FIT_STEPS * (1 + settings.n_folds) + _INTERVAL_STEPS + settings.n_simulations
