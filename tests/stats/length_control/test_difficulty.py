import numpy as np
import pytest
import statsmodels.api as sm

from farm.errors import UnfitError
from farm.stats.length_control import difficulty as module
from farm.stats.length_control.difficulty import difficulty_among, fit_difficulty
from farm.stats.length_control.length import length_controlled_rates, length_feature

NAN = float("nan")


def world(n_models: int, n_items: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, length features, difficulties."""
    rng = np.random.default_rng(seed)
    difficulty = rng.normal(0, 1.5, n_items)
    difficulty -= difficulty.mean()
    features = np.tanh(rng.normal(0.3, 1, (n_models, n_items)) + 0.3 * difficulty)
    linear = rng.normal(-1, 1, (n_models, 1)) + 1.5 * features + difficulty
    return (rng.random(linear.shape) < 1 / (1 + np.exp(-linear))).astype(np.float64), features, difficulty


def test_difficulties_are_found_again() -> None:
    scores, features, true = world(40)
    found = fit_difficulty(scores, features)
    assert np.corrcoef(found, true)[0, 1] > 0.9
    assert found.mean() == pytest.approx(0, abs=1e-9)
    # Shrunk towards 0 by no more than the noise of 40 verdicts asks for.
    assert 0.75 < np.polyfit(true, found, 1)[0] < 1


def test_the_maximum_is_that_of_one_big_regression() -> None:
    # One design matrix of everything, with derivatives by statsmodels: the slope of the likelihood is what
    # the prior takes back.
    scores, features, _ = world(4, 30)
    found = fit_difficulty(scores, features)
    models, items = np.repeat(np.arange(4), 30), np.tile(np.arange(30), 4)
    offset = found[items]
    design = np.zeros((120, 8))
    design[np.arange(120), models], design[np.arange(120), 4 + models] = 1, features.ravel()
    big = np.concatenate([design, np.eye(30)[items]], axis=1)
    model = sm.Logit(scores.ravel(), big)
    # The models' coefficients at this difficulty, with their prior as rows of a ridge: a few Newton steps.
    theta = np.zeros(8)
    precision = np.r_[np.full(4, module.INTERCEPT_SD**-2.0), np.full(4, module.PRIOR_SD**-2.0)]
    for _ in range(50):
        p = 1 / (1 + np.exp(-(design @ theta + offset)))
        hessian = (design * (p * (1 - p))[:, None]).T @ design + np.diag(precision)
        theta += np.linalg.solve(hessian, design.T @ (scores.ravel() - p) - precision * theta)
    slope = model.score(np.r_[theta, found])
    assert slope[:8] == pytest.approx(precision * theta, abs=1e-4)
    assert slope[8:] == pytest.approx(found / module.DIFFICULTY_SD**2, abs=1e-4)


def test_missing_verdicts_are_left_out() -> None:
    scores, features, _ = world(10)
    scores[0, :50], scores[:, 7], features[3, 60:70] = NAN, NAN, NAN
    found = fit_difficulty(scores, features)
    assert np.isfinite(found).all() and found[7] == 0


def test_too_few_models_are_refused() -> None:
    scores, features, _ = world(2)
    with pytest.raises(UnfitError, match="2 models, at least 3 are needed"):
        fit_difficulty(scores, features)


def test_models_that_win_or_lose_everything_end() -> None:
    scores, features, _ = world(5)
    scores[0], scores[1] = 0.0, 1.0
    assert np.isfinite(fit_difficulty(scores, features)).all()


def test_a_fitted_difficulty_brings_figures_nearer_to_the_truth() -> None:
    # Longer outputs where instructions are easy: the error without the term is several times that with it.
    rng = np.random.default_rng(7)
    difficulty = rng.normal(0, 1.5, 805)
    gaps = rng.normal(0, 300, (12, 805)) + 250 * difficulty - 200
    features = np.tanh(gaps / gaps.std(axis=1, ddof=1, keepdims=True))
    intercepts = rng.normal(-0.5, 0.7, (12, 1))
    p = 1 / (1 + np.exp(-(intercepts + 1.2 * features + difficulty)))
    scores = (rng.random(p.shape) < p).astype(np.float64)
    true = (1 / (1 + np.exp(-(intercepts + difficulty)))).mean(axis=1)

    def error(of_instructions: np.ndarray | None) -> float:
        rates = length_controlled_rates(list(scores), list(gaps), difficulty=of_instructions, resampling=None)
        return float(np.abs([rate.estimate.value - t for rate, t in zip(rates, true, strict=True)]).mean())

    assert error(fit_difficulty(scores, features)) < 0.6 * error(None)


def test_a_table_has_difficulties_from_three_models_on() -> None:
    rng = np.random.default_rng(8)
    scores = [(rng.random(200) < 0.4).astype(np.float64) for _ in range(3)]
    gaps = [rng.normal(0, 300, 200).round() for _ in range(3)]
    found = difficulty_among(scores, gaps)
    features = [length_feature(s, g).features[0, :, 0] for s, g in zip(scores, gaps, strict=True)]
    assert found == pytest.approx(fit_difficulty(np.stack(scores), np.stack(features)))
    assert difficulty_among(scores[:2], gaps[:2]) is None
    # Two seeds of one model are one model; one whose outputs have one length says nothing.
    assert difficulty_among([np.stack(scores[:2]), scores[2]], [np.stack(gaps[:2]), gaps[2]]) is None
    assert difficulty_among(scores, [gaps[0], gaps[1], np.full(200, 7.0)]) is None
    assert difficulty_among([], []) is None
