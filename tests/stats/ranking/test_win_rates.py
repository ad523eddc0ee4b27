import numpy as np
import pytest

from farm.stats.ranking.win_rates import paired_difference, win_rate, win_rate_difference

NAN = float("nan")


def test_one_seed_by_hand() -> None:
    result = win_rate(np.array([1, 1, 0.5, 0, NAN]))
    # (1 + 1 + 1/2 + 0) / 4; squared deviations .140625 * 2 + .015625 + .390625 = .6875; sqrt(.6875 / 3 / 4)
    assert result.win_rate == 0.625
    assert result.standard_error == pytest.approx(0.2393568)
    assert (result.n_wins, result.n_ties, result.n_losses, result.n_total, result.n_unparsed) == (2, 1, 1, 4, 1)


def test_two_seeds_by_hand() -> None:
    # Seeds win 1/2 and 1: rate 3/4. Each cell moves the mean by (x - 3/4) / 4: rows (1/16, -3/16) and (1/16, 1/16).
    # Instructions sum to +-1/8: V = 2 (1/64 + 1/64) = 1/16. Seeds sum to -+1/8: V = 1/16. Cells: 4/3 * 12/256 = 1/16.
    # 1/16 + 1/16 - 1/16 = 1/16, whose root is 1/4.
    result = win_rate(np.array([[1.0, 0.0], [1.0, 1.0]]))
    assert result.win_rate == 0.75
    assert result.standard_error == pytest.approx(0.25)
    assert result.n_seeds == 2


def test_nothing_parsed_is_no_rate() -> None:
    result = win_rate(np.array([NAN, NAN]))
    assert result.win_rate is None and result.standard_error is None
    assert result.n_unparsed == 2


def test_one_verdict_has_no_standard_error() -> None:
    assert win_rate(np.array([1.0])).standard_error is None


def test_scores_outside_the_unit_interval_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\].*got 2"):
        win_rate(np.array([1.0, 2.0]))


def test_swapping_the_sides_mirrors_the_rate() -> None:
    scores = np.array([[1.0, 0.5, NAN, 0.0], [0.0, 1.0, 1.0, 0.5]])
    one, other = win_rate(scores), win_rate(1 - scores)
    assert one.win_rate is not None and other.win_rate == pytest.approx(1 - one.win_rate)
    assert other.standard_error == pytest.approx(one.standard_error)
    assert (other.n_wins, other.n_losses) == (one.n_losses, one.n_wins)


def test_paired_difference_by_hand() -> None:
    result = paired_difference(np.array([1, 1, 0, 1, 1]), np.array([0, 1, 0, 0.5, NAN]))
    # Differences 1, 0, 0, 1/2: mean 3/8; squared deviations .390625 + 2 * .140625 + .015625 = .6875
    assert result.difference == 0.375
    assert result.standard_error == pytest.approx(0.2393568)
    assert (result.n_total, result.n_unparsed) == (4, 1)
    assert not result.is_beyond_noise  # 0.375 / 0.239 = 1.57


def test_difference_of_rates_is_the_paired_one_if_all_is_parsed() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 3, (2, 3, 40)) / 2
    one, other = paired_difference(first, second), win_rate_difference(first, second)
    assert one.difference == pytest.approx(other.difference)
    assert one.standard_error == pytest.approx(other.standard_error)


def test_difference_of_rates_on_different_items_adds_the_variances() -> None:
    rng = np.random.default_rng(0)
    first, second = np.full(800, NAN), np.full(800, NAN)
    first[:400], second[400:] = rng.integers(0, 2, 400), rng.integers(0, 2, 400)
    errors = [win_rate(s).standard_error or NAN for s in (first, second)]
    both = win_rate_difference(first, second).standard_error
    assert both == pytest.approx(np.hypot(*errors), rel=0.01)


def test_a_certain_difference_is_beyond_noise() -> None:
    result = paired_difference(np.ones(5), np.zeros(5))
    assert result.standard_error == 0 and result.is_beyond_noise
    assert not paired_difference(np.ones(5), np.ones(5)).is_beyond_noise


def test_standard_error_finds_the_noise_of_instructions_and_seeds() -> None:
    rng = np.random.default_rng(1)
    means, variances = [], []
    for _ in range(600):
        instruction, seed = rng.normal(0, 0.08, (1, 60)), rng.normal(0, 0.05, (4, 1))
        table = np.clip(0.5 + instruction + seed + rng.normal(0, 0.1, (4, 60)), 0, 1)
        result = win_rate(table)
        means.append(result.win_rate)
        variances.append((result.standard_error or NAN) ** 2)
    # Truth: .08^2 / 60 + .05^2 / 4 + .1^2 / 240 = 7.73e-4; the simulation of 600 has about 6% error.
    assert np.var(means) == pytest.approx(7.73e-4, rel=0.2)
    assert np.mean(variances) == pytest.approx(7.73e-4, rel=0.1)
