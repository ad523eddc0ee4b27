import dataclasses
import math

import pytest
from scipy.stats import norm

from farm.stats.planning.model import (
    Design,
    DesignKind,
    LabelSource,
    Question,
    closed_form_confidence,
    closed_form_items,
    gap_moments,
    highest_confidence,
)
from farm.stats.planning.simulation import simulated_confidence, simulated_gaps

PERFECT = LabelSource(
    flip_prob=0.0,
    shared_flip_prob=0.0,
    tie_prob=0.0,
    annotator_sd=0.0,
    bias_sd=0.0,
    n_annotators=(1,),
    usd_per_1000_labels=300.0,
    hours_per_1000_labels=10.0,
)
NOISY = dataclasses.replace(
    PERFECT, flip_prob=0.2, shared_flip_prob=0.1, tie_prob=0.15, annotator_sd=0.03, bias_sd=0.02, n_annotators=(4,)
)
QUESTION = Question(
    difference=0.1,
    win_rate=0.5,
    design="unpaired",
    criterion="order",
    item_correlation=0.0,
    seed_sd=0.0,
)


def design(n_items: int, *, n_seeds: int = 1, n_annotators: int = 1, labels: int = 1) -> Design:
    return Design(n_seeds=n_seeds, n_annotators=n_annotators, n_items=n_items, labels_per_comparison=labels)


def test_without_noise_it_is_the_two_proportion_approximation() -> None:
    # .55 against .45 on 200 instructions each: variance 2 * .55 * .45 / 200 = .002475, sd .049749, z 2.0101;
    # a table of the normal distribution has Phi(2.01) = .97778.
    assert closed_form_confidence(QUESTION, PERFECT, design(200)) == pytest.approx(0.97778, abs=2e-5)


def test_one_win_rate_on_alpacafarms_evaluation_set_has_its_published_error() -> None:
    # AlpacaFarm's table 2 prints 1.7 to 1.8 points for 805 instructions and win rates near one half; two of them
    # differ by a standard error of sqrt(2) times 1.76.
    error = gap_moments(QUESTION, PERFECT, design(805)).standard_error
    assert 1.7 < 100 * error / math.sqrt(2) < 1.8


def test_full_correlation_leaves_only_discordant_items() -> None:
    # McNemar's variance (p10 + p01 - (p10 - p01)^2) / n with p10 = .1, p01 = 0 and n = 100: .0009.
    paired = dataclasses.replace(QUESTION, design="paired", item_correlation=1.0)
    assert gap_moments(paired, PERFECT, design(100)).standard_error == pytest.approx(0.03)


def test_a_quarter_of_flips_halves_the_difference_and_keeps_a_labels_variance() -> None:
    # Labels are still coins of nearly one half: .525 against .475.
    flipped = dataclasses.replace(PERFECT, flip_prob=0.25)
    moments = gap_moments(QUESTION, flipped, design(100))
    assert moments.mean == pytest.approx(0.05)
    assert moments.items == pytest.approx(2 * 0.525 * 0.475 / 100)


def test_many_labels_a_comparison_leave_the_truth_behind_own_mistakes_but_not_behind_shared_ones() -> None:
    own = gap_moments(QUESTION, dataclasses.replace(PERFECT, flip_prob=0.25), design(100, labels=10**6, n_annotators=9))
    # The rate scales by (1 - 2 * .25): its standard deviation too.
    assert own.items == pytest.approx(0.5**2 * 2 * 0.55 * 0.45 / 100, rel=1e-4)
    shared = gap_moments(QUESTION, dataclasses.replace(PERFECT, shared_flip_prob=0.25), design(100, labels=10**6))
    assert shared.items == pytest.approx(2 * 0.525 * 0.475 / 100, rel=1e-4)


