import numpy as np
import pytest
import statsmodels.api as sm

from farm.stats.length_control.logistic import fit_logistic, refit_logistic

NONE = np.zeros(3)


def made(n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = np.concatenate([rng.normal(size=(n, 2)), np.ones((n, 1))], axis=1)
    p = 1 / (1 + np.exp(-features @ [1.5, -0.7, -2.0]))
    # Graded verdicts: most near 0 or 1, some between.
    return features, np.clip(np.where(rng.random(n) < 0.3, p, rng.random(n) < p), 0, 1)


def test_soft_labels_are_fitted_as_by_statsmodels() -> None:
    features, scores = made()
    theirs = sm.GLM(scores, features, family=sm.families.Binomial()).fit(tol=1e-12)
    assert fit_logistic(features, scores, NONE) == pytest.approx(theirs.params, abs=1e-8)


def test_resamples_are_weighted_fits_as_by_statsmodels() -> None:
    features, scores = made()
    weights = np.random.default_rng(1).multinomial(300, np.full(300, 1 / 300), size=5).astype(np.float64)
    start = fit_logistic(features, scores, NONE)
    for found, drawn in zip(refit_logistic(features, scores, weights, NONE, start), weights, strict=True):
        theirs = sm.GLM(scores, features, family=sm.families.Binomial(), freq_weights=drawn).fit(tol=1e-12)
        assert found == pytest.approx(theirs.params, abs=1e-5)


def test_the_prior_is_one_observation_of_each_coefficient() -> None:
    # At the maximum the slope of the likelihood is the prior's: sum_i (y_i - p_i) x_i = precision * theta.
    features, scores = made()
    precision = np.array([4.0, 0.5, 0.0])
    theta = fit_logistic(features, scores, precision)
    slope = (scores - 1 / (1 + np.exp(-features @ theta))) @ features
    assert slope == pytest.approx(precision * theta, abs=1e-7)
    assert abs(theta[0]) < abs(fit_logistic(features, scores, NONE)[0])


def test_a_separation_is_held_by_the_prior() -> None:
    # Every longer output wins: without a prior the coefficient would grow for ever.
    x = np.linspace(-1, 1, 40)
    features = np.stack([x, np.ones(40)], axis=1)
    theta = fit_logistic(features, (x > 0).astype(np.float64), np.array([1 / 1.5**2, 1e-4]))
    assert 2 < theta[0] < 8 and abs(theta[1]) < 1e-6


def test_a_resample_without_a_win_ends() -> None:
    features, scores = np.ones((50, 1)), np.r_[1.0, np.zeros(49)]
    weights = np.stack([np.r_[0.0, 50.0, np.zeros(48)], np.ones(50)])
    found = refit_logistic(features, scores, weights, np.array([1e-6]), fit_logistic(features, scores, np.zeros(1)))
    assert found[0, 0] < -8
    assert found[1, 0] == pytest.approx(np.log(1 / 49), abs=1e-5)


def test_a_start_far_away_does_not_diverge() -> None:
    features, scores = made()
    start = np.array([-6.0, 6.0, 9.0])
    found = refit_logistic(features, scores, np.ones((1, 300)), np.full(3, 1e-4), start)
    assert found[0] == pytest.approx(fit_logistic(features, scores, np.full(3, 1e-4)), abs=1e-5)
