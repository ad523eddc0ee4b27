"""Fitting a simulated crowd to a real one, and saying how good the fit is on labels that it has not seen."""

from dataclasses import dataclass

from farm.annotators.noise_crowd import CrowdNoise
from farm.compare.calibration_checks import Figure, figures
from farm.compare.calibration_data import CalibrationData
from farm.compare.calibration_fit import Parameter, WorkerReliability, crowd_noise, parameters, reliabilities
from farm.errors import UserError
from farm.progress import Bar
from farm.stats.noise_fit import fit_crowd
from farm.stats.noise_identified import identified
from farm.stats.noise_intervals import intervals
from farm.stats.noise_scores import HeldOutScores, fold_of_items, score_folds

_FIT_STEPS, _INTERVAL_STEPS = 20, 80


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How a crowd is fitted and checked."""

    lapses: bool
    """Whether a lapse rate is fitted too."""
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
    known = identified(labels, with_lapses=settings.lapses)
    bar.note("fitting all labels")
    found = fit_crowd(labels, known.free)
    bar.advance(_FIT_STEPS)
    fold = fold_of_items(data.item_ids, settings.n_folds, settings.seed)
    fits = []
    for k in range(settings.n_folds):
        bar.note(f"fitting without fold {k + 1} of {settings.n_folds}")
        fits.append(fit_crowd(labels.of_items(fold != k), known.free))
        bar.advance(_FIT_STEPS)
    bar.note("intervals")
    ends = intervals(labels, known.free, found)
    bar.advance(_INTERVAL_STEPS)
    bar.note("simulating held-out labels")
    n_workers = settings.n_workers or len(data.workers)

    def stage(fit_index: int | None) -> CrowdNoise:
        fit = found.fit if fit_index is None else fits[fit_index].fit
        return crowd_noise(fit, known, n_workers=n_workers, p_limit=settings.p_limit, seed=settings.seed)

    return Calibration(
        judge=data.judge,
        n_items=labels.n_items,
        n_labels=labels.n_labels,
        annotators=reliabilities(data, found.fit, known),
        parameters=parameters(known, ends),
        log_likelihood=found.fit.marginal,
        stage=stage(None),
        n_folds=settings.n_folds,
        held_out=score_folds(labels, fits, fold, seed=settings.seed, n_resamples=settings.n_resamples),
        figures=figures(
            data,
            [stage(k) for k in range(settings.n_folds)],
            fold,
            n_simulations=settings.n_simulations,
            n_resamples=settings.n_resamples,
            seed=settings.seed,
            advance=bar.advance,
        ),
        notes=data.notes,
    )


def n_steps(settings: FitSettings) -> int:
    """What `calibrate_crowd` counts: simulated data sets, and fits as many of them as take about as long."""
    return _FIT_STEPS * (1 + settings.n_folds) + _INTERVAL_STEPS + settings.n_simulations