def test_seeds_bound_the_confidence() -> None:
    # 2 points, seed sd 2 points, one seed: z = .02 / (.02 * sqrt(2)) = .7071; Phi = .7602. With four seeds Phi(1.4142).
    question = dataclasses.replace(QUESTION, difference=0.02, seed_sd=0.02)
    assert highest_confidence(question, PERFECT, design(1)) == pytest.approx(0.7602, abs=1e-4)
    assert highest_confidence(question, PERFECT, design(1, n_seeds=4)) == pytest.approx(0.9214, abs=1e-4)
    assert closed_form_items(question, PERFECT, design(1), 0.8) is None


def test_head_to_head_wins_by_bradley_terry() -> None:
    # Odds .55/.45 over .45/.55 = 1.49383; 1.49383 / 2.49383 = .59901.
    assert dataclasses.replace(QUESTION, design="head_to_head").head_to_head_rate == pytest.approx(0.59901, abs=1e-5)


@pytest.mark.parametrize("criterion", ["order", "beyond_noise"])
@pytest.mark.parametrize("kind", ["paired", "unpaired", "head_to_head"])
def test_the_items_asked_for_give_the_confidence(kind: DesignKind, criterion: str) -> None:
    question = dataclasses.replace(QUESTION, design=kind, criterion=criterion, item_correlation=0.3, seed_sd=0.01)
    base = design(1, n_seeds=3, n_annotators=4, labels=2)
    n_items = closed_form_items(question, NOISY, base, 0.85)
    assert n_items is not None
    below, above = (
        closed_form_confidence(question, NOISY, dataclasses.replace(base, n_items=n))
        for n in (math.floor(n_items), math.ceil(n_items))
    )
    assert below <= 0.85 + 1e-9 and above >= 0.85 - 1e-9


@pytest.mark.parametrize("kind", ["paired", "unpaired", "head_to_head"])
@pytest.mark.parametrize(("n_seeds", "labels"), [(1, 1), (3, 2)])
def test_simulation_has_the_closed_forms_mean_and_spread(kind: DesignKind, n_seeds: int, labels: int) -> None:
    question = dataclasses.replace(QUESTION, design=kind, win_rate=0.45, item_correlation=0.3, seed_sd=0.013)
    measured = design(150, n_seeds=n_seeds, n_annotators=4, labels=labels)
    gaps = simulated_gaps(question, NOISY, measured, [150], n_simulations=3000, seed=1)[:, 0]
    moments = gap_moments(question, NOISY, measured)
    assert gaps.mean() == pytest.approx(moments.mean, abs=4 * moments.standard_deviation / math.sqrt(3000))
    # A standard deviation from 3000 normal values errs by 1.3%.
    assert gaps.std() == pytest.approx(moments.standard_deviation, rel=0.05)


def test_simulated_power_is_that_of_the_z_test() -> None:
    # Power at two standard errors of .6 against .4 on 100 instructions each: 2 * .6 * .4 / 100 = .0048; Phi(.2 / .06928
    # - 2) = Phi(.8868) = .8124.
    question = dataclasses.replace(QUESTION, difference=0.2, criterion="beyond_noise")
    found = simulated_confidence(question, PERFECT, design(1), [100], n_simulations=4000, seed=0)
    assert norm.cdf(0.8868) == pytest.approx(0.8124, abs=1e-4)
    assert found.confidence[0] == pytest.approx(0.8124, abs=0.035)  # wins are whole numbers: steps of .01
    assert found.standard_error[0] == pytest.approx(math.sqrt(0.8124 * 0.1876 / 4000), rel=0.1)


def test_the_same_seed_draws_the_same() -> None:
    first, again, other = (
        simulated_gaps(QUESTION, NOISY, design(30), [10, 30], n_simulations=200, seed=seed) for seed in (0, 0, 1)
    )
    assert (first == again).all() and (first != other).any()


@pytest.mark.parametrize(
    ("setting", "value"), [("flip_prob", 0.5), ("shared_flip_prob", -0.1), ("tie_prob", 1.0), ("annotator_sd", -1.0)]
)
def test_a_source_that_says_nothing_is_refused(setting: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{setting}: expected"):
        dataclasses.replace(PERFECT, **{setting: value})
